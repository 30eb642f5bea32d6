/** Stretches of time that somebody asks about. */

import { DAY_MS } from './time';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How far back "the last" goes, in milliseconds. */
export const LASTS = {
  '1h': HOUR_MS,
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
} as const;
export type Last = keyof typeof LASTS;

/** The last so-and-so long, or from one instant until another. */
export type Stretch = { last: Last } | { from: string; to: string };

/** What an address says of it; `usual` where it says nothing, or nothing sensible. */
export function stretchOf(search: Record<string, unknown>, usual: Last): Stretch {
  const last = Object.keys(LASTS).find((name) => name === search.last);
  if (last) return { last: last as Last };
  const [from, to] = [instant(search.from), instant(search.to)];
  return from && to && from < to ? { from, to } : { last: usual };
}

/** What is asked for, to the minute, so that the same question is asked once; without an end it goes on until now. */
export function asked(stretch: Stretch, now: number): { from: string; to?: string } {
  if (!('last' in stretch)) return stretch;
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  return { from: new Date(minute - LASTS[stretch.last]).toISOString() };
}

/** Whether more may still happen in it. */
export function isOpen(stretch: Stretch, now: number): boolean {
  return 'last' in stretch || Date.parse(stretch.to) > now;
}

/** How long it is, in milliseconds. */
export function length(stretch: Stretch): number {
  return 'last' in stretch ? LASTS[stretch.last] : Date.parse(stretch.to) - Date.parse(stretch.from);
}

/** An instant as the API has it, of what a person or an address says; nothing where it says none. */
export function instant(said: unknown): string | undefined {
  const at = new Date(typeof said === 'string' ? said : Number.NaN);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}

/** An instant as the browser's own field for date and time has it, in the viewer's zone. */
export function local(iso: string): string {
  const at = new Date(iso);
  const shifted = new Date(at.getTime() - at.getTimezoneOffset() * MINUTE_MS);
  return shifted.toISOString().slice(0, 16);
}
