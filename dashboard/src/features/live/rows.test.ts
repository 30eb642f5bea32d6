import { expect, test } from 'vitest';
import { cameIn, NO_ROWS, ROWS_MAX, type Rows, released } from './rows';

const texts = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => JSON.stringify({ request_id: `r${from + index}` }));
const ids = (rows: Rows['shown']) => rows.map((row) => row.entry.request_id);

test('the newest is first, each has its own name, and no more are kept than may be', () => {
  let rows = cameIn(NO_ROWS, texts(1, 2), false);
  rows = cameIn(rows, texts(3, 1), false);
  expect(ids(rows.shown)).toEqual(['r3', 'r2', 'r1']);
  rows = cameIn(rows, texts(4, 5_000), false);
  expect(rows.shown).toHaveLength(ROWS_MAX);
  expect(ids(rows.shown)[0]).toBe('r5003');
  expect(new Set(rows.shown.map((row) => row.seq)).size).toBe(ROWS_MAX);
});

test('what is held back is counted, and there when it is let go', () => {
  let rows = cameIn(NO_ROWS, texts(1, 1), false);
  rows = cameIn(rows, texts(2, 3), true);
  expect([ids(rows.shown), rows.waiting]).toEqual([['r1'], 3]);
  rows = released(rows);
  expect([ids(rows.shown), rows.waiting]).toEqual([['r4', 'r3', 'r2', 'r1'], 0]);
  rows = released(cameIn(rows, texts(5, 1_000), true));
  expect(rows.shown).toHaveLength(ROWS_MAX);
  expect(new Set(rows.shown.map((row) => row.seq)).size).toBe(ROWS_MAX);
});
