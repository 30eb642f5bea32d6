import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { asked, instant, type Last, local, type Stretch } from '../lib/stretch';

const TITLES: Record<Last, string> = { '1h': '1 h', '24h': '24 h', '7d': '7 d', '30d': '30 d', '90d': '90 d' };
const DATES = 'dates';

/** Which stretch of time: one of the usual ones up to now, or any, by its two ends in the viewer's zone. */
export function StretchChoice({
  value,
  onChange,
  lasts,
  size = 'sm',
}: {
  value: Stretch;
  onChange: (stretch: Stretch) => void;
  lasts: readonly Last[];
  size?: 'xs' | 'sm';
}) {
  const [isAsking, setIsAsking] = useState(false);
  const chosen = isAsking || !('last' in value) ? DATES : value.last;
  return (
    <Group gap="xs" justify="flex-end">
      <SegmentedControl
        size={size}
        aria-label="Stretch of time"
        value={chosen}
        onChange={(name) => {
          setIsAsking(name === DATES);
          if (name !== DATES) onChange({ last: name as Last });
        }}
        data={[...lasts.map((last) => ({ value: last, label: TITLES[last] })), { value: DATES, label: 'Dates' }]}
      />
      {chosen === DATES && (
        <Dates
          // Another stretch, such as one that was drawn in a chart, brings its own ends into the fields.
          key={JSON.stringify(value)}
          value={value}
          size={size}
          onChange={(stretch) => {
            setIsAsking(false);
            onChange(stretch);
          }}
        />
      )}
    </Group>
  );
}

function Dates({ value, size, onChange }: { value: Stretch; size: 'xs' | 'sm'; onChange: (stretch: Stretch) => void }) {
  const now = Date.now();
  const ends = asked(value, now);
  const [from, setFrom] = useState(local(ends.from));
  const [to, setTo] = useState(local(ends.to ?? new Date(now).toISOString()));
  const [fault, setFault] = useState<string | null>(null);
  const show = (event: FormEvent) => {
    event.preventDefault();
    const stretch = { from: instant(from), to: instant(to) };
    if (!stretch.from || !stretch.to) setFault('Say both days and times');
    else if (stretch.from >= stretch.to) setFault('The end is not after the beginning');
    else onChange({ from: stretch.from, to: stretch.to });
  };
  return (
    <form onSubmit={show} noValidate aria-label="Dates">
      <Group gap="xs" align="flex-start">
        <TextInput
          type="datetime-local"
          size={size}
          w={205}
          aria-label="From"
          value={from}
          onChange={(event) => setFrom(event.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          size={size}
          w={205}
          aria-label="Until"
          value={to}
          error={fault}
          onChange={(event) => setTo(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" size={size}>
          Show
        </Button>
      </Group>
    </form>
  );
}
