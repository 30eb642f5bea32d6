import { expect, test } from 'vitest';
import type { Wire } from '../../api/client';
import { countByStanding, type Selection, select } from './select';

function key(name: string | null, more: Partial<Wire['Key']> = {}, used: string | null = null): Wire['Key'] {
  const secrets = [{ id: 'sec_1', hint: `ck_live_…${name?.slice(-4)}`, created_at: '2026-01-01', last_used_at: used }];
  const base = { id: `key_${name}`, standing: 'active', environment: 'live', tags: [], scopes: [], secrets };
  return {
    ...base,
    name,
    created_at: '2026-01-01',
    expires_at: null,
    external_id: null,
    ...more,
  } as unknown as Wire['Key'];
}

const all: Selection = { text: '', standing: null, environment: null, column: 'name', down: false };
const names = (keys: Wire['Key'][]) => keys.map((one) => one.name);

const keys = [
  key('Partner 10', { tags: ['eu'], standing: 'expired', expires_at: '2026-02-01' }, '2026-01-05'),
  key('Partner 9', { environment: 'test', scopes: ['validate:offers'] }, '2026-01-09'),
  key(null, { external_id: 'crm-7' }),
];

test('every word must be found, in the name, hint, tag, scope or id', () => {
  expect(names(select(keys, { ...all, text: 'partner EU' }))).toEqual(['Partner 10']);
  expect(names(select(keys, { ...all, text: 'offers' }))).toEqual(['Partner 9']);
  expect(names(select(keys, { ...all, text: 'crm-7' }))).toEqual([null]);
  expect(select(keys, { ...all, text: 'partner crm' })).toEqual([]);
});

test('an id and the last letters are found, and not by digits that chance put there', () => {
  const made = [key('Worker 77', { id: 'key_0000aaaa' }), key('Worker 8', { id: 'key_771177ff' })];
  expect(names(select(made, { ...all, text: 'worker 77' }))).toEqual(['Worker 77']);
  expect(names(select(made, { ...all, text: 'y_771177' }))).toEqual(['Worker 8']);
  expect(select(made, { ...all, text: '771177' }), 'six digits are found by chance').toEqual([]);
  expect(names(select(made, { ...all, text: 'er 8' }))).toEqual(['Worker 8']);
});

test('names go by their numbers, and what has none comes last', () => {
  expect(names(select(keys, all))).toEqual(['Partner 9', 'Partner 10', null]);
  expect(names(select(keys, { ...all, column: 'expires' }))[0]).toBe('Partner 10');
  expect(names(select(keys, { ...all, column: 'used', down: true }))[0]).toBe('Partner 9');
});

test('standing and environment hold together', () => {
  expect(names(select(keys, { ...all, standing: 'expired' }))).toEqual(['Partner 10']);
  expect(select(keys, { ...all, standing: 'expired', environment: 'test' })).toEqual([]);
  expect(Object.fromEntries(countByStanding(keys))).toEqual({ expired: 1, active: 2 });
});
