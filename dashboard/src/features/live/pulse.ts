import type { Wire } from '../../api/client';
import { type Bar, barOf } from '../../lib/chart';

/** So far back the page looks. */
export const SECONDS = 60;
/** Most keys that are shown; the one that has been quiet for longest makes place. */
export const KEYS_MAX = 50;

/** A key that came since the page was opened. */
export interface SeenKey {
  id: string;
  name: string | null;
  requests: number;
  refused: number;
  limits: Wire['LiveLimit'][];
  /** When it was last told of, by the viewer's clock. */
  at: number;
}

/** What the page knows of the last minute. */
export interface Pulse {
  perSecond: number;
  /** One bar a second, the oldest first. */
  bars: Bar[];
  keys: SeenKey[];
  /** Requests that were too many to be told of. */
  missed: number;
  /** Keys of the last tick that it did not name. */
  more: number;
}

export const QUIET: Pulse = { perSecond: 0, bars: [], keys: [], missed: 0, more: 0 };

/** What is known after another tick. */
export function after(pulse: Pulse, tick: Wire['LiveTick'], now: number): Pulse {
  return {
    perSecond: tick.per_second,
    bars: counted(pulse.bars, tick, now),
    keys: seen(pulse.keys, tick.keys, now),
    missed: pulse.missed + tick.missed,
    more: tick.more_keys,
  };
}

const second = (ms: number) => Math.floor(ms / 1_000);

function counted(bars: readonly Bar[], tick: Wire['LiveTick'], now: number): Bar[] {
  const at = new Date(second(now) * 1_000).toISOString();
  const bar = barOf(at, { requests: tick.requests, ok: tick.outcomes.ok ?? 0, outcomes: tick.outcomes });
  const first = second(now) - SECONDS + 1;
  const recent = bars.filter((one) => second(Date.parse(one.at)) >= first);
  const last = recent.at(-1);
  if (last?.at !== at) return [...recent, bar];
  const both = {
    at,
    ok: last.ok + bar.ok,
    failed: last.failed + bar.failed,
    refused: last.refused + bar.refused,
  };
  return [...recent.slice(0, -1), both];
}

/** Keys keep their places, so that nobody loses the row they look at. */
function seen(known: readonly SeenKey[], told: readonly Wire['LiveKey'][], now: number): SeenKey[] {
  const keys = new Map(known.map((key) => [key.id, key]));
  for (const key of told) {
    const before = keys.get(key.key_id);
    keys.set(key.key_id, {
      id: key.key_id,
      name: key.name ?? null,
      requests: (before?.requests ?? 0) + key.requests,
      refused: (before?.refused ?? 0) + key.refused,
      limits: key.limits,
      at: now,
    });
  }
  const all = [...keys.values()];
  if (all.length <= KEYS_MAX) return all;
  const kept = new Set([...all].sort((a, b) => b.at - a.at).slice(0, KEYS_MAX));
  return all.filter((key) => kept.has(key));
}

/** Every second of the last minute: those in which nothing came are bars of nothing. */
export function lastMinute(pulse: Pulse, now: number): Bar[] {
  const known = new Map(pulse.bars.map((bar) => [second(Date.parse(bar.at)), bar]));
  return Array.from({ length: SECONDS }, (_, index) => {
    const at = second(now) - SECONDS + 1 + index;
    return known.get(at) ?? { at: new Date(at * 1_000).toISOString(), ok: 0, failed: 0, refused: 0 };
  });
}

/** All requests of the last minute. */
export function sum(bars: readonly Bar[]): Omit<Bar, 'at'> {
  return bars.reduce(
    (all, bar) => ({ ok: all.ok + bar.ok, failed: all.failed + bar.failed, refused: all.refused + bar.refused }),
    { ok: 0, failed: 0, refused: 0 },
  );
}

/** What is left of a limit now: the whole of it once the instant has passed at which it is whole again. */
export function left(limit: Wire['LiveLimit'], toldAt: number, now: number): number {
  const reset = Date.parse(limit.reset_at);
  return toldAt < reset && reset <= now ? limit.limit : limit.remaining;
}
