import { Anchor, Group, SegmentedControl, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useView } from '../../session/view';
import { ApiChoice, useApis } from '../../shared/apis';
import { Figures } from '../../shared/figures';
import { type Range, since, useUsage } from '../../shared/usage';
import { UsageChart } from '../../shared/usage-chart';
import { Empty, Failure, Page, Section, Waiting } from '../../ui/page';
import { When } from '../../ui/parts';

const TOP = 10;

/** How much keys were used, how well it went, and by which of them: of an account, or of all. */
export function UsagePage() {
  const view = useView();
  const [range, setRange] = useState<Range>('day');
  const [api, setApi] = useState<string | null>(null);
  const usage = useUsage(range, { api: api ?? undefined });
  return (
    <Page
      title={view.scope ? 'Usage' : 'All usage'}
      crumbs={[{ title: view.section('Watch') }]}
      lead={
        view.scope
          ? 'Every request with a key of this account, refused ones too.'
          : 'Every request to every API, refused ones too.'
      }
      actions={
        <>
          {!view.scope && <ApiChoice value={api} onChange={setApi} />}
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
        </>
      }
    >
      {usage.isPending && <Waiting />}
      {usage.isError && <Failure error={usage.error} again={() => usage.refetch()} />}
      {usage.data && (
        <>
          <Sums sum={usage.data.total} />
          <Section title="Requests">
            {usage.data.total.requests === 0 ? (
              <Empty title="No requests in this time">
                Call the API with a key: it is counted here within seconds.
              </Empty>
            ) : (
              <UsageChart usage={usage.data} />
            )}
            <Whole whole={usage.data} />
          </Section>
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
            <Outcomes outcomes={usage.data.total.outcomes} />
            <Stack gap="lg">
              {!view.scope && !api && <Apis range={range} onChoose={setApi} />}
              {view.scope ? (
                <Top by="key" title="Keys" range={range} />
              ) : (
                <Top by="account" title="Accounts" range={range} api={api} />
              )}
              {(view.scope || api) && <Top by="route" title="Routes" range={range} api={api} />}
            </Stack>
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}

/** How much each API was asked, those with the most requests first. */
function Apis({ range, onChoose }: { range: Range; onChoose: (api: string) => void }) {
  const { client } = useView();
  const apis = useApis();
  const names = apis.data?.items.map((api) => api.name) ?? [];
  const all = useQueries({
    queries: names.map((api) => ({
      queryKey: ['usage', null, { api }, range],
      queryFn: () => answered(client.GET('/v1/usage', { params: { query: { api, from: since(range) } } })),
    })),
  });
  const failed = all.find((one) => one.isError);
  const rows = names.map((name, index) => ({ name, total: all[index]?.data?.total }));
  rows.sort((a, b) => (b.total?.requests ?? 0) - (a.total?.requests ?? 0));
  return (
    <Section title="APIs" lead="Choose one to see its routes.">
      {failed && <Failure error={failed.error} />}
      <Table>
        <Table.Tbody>
          {rows.map(({ name, total }) => (
            <Table.Tr key={name}>
              <Table.Td>
                <Anchor component="button" fz="sm" fw={600} onClick={() => onChoose(name)}>
                  {name}
                </Anchor>
              </Table.Td>
              <Table.Td ta="right">{rateText(total)}</Table.Td>
              <Table.Td ta="right">{total?.requests.toLocaleString('en') ?? '…'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}

function ms(value: number | null | undefined): string {
  if (value == null) return '–';
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value).toLocaleString('en')} ms`;
}

function rateText(sum: Wire['UsageSum'] | undefined): string {
  return sum?.success_rate == null ? '–' : `${(sum.success_rate * 100).toFixed(1)} %`;
}

function Sums({ sum }: { sum: Wire['UsageSum'] }) {
  return (
    <Figures
      items={[
        ['Requests', sum.requests.toLocaleString('en')],
        ['Answered well', rateText(sum)],
        ['Median response', ms(sum.p50_ms)],
        ['95 of 100 within', ms(sum.p95_ms)],
        ['99 of 100 within', ms(sum.p99_ms)],
      ]}
    />
  );
}

/** Until when everything is counted, and what is not. */
function Whole({ whole }: { whole: Pick<Wire['Usage'], 'as_of' | 'lost'> & { other?: number | null } }) {
  const lost = whole.lost.reduce((all, one) => all + one.records, 0);
  return (
    <Text fz={12} className="quiet">
      Counted until <When at={whole.as_of} />
      {lost > 0
        ? `; ${lost.toLocaleString('en')} requests of the whole deployment are missing.`
        : '; nothing is missing.'}
      {whole.other ? ` ${whole.other.toLocaleString('en')} of these hours are not told apart by minutes.` : null}
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

type By = 'key' | 'route' | 'account';

function Top({ by, title, range, api }: { by: By; title: string; range: Range; api?: string | null }) {
  const { client, account } = useView();
  const query = { by, account_id: account, api: api ?? undefined, from: since(range), limit: TOP };
  const top = useQuery({
    queryKey: ['usage-top', account ?? null, by, range, api ?? null],
    queryFn: () => answered(client.GET('/v1/usage/top', { params: { query } })),
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
                  <TopName by={by} item={item} />
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

function TopName({ by, item }: { by: By; item: Wire['UsageCount'] }) {
  const { account } = useView();
  if (by === 'route') return item.name || <span className="quiet">no route</span>;
  const to = by === 'key' ? `/a/${account}/keys/${item.name}` : `/a/${item.name}`;
  return (
    <Link to={to} className="row-link">
      {item.title ?? item.name}
    </Link>
  );
}
