import { expect, test } from 'vitest';
import { firstDay, SPARK_DAYS } from './sparks';

test('a sparkline begins so many whole days of UTC back, today among them', () => {
  const now = Date.parse('2026-03-15T23:30:00Z');
  expect(firstDay(now)).toBe('2026-03-02T00:00:00.000Z');
  expect((Date.parse('2026-03-16T00:00:00Z') - Date.parse(firstDay(now))) / 86_400_000).toBe(SPARK_DAYS);
});
