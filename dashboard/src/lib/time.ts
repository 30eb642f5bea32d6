/** Times for people: in the viewer's zone, with UTC beside it where there is room. */

const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const UTC_DAY = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  timeZone: 'UTC',
});
const MINUTE = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});
const EXACT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const SECOND = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

export const DAY_MS = 86_400_000;

export function day(iso: string): string {
  return DAY.format(new Date(iso));
}

export function minute(iso: string): string {
  return MINUTE.format(new Date(iso));
}

/** To the second, with its day. */
export function exact(iso: string): string {
  return EXACT.format(new Date(iso));
}

/** `Europe/Berlin, UTC+1`: where times are told as they are there. */
export function zone(now: number): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  const hours = -new Date(now).getTimezoneOffset() / 60;
  const sign = hours < 0 ? '−' : '+';
  const minutes = Math.round((Math.abs(hours) % 1) * 60);
  const off = `${Math.floor(Math.abs(hours))}${minutes > 0 ? `:${String(minutes).padStart(2, '0')}` : ''}`;
  return hours === 0 ? timeZone : `${timeZone}, UTC${sign}${off}`;
}

/** The time of day, for what came within the last minutes. */
export function second(iso: string): string {
  return SECOND.format(new Date(iso));
}

/** `2026-03-01 10:11:12 UTC` */
export function utc(iso: string): string {
  return `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** The day of UTC, for what is counted by such days. */
export function utcDay(iso: string): string {
  return UTC_DAY.format(new Date(iso));
}

/** `3 minutes ago`, `in 2 days`, `just now` */
export function relative(iso: string, now: number): string {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 0 ? 'in less than a minute' : 'just now';
}

/** Whole days from now, rounded up. */
export function daysUntil(iso: string, now: number): number {
  return Math.ceil((new Date(iso).getTime() - now) / DAY_MS);
}

/** `1 hour`, `15 minutes`, `30 days` */
export function span(seconds: number): string {
  const units: [string, number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
    ['second', 1],
  ];
  const [name, size] = units.find(([, size]) => seconds % size === 0 && seconds >= size) ?? ['second', 1];
  const count = seconds / size;
  return `${count.toLocaleString('en')} ${name}${count === 1 ? '' : 's'}`;
}

/** `hour` for 3600, `15 minutes` for 900: what follows "per". */
export function per(seconds: number): string {
  const text = span(seconds);
  return text.startsWith('1 ') ? text.slice(2) : text;
}
