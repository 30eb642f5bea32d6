import { expect, test } from 'vitest';
import type { Wire } from '../api/client';
import { barOf, bars, ceiling, floorOf, paths, steps } from './chart';

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
  const all = steps(usage);
  expect(all.map((step) => step.sum?.requests)).toEqual([undefined, 2, undefined]);
  expect(bars(all).map((bar) => bar.ok)).toEqual([0, 2, 0]);
});

test('the axis ends at a round number', () => {
  expect([0, 3, 7, 11, 180, 2_400, 9_999].map((most) => ceiling(most))).toEqual([4, 4, 8, 15, 200, 2_500, 10_000]);
  expect([0, 0.3, 0.6, 7].map((most) => ceiling(most, 0.1))).toEqual([0.1, 0.3, 0.6, 8]);
});

test('parts of a whole are drawn from near the lowest of them', () => {
  expect([1, 0.995, 0.95, 0.6, 0.2].map(floorOf)).toEqual([0.99, 0.99, 0.9, 0.5, 0]);
});

test('a line is broken off where nothing is known, and a value alone is a point', () => {
  const frame = { low: 0, high: 10, width: 100, height: 50 };
  expect(paths([10, 5, null, 0], frame)).toEqual({ lines: 'M12.5 0.0L37.5 25.0', points: 'M87.5 50.0h0' });
  expect(paths([undefined, null], frame)).toEqual({ lines: '', points: '' });
  expect(paths([20, -5], frame).lines, 'nothing leaves the frame').toBe('M25.0 0.0L75.0 50.0');
});
