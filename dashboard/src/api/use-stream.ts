import { useCallback, useEffect, useRef, useState } from 'react';
import { EventReader, pause, type StreamEvent } from './events';
import { asRefused, type Refused, refusal } from './problem';

/** How a stream is: before its first byte, running, away for a while, at its end, or refused. */
export type StreamState =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'waiting'; why: Refused | null }
  | { state: 'over' }
  | { state: 'refused'; why: Refused };

/** When a stream was opened again after it had run, and how often: nobody heard what came in between. */
export interface Gaps {
  count: number;
  /** The last time, by the viewer's clock. */
  at: number;
}

const NO_GAPS: Gaps = { count: 0, at: 0 };

/** What opens a stream: an answer whose body was not read. */
export type Opener = (
  signal: AbortSignal,
) => Promise<{ data?: ReadableStream<Uint8Array> | null; error?: unknown; response: Response }>;

/** A stream that says nothing for so long is cut, whatever its connection says: even a quiet one says that it is there. */
const SILENCE_MS_MAX = 40_000;
/** The server's word for the end of a stream that is not to be opened again. */
const OVER = 'over';
/** A refusal that may not hold in a moment: as many streams as may be are open, or the server is away. */
const canPass = (status: number) => status === 0 || status === 429 || status >= 500;

/**
 * Reads a stream of events for as long as the page is shown and seen, and opens it again when it breaks off. A page in a
 * background tab gives its place, and its connection, to others.
 */
export function useStream(open: Opener, onEvents: (events: StreamEvent[]) => void) {
  const [state, setState] = useState<StreamState>({ state: 'connecting' });
  const [round, setRound] = useState(0);
  const [gaps, setGaps] = useState(NO_GAPS);
  const ran = useRef<Opener | null>(null);
  const isSeen = useSeen();
  const told = useRef(onEvents);
  useEffect(() => {
    told.current = onEvents;
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another round opens the same stream anew
  useEffect(() => {
    if (!isSeen) return;
    const ending = new AbortController();
    setState({ state: 'connecting' });
    const say = (state: StreamState) => {
      setState(state);
      if (state.state !== 'open') return;
      const hasRun = ran.current === open;
      ran.current = open;
      setGaps(({ count }) => (hasRun ? { count: count + 1, at: Date.now() } : NO_GAPS));
    };
    void follow(open, ending.signal, say, (events) => told.current(events));
    return () => ending.abort();
  }, [open, isSeen, round]);
  const again = useCallback(() => setRound((round) => round + 1), []);
  return { ...state, gaps, again };
}

async function follow(
  open: Opener,
  signal: AbortSignal,
  say: (state: StreamState) => void,
  tell: (events: StreamEvent[]) => void,
): Promise<void> {
  let failures = 0;
  const opened = () => say({ state: 'open' });
  const took = (events: StreamEvent[]) => {
    failures = 0;
    if (events.length > 0) tell(events);
  };
  while (!signal.aborted) {
    let why: Refused | null = null;
    try {
      if (await once(open, signal, opened, took)) return say({ state: 'over' });
    } catch (thrown) {
      if (signal.aborted) return;
      why = asRefused(thrown);
      if (!canPass(why.status)) return say({ state: 'refused', why });
    }
    if (signal.aborted) return;
    say({ state: 'waiting', why });
    await rest(pause(failures, Math.random()), signal);
    failures += 1;
  }
}

/** Reads one answer to its end; true when the server said that there is no more to come. */
async function once(
  open: Opener,
  signal: AbortSignal,
  opened: () => void,
  took: (events: StreamEvent[]) => void,
): Promise<boolean> {
  const { data, error, response } = await open(signal);
  if (!response.ok || !data) throw refusal(response, error);
  opened();
  const dead = watch(signal);
  const reader = new EventReader();
  const text = new TextDecoder();
  const bytes = data.getReader();
  try {
    for (;;) {
      const piece = await Promise.race([bytes.read(), dead.told]);
      if (piece === null || piece.done) return false;
      dead.heard();
      const events = reader.read(text.decode(piece.value, { stream: true }));
      took(events);
      if (events.some((event) => event.name === OVER)) return true;
    }
  } finally {
    dead.end();
    bytes.cancel().catch(() => undefined);
  }
}

/** Tells when a stream has died without a word: its browser lost the network, or nothing was heard for too long. */
function watch(signal: AbortSignal) {
  let timer: ReturnType<typeof setTimeout>;
  let tell = () => {};
  const told = new Promise<null>((resolve) => {
    tell = () => resolve(null);
  });
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(tell, SILENCE_MS_MAX);
  };
  const end = () => {
    clearTimeout(timer);
    window.removeEventListener('offline', tell);
  };
  heard();
  window.addEventListener('offline', tell);
  signal.addEventListener('abort', end);
  return { told, heard, end };
}

/** Waits, unless it is over before, or the network is back. */
function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    signal.addEventListener('abort', end);
  });
}

function useSeen(): boolean {
  const [seen, setSeen] = useState(() => document.visibilityState === 'visible');
  useEffect(() => {
    const look = () => setSeen(document.visibilityState === 'visible');
    document.addEventListener('visibilitychange', look);
    return () => document.removeEventListener('visibilitychange', look);
  }, []);
  return seen;
}
