import { Anchor, Group, SegmentedControl, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useScope } from '../../session/scope';
import { Callers } from '../../shared/callers';
import { type Range, useUsage } from '../../shared/usage';
import { UsageChart } from '../../shared/usage-chart';
import { Failure, Section, Waiting } from '../../ui/page';

/** How a key was used, and by whom. */
export function KeyUsage({ id }: { id: string }) {
  const scope = useScope();
  const [range, setRange] = useState<Range>('week');
  const usage = useUsage(range, { key: id });
  return (
    <Section
      title="Usage"
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Stretch of time"
          value={range}
          onChange={(value) => setRange(value as Range)}
          data={[
            { value: 'day', label: '24 hours' },
            { value: 'week', label: '7 days' },
            { value: 'month', label: '30 days' },
          ]}
        />
      }
    >
      {usage.isPending && <Waiting />}
      {usage.isError && <Failure error={usage.error} again={() => usage.refetch()} />}
      {usage.data && usage.data.total.requests === 0 && <Text fz="sm">No requests in this time.</Text>}
      {usage.data && usage.data.total.requests > 0 && <UsageChart usage={usage.data} />}
      <Callers id={id} />
      {scope.may('logs.read') && (
        <Group gap="md">
          <Anchor component={Link} to={`/a/${scope.id}/requests`} search={{ key: id } as never} fz="sm">
            Its requests, one by one
          </Anchor>
          <Anchor component={Link} to={`/a/${scope.id}/live`} search={{ key: id } as never} fz="sm">
            Watch it live
          </Anchor>
        </Group>
      )}
    </Section>
  );
}
