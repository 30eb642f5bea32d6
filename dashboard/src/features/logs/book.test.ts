import { expect, test } from 'vitest';
import { Book, ROWS_MAX, SHEET_ROWS, SHEETS_MAX } from './book';

/** A list of so many numbers, read as the log is: by cursors that say where to go on. */
function list(total: number) {
  let reads = 0;
  const read = (cursor: string | undefined) => {
    reads += 1;
    const from = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(SHEET_ROWS, total - from) }, (_, index) => from + index);
    return { items, next_cursor: from + items.length < total ? String(from + items.length) : null };
  };
  return { read, reads: () => reads };
}

/** Reads until these rows can be seen. */
function look(book: Book<number>, { read }: ReturnType<typeof list>, first: number, last: number) {
  for (let wanted = book.wanted(first, last); wanted; wanted = book.wanted(first, last)) {
    book.put(wanted, read(wanted.cursor), first);
  }
}

test('a scroll through a hundred thousand rows sees each, keeps few, and reads again what it let go', () => {
  const rows = list(100_000);
  const book = new Book<number>(undefined);
  for (let first = 0; first < 100_000; first += 40) {
    look(book, rows, first, first + 40);
    expect(book.at(first)).toBe(first);
    expect(book.kept).toBeLessThanOrEqual(SHEETS_MAX * SHEET_ROWS);
  }
  expect(rows.reads()).toBe(200);
  expect([book.length, book.hasMore, book.at(99_999), book.at(0)]).toEqual([100_000, false, 99_999, null]);
  look(book, rows, 0, 40);
  expect([book.at(0), book.at(40), rows.reads()]).toEqual([0, 40, 201]);
  expect(book.kept).toBeLessThanOrEqual(SHEETS_MAX * SHEET_ROWS);
});

test('a page without rows is not the last one', () => {
  const book = new Book<number>(undefined);
  const pages = [
    { items: [], next_cursor: 'a' },
    { items: [], next_cursor: 'b' },
    { items: [7], next_cursor: null },
  ];
  for (const page of pages) {
    const wanted = book.wanted(0, 20);
    if (!wanted) throw new Error('there is more');
    book.put(wanted, page, 0);
  }
  expect([book.at(0), book.length, book.wanted(0, 20), book.hasMore]).toEqual([7, 1, null, false]);
});

test('a scroll ends at its maximum and says where the next one begins', () => {
  const rows = list(ROWS_MAX + 10);
  const book = new Book<number>(undefined);
  for (let first = 0; first < ROWS_MAX; first += SHEET_ROWS) look(book, rows, first, first + 40);
  expect([book.length, book.hasMore, book.beyond]).toEqual([ROWS_MAX, false, String(ROWS_MAX)]);
  const next = new Book<number>(book.beyond ?? undefined);
  look(next, rows, 0, 40);
  expect([next.at(0), next.length, next.beyond]).toEqual([ROWS_MAX, 10, null]);
});

test('a page whose rows grew too old since is shorter, and is not read for ever', () => {
  const rows = list(SHEET_ROWS * 20);
  const book = new Book<number>(undefined);
  for (let first = 0; first < book.length || first === 0; first += 100) look(book, rows, first, first + 40);
  const again = book.wanted(0, 40);
  expect(again).toEqual({ sheet: 0, cursor: undefined });
  if (again) book.put(again, { items: [0, 1], next_cursor: null }, 0);
  expect([book.at(1), book.at(2), book.wanted(0, 40), book.length]).toEqual([1, null, null, SHEET_ROWS * 20]);
});
