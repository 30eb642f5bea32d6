import { SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { type Last, length, type Stretch } from '../../lib/stretch';
import { DAY_MS } from '../../lib/time';
import { Callers } from '../../shared/callers';
import { StretchChoice } from '../../shared/stretch-choice';
import { useUsage } from '../../shared/usage';
import { Numbers, RateChart, RequestsChart, TimesChart } from '../../shared/usage-charts';
import { Failure, Section, Waiting } from '../../ui/page';

/** A key is counted in hours. */
const LASTS: readonly Last[] = ['24h', '7d', '30d', '90d'];
const DAY_S = 86_400;

/** How a key was used, and by whom. */
export function KeyUsage({ id }: { id: string }) {
  const [stretch, setStretch] = useState<Stretch>({ last: '7d' });
  const usage = useUsage(stretch, { key: id });
  return (
    <Section title="Usage" actions={<StretchChoice size="xs" value={stretch} onChange={setStretch} lasts={LASTS} />}>
      {usage.isPending && <Waiting />}
      {usage.isError && <Failure error={usage.error} again={() => usage.refetch()} />}
      {usage.data && usage.data.total.requests === 0 && <Text fz="sm">No requests in this time.</Text>}
      {usage.data && usage.data.total.requests > 0 && (
        <>
          <RequestsChart usage={usage.data} onStretch={setStretch} />
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Part title="Success rate">
              <RateChart usage={usage.data} onStretch={setStretch} />
            </Part>
            <Part title="Response times">
              <Times id={id} stretch={stretch} />
            </Part>
          </SimpleGrid>
          <Numbers usage={usage.data} showsTimes={usage.data.step_s % DAY_S === 0} />
        </>
      )}
      <Callers id={id} />
    </Section>
  );
}

/** How long its requests took: kept by whole days for a key. */
function Times({ id, stretch }: { id: string; stretch: Stretch }) {
  const isLong = length(stretch) > DAY_MS;
  const usage = useUsage(stretch, { key: id, step_s: DAY_S }, isLong);
  if (!isLong)
    return (
      <Text fz="sm" className="quiet">
        Those of one key are kept by whole days (UTC): choose a longer stretch, or look at its requests one by one.
      </Text>
    );
  if (usage.isPending) return <Waiting />;
  if (usage.isError) return <Failure error={usage.error} again={() => usage.refetch()} />;
  return <TimesChart usage={usage.data} />;
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="xs">
      <Title order={3} fz="sm">
        {title}
      </Title>
      {children}
    </Stack>
  );
}
