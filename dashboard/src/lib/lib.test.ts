import { expect, test } from 'vitest';
import { Refused } from '../api/problem';
import { fault, meaning, presets, toExpires } from './expiry';
import { includes } from './permissions';
import { daysUntil, per, relative, span, utc } from './time';
import { count, indefinite, size } from './words';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const personal = { days_min: 1, days_max: 365, required: true, never_means_days: 3_650 };

test('times are told as people tell them, in UTC where it matters', () => {
  expect(relative('2026-03-01T11:57:00Z', NOW)).toBe('3 minutes ago');
  expect(relative('2026-03-01T11:59:59Z', NOW)).toBe('just now');
  expect(relative('2026-03-04T12:00:00Z', NOW)).toBe('in 3 days');
  expect(utc('2026-03-01T12:00:00.123Z')).toBe('2026-03-01 12:00:00 UTC');
  expect(daysUntil('2026-03-02T11:00:00Z', NOW)).toBe(1);
  expect([span(3_600), span(90), per(3_600), per(900)]).toEqual(['1 hour', '90 seconds', 'hour', '15 minutes']);
});

test('r20 r40 a number of days is whole and within the rules', () => {
  for (const days of [0, 366, 1.5, ''] as const) {
    expect(fault({ mode: 'days', days }, personal, true)).toBe('A whole number of days, 1 to 365.');
  }
  for (const days of [1, 365]) expect(fault({ mode: 'days', days }, personal, true)).toBeNull();
  expect(presets({ ...personal, days_max: 60 })).toEqual([7, 30]);
});

test('r39 r41 a needed span must be said, and forever says what it means', () => {
  expect(fault({ mode: 'unsaid' }, personal, true)).toBe('Say how long it is good for.');
  expect(fault({ mode: 'unsaid' }, personal, false)).toBeNull();
  expect(toExpires({ mode: 'unsaid' })).toBeUndefined();
  expect(toExpires({ mode: 'days', days: 30 })).toEqual({ days: 30 });
  expect(meaning({ mode: 'never' }, personal, NOW, (iso) => iso.slice(0, 10))).toContain('forever means 3,650 days');
});

test('writing includes reading, a star everything, nothing else anything', () => {
  expect(includes(['keys.write'], 'keys.read')).toBe(true);
  expect(includes(['keys.read'], 'keys.write')).toBe(false);
  expect(includes(['*'], 'audit.read')).toBe(true);
  expect(includes(['people.write'], 'keys.read')).toBe(false);
});

test('words fit their numbers and articles', () => {
  expect([count(1, 'key'), count(2_000, 'passcode')]).toEqual(['1 key', '2,000 passcodes']);
  expect(['API key', 'user passcode', 'passcode', 'umbrella'].map(indefinite)).toEqual([
    'an API key',
    'a user passcode',
    'a passcode',
    'an umbrella',
  ]);
});

test('a refusal tells each field its own fault and the form the rest', () => {
  const faults = [
    { pointer: '/scopes/0', message: 'unknown' },
    { pointer: '/limits/0/limit', message: 'too high' },
  ];
  const refused = new Refused(422, 'invalid_fields', 'Something is wrong.', faults);
  expect(refused.at('/scopes')).toBe('Unknown');
  expect(refused.at('/scope')).toBeUndefined();
  expect(refused.text(['/scopes'])).toBe('/limits/0/limit: too high. See what is marked.');
});

test('sizes have the unit that suits them', () => {
  expect([0, 824, 999, 1_000, 1_540, 999_999, 3_200_000_000, 5e15].map(size)).toEqual([
    '0 B',
    '824 B',
    '999 B',
    '1 kB',
    '1.5 kB',
    '1,000 kB',
    '3.2 GB',
    '5,000 TB',
  ]);
});
