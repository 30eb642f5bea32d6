import type { Wire } from '../api/client';

/** One bar: what was answered well, answered badly, and refused. */
export interface Bar {
  at: string;
  ok: number;
  failed: number;
  refused: number;
}

/** One step of a stretch; nothing but its beginning where nothing happened. */
export interface Step {
  at: string;
  sum?: Wire['UsageSum'];
}

/** A value of each step that has one. */
export type Values = readonly (number | null | undefined)[];

/** Outcomes that are answers of the API behind, not refusals. */
const FAILED = ['client_error', 'server_error', 'broken_off'];
/** Most steps of one chart; the server chooses a step that gives fewer. */
const STEPS_MAX = 1_000;

export function barOf(at: string, sum: Pick<Wire['UsageSum'], 'ok' | 'requests' | 'outcomes'>): Bar {
  const failed = FAILED.reduce((all, name) => all + (sum.outcomes[name] ?? 0), 0);
  return { at, ok: sum.ok, failed, refused: Math.max(0, sum.requests - sum.ok - failed) };
}

/** Every step of the stretch, also those in which nothing happened: they are not in the answer. */
export function steps(usage: Pick<Wire['Usage'], 'from' | 'to' | 'step_s' | 'points'>): Step[] {
  const known = new Map(usage.points.map((point) => [Date.parse(point.at), point]));
  const all: Step[] = [];
  const end = Date.parse(usage.to);
  for (let at = Date.parse(usage.from); at < end && all.length < STEPS_MAX; at += usage.step_s * 1_000)
    all.push({ at: new Date(at).toISOString(), sum: known.get(at) });
  return all;
}

/** A bar for each step. */
export function bars(all: readonly Step[]): Bar[] {
  return all.map(({ at, sum }) => (sum ? barOf(at, sum) : { at, ok: 0, failed: 0, refused: 0 }));
}

/** A round number that is not below the highest value: where the axis ends. */
export function ceiling(most: number, least = 4): number {
  if (most <= least) return least;
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].find((factor) => factor * power >= most) ?? 10;
  return Number((step * power).toPrecision(3));
}

/** Where the axis of parts of a whole begins: near enough to the lowest that a difference can be seen. */
export function floorOf(lowest: number): number {
  return [0.99, 0.9, 0.5].find((floor) => lowest >= floor) ?? 0;
}

/** Values as paths of a drawing: lines, broken off where there is no value, and points where one stands alone. */
export function paths(
  values: Values,
  { low, high, width, height }: Record<'low' | 'high' | 'width' | 'height', number>,
): { lines: string; points: string } {
  const step = width / Math.max(values.length, 1);
  const place = (value: number, index: number) => {
    const part = Math.min(1, Math.max(0, (value - low) / (high - low)));
    return `${((index + 0.5) * step).toFixed(1)} ${((1 - part) * height).toFixed(1)}`;
  };
  const found = { lines: '', points: '' };
  values.forEach((value, index) => {
    if (value == null) return;
    const [isBegun, goesOn] = [values[index - 1] != null, values[index + 1] != null];
    if (isBegun) found.lines += `L${place(value, index)}`;
    else if (goesOn) found.lines += `M${place(value, index)}`;
    else found.points += `M${place(value, index)}h0`;
  });
  return found;
}
