import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useReducer, useRef, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { asRefused, type Refused } from '../../api/problem';
import { DAY_MS } from '../../lib/time';
import { useScope } from '../../session/scope';

/** Days that a sparkline shows. */
export const SPARK_DAYS = 14;
/** As many keys as the API tells of at once. */
const ASKED_MAX = 200;
/** Somebody who scrolls past a row does not want its numbers. */
const SETTLE_MS = 150;
const DAY_S = 86_400;

/** How a key was used on each of the last days. */
export type Spark = Pick<Wire['KeyUsage'], 'total' | 'requests' | 'refused'>;

/** The use of the keys that are near the window, read once for each. */
export function useSparks(ids: readonly string[]): { sparks: ReadonlyMap<string, Spark>; failed: Refused | null } {
  const { client, may } = useScope();
  const sparks = useRef(new Map<string, Spark>());
  const [, draw] = useReducer((count: number) => count + 1, 0);
  const [failed, setFailed] = useState<Refused | null>(null);
  const [settled] = useDebouncedValue(ids.join(','), SETTLE_MS);
  const isAllowed = may('usage.read');
  useEffect(() => {
    const known = sparks.current;
    const missing = settled.split(',').filter((id) => id !== '' && !known.has(id));
    if (missing.length === 0 || !isAllowed) return;
    const leaving = new AbortController();
    const asked = missing.slice(0, ASKED_MAX);
    const query = { key_ids: asked.join(','), from: firstDay(Date.now()), step_s: DAY_S };
    answered(client.GET('/v1/usage/keys', { params: { query }, signal: leaving.signal })).then(
      (answer) => {
        // Who is not told of was never used, or is gone.
        for (const id of asked) known.set(id, { total: 0, requests: [], refused: [] });
        for (const { key_id, total, requests, refused } of answer.items)
          known.set(key_id, { total, requests, refused });
        setFailed(null);
        draw();
      },
      (thrown) => {
        if (!leaving.signal.aborted) setFailed(asRefused(thrown));
      },
    );
    return () => leaving.abort();
  }, [settled, isAllowed, client]);
  return { sparks: sparks.current, failed };
}

/** The first of the days, which are those of UTC. */
export function firstDay(now: number): string {
  return new Date((Math.floor(now / DAY_MS) - SPARK_DAYS + 1) * DAY_MS).toISOString();
}
