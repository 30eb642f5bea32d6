import { useCallback, useEffect, useReducer, useRef } from 'react';
import { type Api, answered, type Wire } from '../../api/client';
import { asRefused, type Refused } from '../../api/problem';
import type { paths } from '../../api/schema';
import { Book, SHEET_ROWS } from './book';

/** Which rows are asked for. */
export type LogQuery = NonNullable<paths['/v1/logs']['get']['parameters']['query']>;

interface Held {
  book: Book<Wire['LogEntry']>;
  seen: [number, number];
  missing: number;
  reading: boolean;
  failed: Refused | null;
}

/** The rows of the log that fit, from a cursor on, read as they are looked at. */
export function useBook(client: Api, query: LogQuery, start: string | undefined) {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const held = useRef<Held>({ book: new Book(start), seen: [0, 0], missing: 0, reading: false, failed: null });
  const leaving = useRef(new AbortController());

  const pump = useCallback(async () => {
    const one = held.current;
    const { signal } = leaving.current;
    if (one.reading || one.failed || signal.aborted) return;
    one.reading = true;
    try {
      for (let wanted = one.book.wanted(...one.seen); wanted; wanted = one.book.wanted(...one.seen)) {
        const params = { query: { ...query, limit: SHEET_ROWS, cursor: wanted.cursor } };
        const page = await answered(client.GET('/v1/logs', { params, signal }));
        if (!one.book.isRead) one.missing = page.missing.reduce((all, part) => all + part.records, 0);
        one.book.put(wanted, page, one.seen[0]);
        draw();
      }
    } catch (thrown) {
      if (!signal.aborted) one.failed = asRefused(thrown);
    }
    one.reading = false;
    // The page was left, or came back meanwhile: then it goes on for whoever looks now.
    if (signal.aborted) void pump();
    else draw();
  }, [client, query]);

  useEffect(() => {
    leaving.current = new AbortController();
    void pump();
    return () => leaving.current.abort();
  }, [pump]);

  const look = useCallback(
    (first: number, last: number) => {
      held.current.seen = [first, last];
      void pump();
    },
    [pump],
  );
  const again = useCallback(() => {
    held.current.failed = null;
    void pump();
  }, [pump]);
  return { ...held.current, look, again };
}
