import { expect, test } from 'vitest';
import type { Wire } from '../../api/client';
import { after, KEYS_MAX, lastMinute, left, QUIET, SECONDS, sum } from './pulse';

const NOW = Date.parse('2026-03-01T10:00:00.200Z');

function tick(requests: number, outcomes: Record<string, number>, keys: Wire['LiveKey'][] = []): Wire['LiveTick'] {
  return { over_ms: 250, requests, per_second: requests, outcomes, missed: 0, keys, more_keys: 0 };
}
const key = (key_id: string, requests = 1, remaining = 9): Wire['LiveKey'] => ({
  key_id,
  name: key_id,
  requests,
  refused: 0,
  limits: [{ name: 'default', limit: 10, remaining, reset_at: '2026-03-01T11:00:00Z' }],
});

test('ticks of one second are one bar, and a minute has sixty', () => {
  let pulse = after(QUIET, tick(3, { ok: 2, client_error: 1 }), NOW);
  pulse = after(pulse, tick(2, { ok: 1, key_revoked: 1 }), NOW + 500);
  pulse = after(pulse, tick(1, { ok: 1 }), NOW + 2_000);
  const bars = lastMinute(pulse, NOW + 2_000);
  expect(bars).toHaveLength(SECONDS);
  expect(bars.slice(-3).map((bar) => [bar.ok, bar.failed, bar.refused])).toEqual([
    [3, 1, 1],
    [0, 0, 0],
    [1, 0, 0],
  ]);
  expect(sum(bars)).toEqual({ ok: 4, failed: 1, refused: 1 });
  const later = after(pulse, tick(0, {}), NOW + 61_000);
  expect(sum(lastMinute(later, NOW + 61_000))).toEqual({ ok: 1, failed: 0, refused: 0 });
  expect(later.bars.length).toBeLessThanOrEqual(SECONDS);
});

test('a key keeps its place, adds up, and says what is left now', () => {
  let pulse = after(QUIET, tick(2, { ok: 2 }, [key('a', 1, 9), key('b', 1, 9)]), NOW);
  pulse = after(pulse, tick(4, { ok: 4 }, [key('b', 4, 5)]), NOW + 1_000);
  expect(pulse.keys.map((one) => [one.id, one.requests, one.limits[0]?.remaining])).toEqual([
    ['a', 1, 9],
    ['b', 5, 5],
  ]);
});

test('of too many keys the quietest make place', () => {
  const many = Array.from({ length: KEYS_MAX }, (_, index) => key(`early-${index}`));
  let pulse = after(QUIET, tick(KEYS_MAX, {}, many), NOW);
  pulse = after(pulse, tick(1, {}, [key('early-0')]), NOW + 1_000);
  pulse = after(pulse, tick(1, {}, [key('new')]), NOW + 2_000);
  expect(pulse.keys).toHaveLength(KEYS_MAX);
  expect(pulse.keys.map((one) => one.id)).toEqual(expect.arrayContaining(['early-0', 'new']));
});

test('a limit is whole again after its reset, unless it was told after it by a clock that differs', () => {
  const limit = { name: 'default', limit: 10, remaining: 3, reset_at: '2026-03-01T10:01:00Z' };
  const reset = Date.parse(limit.reset_at);
  expect(left(limit, NOW, reset - 1)).toBe(3);
  expect(left(limit, NOW, reset)).toBe(10);
  expect(left(limit, reset + 5_000, reset + 6_000)).toBe(3);
});
