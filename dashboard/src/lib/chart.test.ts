import { expect, test } from 'vitest';
import type { Wire } from '../api/client';
import { barOf, bars, ceiling } from './chart';

const sum = (requests: number, ok: number, outcomes: Record<string, number>) =>
  ({ requests, ok, outcomes }) as unknown as Wire['UsageSum'];

test('what is neither answered well nor badly was refused', () => {
  const bar = barOf('x', sum(10, 5, { ok: 5, client_error: 1, server_error: 1, rate_limited: 3 }));
  expect([bar.ok, bar.failed, bar.refused]).toEqual([5, 2, 3]);
});

test('steps in which nothing happened are there, as nothing', () => {
  const usage = {
    from: '2026-03-01T00:00:00Z',
    to: '2026-03-01T03:00:00Z',
    step_s: 3_600,
    points: [{ at: '2026-03-01T01:00:00Z', ...sum(2, 2, { ok: 2 }) }],
  } as unknown as Wire['Usage'];
  expect(bars(usage).map((bar) => bar.ok)).toEqual([0, 2, 0]);
});

test('the axis ends at a round number', () => {
  expect([0, 3, 7, 11, 180, 2_400, 9_999].map(ceiling)).toEqual([4, 4, 10, 20, 200, 2_500, 10_000]);
});
