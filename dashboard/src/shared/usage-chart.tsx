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
  const all = bars(usage);
  const most = ceiling(Math.max(...all.map((bar) => bar.ok + bar.failed + bar.refused), 0));
  const width = WIDTH / Math.max(all.length, 1);
  const { requests, ok } = usage.total;
  const label = `${count(requests, 'request')} from ${minute(usage.from)} to ${minute(usage.to)}, ${ok.toLocaleString('en')} of them answered well`;
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
            <Column key={bar.at} bar={bar} x={index * width} width={width} most={most} />
          ))}
        </svg>
        <Group justify="space-between" aria-hidden>
          <Text className="quiet" fz={11}>
            {minute(usage.from)}
          </Text>
          <Text className="quiet" fz={11}>
            {minute(usage.to)}
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

function Column({ bar, x, width, most }: { bar: Bar; x: number; width: number; most: number }) {
  let top = HEIGHT;
  const total = bar.ok + bar.failed + bar.refused;
  return (
    <g>
      <title>{`${minute(bar.at)}: ${count(total, 'request')}, ${bar.failed} answered badly, ${bar.refused} refused`}</title>
      <rect x={x} y={0} width={width} height={HEIGHT} fill="transparent" />
      {SERIES.map(([name]) => {
        const height = (bar[name] / most) * HEIGHT;
        top -= height;
        return height > 0 ? (
          <rect
            key={name}
            x={x + width * 0.12}
            y={top}
            width={width * 0.76}
            height={height}
            className={classes[name]}
          />
        ) : null;
      })}
    </g>
  );
}
