import type { Wire } from '../api/client';

/** One bar: what was answered well, answered badly, and refused. */
export interface Bar {
  at: string;
  ok: number;
  failed: number;
  refused: number;
}

/** Outcomes that are answers of the API behind, not refusals. */
const FAILED = ['client_error', 'server_error', 'broken_off'];
/** Most bars of one chart; the server chooses a step that gives fewer. */
const BARS_MAX = 1_000;

export function barOf(at: string, sum: Pick<Wire['UsageSum'], 'ok' | 'requests' | 'outcomes'>): Bar {
  const failed = FAILED.reduce((all, name) => all + (sum.outcomes[name] ?? 0), 0);
  return { at, ok: sum.ok, failed, refused: Math.max(0, sum.requests - sum.ok - failed) };
}

/** Every step of the stretch: those in which nothing happened are not in the answer, and are bars of nothing. */
export function bars(usage: Wire['Usage']): Bar[] {
  const known = new Map(usage.points.map((point) => [Date.parse(point.at), point]));
  const all: Bar[] = [];
  const end = Date.parse(usage.to);
  for (let at = Date.parse(usage.from); at < end && all.length < BARS_MAX; at += usage.step_s * 1_000) {
    const sum = known.get(at);
    const iso = new Date(at).toISOString();
    all.push(sum ? barOf(iso, sum) : { at: iso, ok: 0, failed: 0, refused: 0 });
  }
  return all;
}

/** A round number that is not below the highest bar: where the axis ends. */
export function ceiling(most: number): number {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 2.5, 5, 10].find((factor) => factor * power >= most) ?? 10;
  return step * power;
}
