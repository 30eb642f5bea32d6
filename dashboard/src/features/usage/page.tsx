import { Group, SegmentedControl, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useScope } from '../../session/scope';
import { type Range, since, useUsage } from '../../shared/usage';
import { UsageChart } from '../../shared/usage-chart';
import { Empty, Failure, Page, Section, Waiting } from '../../ui/page';
import { When } from '../../ui/parts';

const TOP = 10;

/** How much the account's keys were used, how well it went, and by which of them. */
export function UsagePage() {
  const [range, setRange] = useState<Range>('day');
  const usage = useUsage(range);
  return (
    <Page
      title="Usage"
      crumbs={[{ title: 'Watch' }]}
      lead="Every request with a key of this account, refused ones too."
      actions={
        <SegmentedControl
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
      {usage.data && (
        <>
          <Figures sum={usage.data.total} />
          <Section title="Requests">
            {usage.data.total.requests === 0 ? (
              <Empty title="No requests in this time">
                Call the API with a key of this account: it is counted here within seconds.
              </Empty>
            ) : (
              <UsageChart usage={usage.data} />
            )}
            <Whole whole={usage.data} />
          </Section>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
            <Outcomes outcomes={usage.data.total.outcomes} />
            <Stack gap="lg">
              <Top by="key" title="Keys" range={range} />
              <Top by="route" title="Routes" range={range} />
            </Stack>
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}

function ms(value: number | null | undefined): string {
  if (value == null) return '–';
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString('en')} ms`;
}

function Figures({ sum }: { sum: Wire['UsageSum'] }) {
  const rate = sum.success_rate == null ? '–' : `${(sum.success_rate * 100).toFixed(1)} %`;
  const items: [string, string][] = [
    ['Requests', sum.requests.toLocaleString('en')],
    ['Answered well', rate],
    ['Median response', ms(sum.p50_ms)],
    ['95 of 100 within', ms(sum.p95_ms)],
    ['99 of 100 within', ms(sum.p99_ms)],
  ];
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      {items.map(([name, value]) => (
        <div key={name} className="card" style={{ padding: '0.9rem 1.1rem' }}>
          <Text fz={12} className="quiet">
            {name}
          </Text>
          <Text fz={22} fw={650} style={{ fontVariantNumeric: 'tabular-nums' }}>
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}

/** Until when everything is counted, and what is not. */
function Whole({ whole }: { whole: Pick<Wire['Usage'], 'as_of' | 'lost'> }) {
  const lost = whole.lost.reduce((all, one) => all + one.records, 0);
  return (
    <Text fz={12} className="quiet">
      Counted until <When at={whole.as_of} />
      {lost > 0
        ? `; ${lost.toLocaleString('en')} requests of the whole deployment are missing.`
        : '; nothing is missing.'}
    </Text>
  );
}

const WORDS: Record<string, string> = {
  ok: 'Answered well',
  client_error: 'Answered with 4xx by the API',
  server_error: 'Answered with 5xx by the API',
  broken_off: 'Broken off',
};

function Outcomes({ outcomes }: { outcomes: Record<string, number> }) {
  const all = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  return (
    <Section title="Outcomes">
      {all.length === 0 && <Text fz="sm">None yet.</Text>}
      {all.length > 0 && (
        <Table>
          <Table.Tbody>
            {all.map(([name, number]) => (
              <Table.Tr key={name}>
                <Table.Td>{WORDS[name] ?? `Refused: ${name}`}</Table.Td>
                <Table.Td ta="right">{number.toLocaleString('en')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}

function Top({ by, title, range }: { by: 'key' | 'route'; title: string; range: Range }) {
  const scope = useScope();
  const top = useQuery({
    queryKey: ['usage-top', scope.id, by, range],
    queryFn: () =>
      answered(
        scope.client.GET('/v1/usage/top', {
          params: { query: { by, account_id: scope.id, from: since(range), limit: TOP } },
        }),
      ),
  });
  return (
    <Section title={title} lead="Most requests first, by days.">
      {top.isPending && <Waiting />}
      {top.isError && <Failure error={top.error} />}
      {top.data?.items.length === 0 && <Text fz="sm">None yet.</Text>}
      {top.data && top.data.items.length > 0 && (
        <Table>
          <Table.Tbody>
            {top.data.items.map((item) => (
              <Table.Tr key={item.name}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  {by === 'key' ? (
                    <Link to={`/a/${scope.id}/keys/${item.name}`} className="row-link">
                      {item.title ?? item.name}
                    </Link>
                  ) : (
                    item.name || <span className="quiet">no route</span>
                  )}
                </Table.Td>
                <Table.Td ta="right">
                  <Group gap={6} justify="flex-end" wrap="nowrap">
                    {item.refused > 0 && (
                      <Text fz={12} className="quiet">
                        {item.refused.toLocaleString('en')} refused
                      </Text>
                    )}
                    {item.requests.toLocaleString('en')}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}
