import { Group, Stack, Text } from '@mantine/core';
import { type PointerEvent, type ReactNode, useState } from 'react';
import { type Bar, ceiling, paths, type Values } from '../lib/chart';
import { count } from '../lib/words';
import classes from './plot.module.css';

export const WIDTH = 1_000;
const HEIGHT = 180;
const BARS = [
  ['ok', 'Answered well'],
  ['failed', 'Answered badly'],
  ['refused', 'Refused'],
] as const;

/** What all charts have: when it is about, and what happens when somebody draws across it. */
export interface Time {
  /** When each step begins. */
  at: readonly string[];
  /** An instant in words. */
  say: (iso: string) => string;
  /** The ends below the chart, where they are not the first and the last step. */
  from?: string;
  to?: string;
  /** Somebody drew across these steps, the last one included. */
  onDraw?: (first: number, last: number) => void;
}

/** Bars, with their axis and what their colours mean; drawn here, so that nothing has to be loaded for it. */
export function Bars({ all, label, time }: { all: readonly Bar[]; label: string; time: Omit<Time, 'at'> }) {
  const most = ceiling(Math.max(...all.map((bar) => bar.ok + bar.failed + bar.refused), 0));
  const width = WIDTH / Math.max(all.length, 1);
  const read = (index: number) => {
    const { ok, failed, refused } = all[index] ?? { ok: 0, failed: 0, refused: 0 };
    const parts = [
      failed > 0 && `${failed.toLocaleString('en')} badly`,
      refused > 0 && `${refused.toLocaleString('en')} refused`,
    ];
    return [count(ok + failed + refused, 'request'), ...parts.filter(Boolean)].join(', ');
  };
  return (
    <Plot
      label={label}
      top={most.toLocaleString('en')}
      time={{ ...time, at: all.map((bar) => bar.at) }}
      read={read}
      legend={BARS}
    >
      {all.map((bar, index) => (
        <Column key={bar.at} bar={bar} x={index * width} width={width} most={most} />
      ))}
    </Plot>
  );
}

function Column({ bar, x, width, most }: { bar: Bar; x: number; width: number; most: number }) {
  let top = HEIGHT;
  return BARS.map(([series]) => {
    const height = (bar[series] / most) * HEIGHT;
    top -= height;
    return height > 0 ? (
      <rect
        key={series}
        x={x + width * 0.12}
        y={top}
        width={width * 0.76}
        height={height}
        className={`${classes.bar} ${classes[series]}`}
      />
    ) : null;
  });
}

/** One line of a chart. */
export interface Line {
  name: 'ok' | 'p50' | 'p95' | 'p99';
  title: string;
  values: Values;
}

/** Lines over time, broken off where nothing is known. */
export function Lines({
  lines,
  low = 0,
  high,
  label,
  say,
  time,
}: {
  lines: readonly Line[];
  low?: number;
  high: number;
  label: string;
  say: (value: number | null | undefined) => string;
  time: Time;
}) {
  const read = (index: number) => lines.map((line) => `${line.title} ${say(line.values[index])}`).join(', ');
  const legend = lines.map((line) => [line.name, line.title] as const);
  return (
    <Plot label={label} top={say(high)} bottom={low > 0 ? say(low) : undefined} time={time} read={read} legend={legend}>
      {lines.map((line) => {
        const drawn = paths(line.values, { low, high, width: WIDTH, height: HEIGHT });
        return (
          <g key={line.name} className={classes[line.name]}>
            <path d={drawn.lines} className={classes.line} />
            <path d={drawn.points} className={`${classes.line} ${classes.points}`} />
          </g>
        );
      })}
    </Plot>
  );
}

/** The frame: an axis, what is under the pointer in words, the stretch that is being drawn, what the colours mean. */
function Plot({
  label,
  top,
  bottom,
  time,
  read,
  legend,
  children,
}: {
  label: string;
  top: string;
  bottom?: string;
  time: Time;
  read: (index: number) => string;
  legend: readonly (readonly [string, string])[];
  children: ReactNode;
}) {
  const [over, setOver] = useState<number | null>(null);
  const [begun, setBegun] = useState<number | null>(null);
  const { at, say, onDraw, from = at[0], to = at.at(-1) } = time;
  const width = WIDTH / Math.max(at.length, 1);
  const under = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const part = (event.clientX - box.left) / Math.max(box.width, 1);
    return Math.min(at.length - 1, Math.max(0, Math.floor(part * at.length)));
  };
  const leave = () => {
    setOver(null);
    setBegun(null);
  };
  const end = (event: PointerEvent) => {
    const last = under(event);
    if (onDraw && begun !== null && begun !== last) onDraw(Math.min(begun, last), Math.max(begun, last));
    setBegun(null);
  };
  const drawn =
    begun !== null && over !== null && begun !== over ? [Math.min(begun, over), Math.max(begun, over)] : null;
  const name = over === null ? undefined : at[over];
  return (
    <Stack gap="xs">
      <div className={classes.plot}>
        <Text className="quiet" fz={11} component="span" aria-hidden>
          {top}
        </Text>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          width="100%"
          height={HEIGHT}
          role="img"
          aria-label={label}
          className={onDraw ? `${classes.canvas} ${classes.zooms}` : classes.canvas}
          onPointerMove={(event) => setOver(under(event))}
          onPointerDown={(event) => {
            if (!onDraw || event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            setBegun(under(event));
          }}
          onPointerUp={end}
          onPointerCancel={leave}
          onPointerLeave={leave}
        >
          {[0, 0.5, 1].map((part) => (
            <line key={part} x1={0} x2={WIDTH} y1={HEIGHT * part} y2={HEIGHT * part} className={classes.grid} />
          ))}
          {over !== null && <rect x={over * width} y={0} width={width} height={HEIGHT} className={classes.hovered} />}
          {children}
          {drawn?.[0] !== undefined && drawn[1] !== undefined && (
            <rect
              x={drawn[0] * width}
              y={0}
              width={(drawn[1] - drawn[0] + 1) * width}
              height={HEIGHT}
              className={classes.drawn}
            />
          )}
        </svg>
        {bottom && (
          <Text className={`quiet ${classes.bottom}`} fz={11} component="span" aria-hidden>
            {bottom}
          </Text>
        )}
        {over !== null && name && (
          <div className={classes.readout} style={beside((over + 0.5) / at.length)} aria-hidden>
            <strong>{say(name)}</strong>
            <br />
            {read(over)}
          </div>
        )}
        <Group justify="space-between" aria-hidden wrap="nowrap">
          <Text className="quiet" fz={11}>
            {from && say(from)}
          </Text>
          <Text className="quiet" fz={11} ta="right">
            {to && say(to)}
          </Text>
        </Group>
      </div>
      <Group gap="md">
        {legend.map(([name, title]) => (
          <Group key={name} gap={6}>
            <span className={`${classes.key} ${classes[name]}`} aria-hidden />
            <Text fz={12}>{title}</Text>
          </Group>
        ))}
      </Group>
    </Stack>
  );
}

/** Where the words are: beside the pointer, on the side with more room. */
function beside(part: number) {
  return part < 0.5 ? { left: `calc(${part * 100}% + 0.8rem)` } : { right: `calc(${(1 - part) * 100}% + 0.8rem)` };
}
