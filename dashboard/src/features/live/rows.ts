import type { Wire } from '../../api/client';

/** Most rows that the page keeps; the log has the others. */
export const ROWS_MAX = 200;

export interface LiveRow {
  /** Counts up: a name for each row. */
  seq: number;
  entry: Wire['LogEntry'];
}

/** Rows as they come, newest first; while they are held back, the newest of what came meanwhile. */
export interface Rows {
  shown: readonly LiveRow[];
  held: readonly LiveRow[];
  /** How many came while they were held back. */
  waiting: number;
  seq: number;
}

export const NO_ROWS: Rows = { shown: [], held: [], waiting: 0, seq: 0 };

/** What there is after these rows came, the oldest of them first. Only as many are read as are kept. */
export function cameIn(rows: Rows, texts: readonly string[], isHeld: boolean): Rows {
  const seq = rows.seq + texts.length;
  const newest = texts.slice(-ROWS_MAX).reverse();
  const come = newest.map((text, index) => ({ seq: seq - index, entry: JSON.parse(text) as Wire['LogEntry'] }));
  if (isHeld) {
    return { ...rows, held: [...come, ...rows.held].slice(0, ROWS_MAX), waiting: rows.waiting + texts.length, seq };
  }
  return { ...rows, shown: [...come, ...rows.shown].slice(0, ROWS_MAX), seq };
}

/** What was held back is shown. */
export function released(rows: Rows): Rows {
  return { ...rows, shown: [...rows.held, ...rows.shown].slice(0, ROWS_MAX), held: [], waiting: 0 };
}
