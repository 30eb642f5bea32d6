import { Group, Stack, Text } from '@mantine/core';
import type { Wire } from '../api/client';
import { type Bar, bars, ceiling } from '../lib/chart';
import { minute } from '../lib/time';
import { count } from '../lib/words';
import classes from './usage-chart.module.css';

const WIDTH = 1_000;
const HEIGHT = 180;
const SERIES = [
  ['ok', 'Answered well'],
  ['failed', 'Answered badly'],
  ['refused', 'Refused'],
] as const;

/** Requests over time, as bars; drawn here, so that nothing has to be loaded for it. */
export function UsageChart({ usage }: { usage: Wire['Usage'] }) {
  const { requests, ok } = usage.total;
  const label = `${count(requests, 'request')} from ${minute(usage.from)} to ${minute(usage.to)}, ${ok.toLocaleString('en')} of them answered well`;
  return <Bars all={bars(usage)} label={label} at={minute} from={usage.from} to={usage.to} />;
}

/** Bars, with their axis and what their colours mean. */
export function Bars({
  all,
  label,
  at,
  from = all[0]?.at,
  to = all.at(-1)?.at,
}: {
  all: readonly Bar[];
  label: string;
  at: (iso: string) => string;
  from?: string;
  to?: string;
}) {
  const most = ceiling(Math.max(...all.map((bar) => bar.ok + bar.failed + bar.refused), 0));
  const width = WIDTH / Math.max(all.length, 1);
  return (
    <Stack gap="xs">
      <div className={classes.plot}>
        <Text className="quiet" fz={11} component="span" aria-hidden>
          {most.toLocaleString('en')}
        </Text>
        <svg
          viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
          preserveAspectRatio="none"
          width="100%"
          height={HEIGHT}
          role="img"
          aria-label={label}
        >
          {[0, 0.5, 1].map((part) => (
            <line key={part} x1={0} x2={WIDTH} y1={HEIGHT * part} y2={HEIGHT * part} className={classes.grid} />
          ))}
          {all.map((bar, index) => (
            <Column key={bar.at} bar={bar} name={at(bar.at)} x={index * width} width={width} most={most} />
          ))}
        </svg>
        <Group justify="space-between" aria-hidden>
          <Text className="quiet" fz={11}>
            {from && at(from)}
          </Text>
          <Text className="quiet" fz={11}>
            {to && at(to)}
          </Text>
        </Group>
      </div>
      <Group gap="md">
        {SERIES.map(([name, title]) => (
          <Group key={name} gap={6}>
            <span className={`${classes.key} ${classes[name]}`} aria-hidden />
            <Text fz={12}>{title}</Text>
          </Group>
        ))}
      </Group>
    </Stack>
  );
}

function Column({ bar, name, x, width, most }: { bar: Bar; name: string; x: number; width: number; most: number }) {
  let top = HEIGHT;
  const total = bar.ok + bar.failed + bar.refused;
  return (
    <g>
      <title>{`${name}: ${count(total, 'request')}, ${bar.failed} answered badly, ${bar.refused} refused`}</title>
      <rect x={x} y={0} width={width} height={HEIGHT} fill="transparent" />
      {SERIES.map(([series]) => {
        const height = (bar[series] / most) * HEIGHT;
        top -= height;
        return height > 0 ? (
          <rect
            key={series}
            x={x + width * 0.12}
            y={top}
            width={width * 0.76}
            height={height}
            className={classes[series]}
          />
        ) : null;
      })}
    </g>
  );
}
