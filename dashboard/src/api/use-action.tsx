import { useQueryClient } from '@tanstack/react-query';
import { createContext, useCallback, useContext, useEffect, useRef, useState } from 'react';
import { afterDrawing, focusAgain, focusFault, focusOrigin } from '../lib/focus';
import { asRefused, type Refused } from './problem';

/** Asks the person to prove who they are; true once they did. */
export const ProveContext = createContext<() => Promise<boolean>>(async () => false);

/** What the server says when a sign-in is too old for this. */
const PROOF_NEEDED = ['sign_in_again', 'proof_needed'];

export interface Action<A extends unknown[], R> {
  /** Runs it; `undefined` when it was refused (then `refused` says why). */
  run: (...args: A) => Promise<R | undefined>;
  busy: boolean;
  refused: Refused | null;
  forget: () => void;
}

/**
 * A change. Unlike a query library's mutation it keeps neither what was sent nor what came back, so that secrets and
 * passwords live only in the component that shows them. Lists are read again afterwards. Where the server wants a
 * recent proof, the person is asked for it and the change is run once more.
 */
export function useAction<A extends unknown[], R>(change: (...args: A) => Promise<R>): Action<A, R> {
  const queries = useQueryClient();
  const prove = useContext(ProveContext);
  const latest = useRef(change);
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);
  const mounted = useRef(true);
  useEffect(() => {
    latest.current = change;
  });
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);

  const run = useCallback(
    async (...args: A): Promise<R | undefined> => {
      // A button that is busy is switched off, and the keyboard with it.
      const origin = focusOrigin();
      setBusy(true);
      setRefused(null);
      try {
        const result = await provedIfNeeded(() => latest.current(...args), prove);
        // Pages that are not shown read anew when they are: none begins with what was true before the change.
        queries.removeQueries({ type: 'inactive' });
        await queries.invalidateQueries();
        return result;
      } catch (thrown) {
        if (mounted.current) setRefused(asRefused(thrown));
        afterDrawing(() => focusFault(origin?.closest('form')));
        return undefined;
      } finally {
        if (mounted.current) setBusy(false);
        afterDrawing(() => focusAgain(origin));
      }
    },
    [queries, prove],
  );
  const forget = useCallback(() => setRefused(null), []);
  return { run, busy, refused, forget };
}

async function provedIfNeeded<R>(attempt: () => Promise<R>, prove: () => Promise<boolean>): Promise<R> {
  try {
    return await attempt();
  } catch (thrown) {
    if (!PROOF_NEEDED.includes(asRefused(thrown).code) || !(await prove())) throw thrown;
    return attempt();
  }
}
