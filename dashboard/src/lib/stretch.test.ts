import { expect, test } from 'vitest';
import { asked, instant, isOpen, length, local, stretchOf } from './stretch';

const NOW = Date.parse('2026-03-01T10:15:23Z');

test('an address says which stretch; nonsense in it says nothing', () => {
  expect(stretchOf({ last: '7d' }, '24h')).toEqual({ last: '7d' });
  const dates = { from: '2026-02-01T00:00:00Z', to: '2026-02-02T00:00:00Z' };
  const exact = { from: '2026-02-01T00:00:00.000Z', to: '2026-02-02T00:00:00.000Z' };
  expect(stretchOf(dates, '24h')).toEqual(exact);
  for (const search of [{}, { last: '2y' }, { last: 7 }, { from: dates.from }, { from: dates.to, to: dates.from }])
    expect(stretchOf(search, '24h')).toEqual({ last: '24h' });
});

test('the last so-and-so long is asked for to the minute and goes on; dates are asked for as they are', () => {
  expect(asked({ last: '1h' }, NOW)).toEqual({ from: '2026-03-01T09:15:00.000Z' });
  const dates = { from: '2026-02-01T00:00:00.000Z', to: '2026-02-02T00:00:00.000Z' };
  expect(asked(dates, NOW)).toEqual(dates);
  expect([isOpen({ last: '90d' }, NOW), isOpen(dates, NOW), isOpen({ ...dates, to: '2026-03-02' }, NOW)]).toEqual([
    true,
    false,
    true,
  ]);
  expect([length({ last: '7d' }), length(dates)]).toEqual([7 * 86_400_000, 86_400_000]);
});

test('what the field of the browser says is the instant that it shows', () => {
  for (const iso of ['2026-03-01T10:15:00.000Z', '2026-07-31T22:30:00.000Z']) expect(instant(local(iso))).toBe(iso);
  expect([instant(''), instant('tomorrow'), instant(undefined), instant(5)]).toEqual(Array(4).fill(undefined));
});
