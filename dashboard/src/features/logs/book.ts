/** Rows of one page of the log. */
export const SHEET_ROWS = 500;
/** Most pages whose rows are kept in memory; of the others their cursors, to read them again. */
export const SHEETS_MAX = 12;
/** Most rows in one scroll: no browser makes a page higher than some. From there on another scroll begins. */
export const ROWS_MAX = 300_000;
/** So near the end of what was read the next page is read. */
const AHEAD = 150;

interface Sheet<Row> {
  cursor: string | undefined;
  /** The number of its first row. */
  from: number;
  count: number;
  rows: readonly Row[] | null;
}

/** A page that is to be read. */
export interface Wanted {
  sheet: number;
  cursor: string | undefined;
}

export interface Read<Row> {
  items: readonly Row[];
  next_cursor?: string | null;
}

/**
 * The pages of a list that is read by cursor, from its first row on: as many rows as somebody scrolls through, few of
 * them in memory. Pages that were let go are read again when they are looked at.
 */
export class Book<Row> {
  private readonly sheets: Sheet<Row>[] = [];
  private next: string | undefined | null;

  constructor(start: string | undefined) {
    this.next = start;
  }

  /** How many rows there are, as far as it was read. */
  get length(): number {
    const last = this.sheets.at(-1);
    return last ? last.from + last.count : 0;
  }

  get isRead(): boolean {
    return this.sheets.length > 0;
  }

  /** Where the rows go on that this scroll has no room for. */
  get beyond(): string | null {
    return this.length >= ROWS_MAX && typeof this.next === 'string' ? this.next : null;
  }

  /** Whether there is more to read at the end. */
  get hasMore(): boolean {
    return this.next !== null && this.length < ROWS_MAX;
  }

  /** How many rows are in memory. */
  get kept(): number {
    return this.sheets.reduce((all, sheet) => all + (sheet.rows?.length ?? 0), 0);
  }

  at(index: number): Row | null {
    const sheet = this.sheets[this.sheetOf(index)];
    return sheet?.rows?.[index - sheet.from] ?? null;
  }

  /** What is to be read so that these rows can be seen; nothing when they can. */
  wanted(first: number, last: number): Wanted | null {
    if (this.length > 0) {
      const end = this.sheetOf(Math.min(last, this.length - 1));
      for (let index = this.sheetOf(first); index <= end; index++) {
        const sheet = this.sheets[index];
        if (sheet && sheet.rows === null && sheet.count > 0) return { sheet: index, cursor: sheet.cursor };
      }
    }
    if (!this.hasMore || last + AHEAD < this.length) return null;
    return { sheet: this.sheets.length, cursor: this.next ?? undefined };
  }

  /** Takes a page in, and lets go of those that are farthest from what is looked at. */
  put(wanted: Wanted, page: Read<Row>, first: number): void {
    const known = this.sheets[wanted.sheet];
    if (known) {
      // Rows that came since are no part of a cursor's page: it is as long as it was, unless its rows grew too old.
      known.rows = page.items.slice(0, known.count);
    } else {
      const from = this.length;
      this.sheets.push({ cursor: wanted.cursor, from, count: page.items.length, rows: page.items });
      this.next = page.next_cursor ?? null;
    }
    this.letGo(first);
  }

  private letGo(first: number): void {
    const seen = this.sheetOf(first);
    const kept = this.sheets.map((sheet, index) => ({ sheet, index })).filter(({ sheet }) => sheet.rows !== null);
    kept.sort((a, b) => Math.abs(a.index - seen) - Math.abs(b.index - seen));
    for (const { sheet } of kept.slice(SHEETS_MAX)) sheet.rows = null;
  }

  private sheetOf(index: number): number {
    let [low, high] = [0, this.sheets.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.sheets[middle]?.from ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
