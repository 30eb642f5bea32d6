import { Table, Text } from '@mantine/core';
import { useMemo } from 'react';
import type { Wire } from '../api/client';
import { bars, ceiling, floorOf, type Step, steps } from '../lib/chart';
import type { Stretch } from '../lib/stretch';
import { minute, span, utcDay } from '../lib/time';
import { count, ms, percent } from '../lib/words';
import { When } from '../ui/parts';
import { Bars, Lines, type Time } from './plot';
import classes from './plot.module.css';

/** Told when somebody draws across a chart, to look closer. */
export type OnStretch = (stretch: Stretch) => void;
const LEAST_MS = 0.1;
const DAY_S = 86_400;

function useSteps(usage: Wire['Usage'], onStretch?: OnStretch): { all: Step[]; time: Time } {
  return useMemo(() => {
    const all = steps(usage);
    const end = (index: number) => all[index + 1]?.at ?? usage.to;
    const onDraw = (first: number, last: number) => {
      const from = all[first]?.at;
      if (from) onStretch?.({ from: new Date(from).toISOString(), to: new Date(end(last)).toISOString() });
    };
    const time = { at: all.map((step) => step.at), say: sayOf(usage), from: usage.from, to: lastOf(usage) };
    return { all, time: onStretch ? { ...time, onDraw } : time };
  }, [usage, onStretch]);
}

/** Days are those of UTC, and named so; anything shorter in the viewer's zone. */
function sayOf({ step_s }: Wire['Usage']): (iso: string) => string {
  return step_s % DAY_S === 0 ? utcDay : minute;
}

/** The end, or the last day. */
function lastOf({ to, step_s }: Wire['Usage']): string {
  return step_s % DAY_S === 0 ? new Date(Date.parse(to) - 1).toISOString() : to;
}

/** The steps in words. */
export function stepWords({ step_s }: Wire['Usage']): string {
  return `In steps of ${span(step_s)}${step_s % DAY_S === 0 ? ' (UTC)' : ''}`;
}

/** Requests over time: what was answered well, answered badly, and refused. */
export function RequestsChart({ usage, onStretch }: { usage: Wire['Usage']; onStretch?: OnStretch }) {
  const { all, time } = useSteps(usage, onStretch);
  const { requests, ok } = usage.total;
  const label = `${count(requests, 'request')} from ${sayOf(usage)(usage.from)} to ${sayOf(usage)(lastOf(usage))}, ${ok.toLocaleString('en')} of them answered well`;
  return <Bars all={bars(all)} label={label} time={time} />;
}

/** The part of all requests that was answered well, over time. */
export function RateChart({ usage, onStretch }: { usage: Wire['Usage']; onStretch?: OnStretch }) {
  const { all, time } = useSteps(usage, onStretch);
  const values = all.map(({ sum }) => sum?.success_rate);
  const low = floorOf(Math.min(1, ...values.filter((value) => value != null)));
  const label = `Success rate, ${percent(usage.total.success_rate)} over the whole stretch`;
  return (
    <Lines
      lines={[{ name: 'ok', title: 'Answered well', values }]}
      low={low}
      high={1}
      label={label}
      say={percent}
      time={time}
    />
  );
}

/** How long requests took that were forwarded, over time: half of them, 95 and 99 of 100. */
export function TimesChart({ usage, onStretch }: { usage: Wire['Usage']; onStretch?: OnStretch }) {
  const { all, time } = useSteps(usage, onStretch);
  const { p50_ms, p95_ms, p99_ms } = usage.total;
  if (p50_ms == null) return <Text fz="sm">Nothing was forwarded in this time.</Text>;
  const high = ceiling(Math.max(...all.map(({ sum }) => sum?.p99_ms ?? 0)), LEAST_MS);
  const label = `Response times: half within ${ms(p50_ms)}, 95 of 100 within ${ms(p95_ms)}, 99 of 100 within ${ms(p99_ms)}`;
  return (
    <Lines
      lines={[
        { name: 'p50', title: 'p50', values: all.map(({ sum }) => sum?.p50_ms) },
        { name: 'p95', title: 'p95', values: all.map(({ sum }) => sum?.p95_ms) },
        { name: 'p99', title: 'p99', values: all.map(({ sum }) => sum?.p99_ms) },
      ]}
      high={high}
      label={label}
      say={ms}
      time={time}
    />
  );
}

/** The same as a table, for whoever wants the numbers or can't see a chart. */
export function Numbers({ usage, showsTimes = true }: { usage: Wire['Usage']; showsTimes?: boolean }) {
  const rows = usage.points.toReversed();
  const say = sayOf(usage);
  return (
    <details>
      <Text component="summary" fz="sm" style={{ cursor: 'pointer' }}>
        As numbers
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className={classes.numbers} tabIndex={0} aria-label="As numbers">
        <Table stickyHeader fz="sm" ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>From</Table.Th>
              {['Requests', 'Answered well', ...(showsTimes ? ['p50', 'p95', 'p99'] : [])].map((title) => (
                <Table.Th key={title} ta="right">
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.at}>
                <Table.Td ta="left">{say === minute ? <When at={row.at} /> : say(row.at)}</Table.Td>
                <Table.Td>{row.requests.toLocaleString('en')}</Table.Td>
                <Table.Td>{percent(row.success_rate)}</Table.Td>
                {showsTimes &&
                  [row.p50_ms, row.p95_ms, row.p99_ms].map((value, index) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: a column's place is its name
                    <Table.Td key={index}>{ms(value)}</Table.Td>
                  ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </section>
    </details>
  );
}
