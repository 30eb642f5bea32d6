import { Anchor, Button, Group, SegmentedControl, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { X } from 'lucide-react';
import type { Wire } from '../../api/client';
import type { Stretch } from '../../lib/stretch';
import { ms, percent } from '../../lib/words';
import { useView } from '../../session/view';
import { ApiChoice, useApis } from '../../shared/apis';
import { Figures } from '../../shared/figures';
import { StretchChoice } from '../../shared/stretch-choice';
import { useUsage } from '../../shared/usage';
import { Numbers, RateChart, RequestsChart, stepWords, TimesChart } from '../../shared/usage-charts';
import { Empty, Failure, Page, Section, Waiting } from '../../ui/page';
import { When } from '../../ui/parts';
import { LASTS, type UsageSearch, usageSearch, written } from './search';
import { Apis, routeName, Top } from './top';

/** How much keys were used, how well it went, and by which of them: of an account, or of all. */
export function UsagePage() {
  const view = useView();
  const navigate = useNavigate();
  const search = usageSearch(useSearch({ strict: false }));
  const { stretch, ...of } = search;
  const usage = useUsage(stretch, of);
  const set = (change: Partial<UsageSearch>) =>
    navigate({ to: '.', search: written({ ...search, ...change }) as never, resetScroll: false });
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
          {!view.scope && (
            <ApiChoice value={of.api ?? null} onChange={(api) => set({ api: api ?? undefined, route: undefined })} />
          )}
          <Environments value={of.environment} onChange={(environment) => set({ environment })} />
          <StretchChoice value={stretch} onChange={(stretch) => set({ stretch })} lasts={LASTS} />
        </>
      }
    >
      <Only search={search} onChange={set} />
      {usage.isPending && <Waiting />}
      {usage.isError && <Failure error={usage.error} again={() => usage.refetch()} />}
      {usage.data && (
        <>
          <Sums sum={usage.data.total} />
          <Charts usage={usage.data} onStretch={(stretch) => set({ stretch })} />
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg" style={{ alignItems: 'start' }}>
            <Outcomes outcomes={usage.data.total.outcomes} onChoose={(outcome) => set({ outcome })} />
            <Stack gap="lg">
              {!view.scope && !of.api && <Apis stretch={stretch} onChoose={(api) => set({ api })} />}
              {view.scope ? (
                <Top by="key" title="Keys" stretch={stretch} />
              ) : (
                <Top by="account" title="Accounts" stretch={stretch} api={of.api} />
              )}
              {(view.scope || of.api) && (
                <Top by="route" title="Routes" stretch={stretch} api={of.api} onRoute={(route) => set({ route })} />
              )}
            </Stack>
          </SimpleGrid>
        </>
      )}
    </Page>
  );
}

function Charts({ usage, onStretch }: { usage: Wire['Usage']; onStretch: (stretch: Stretch) => void }) {
  if (usage.total.requests === 0)
    return (
      <Section title="Requests">
        <Empty title="No requests in this time">
          Call the API with a key, and it is counted here within seconds; or choose a longer stretch.
        </Empty>
        <Whole whole={usage} />
      </Section>
    );
  return (
    <>
      <Section title="Requests" lead={`${stepWords(usage)}. Draw across a chart to look closer.`}>
        <RequestsChart usage={usage} onStretch={onStretch} />
        <Numbers usage={usage} />
        <Whole whole={usage} />
      </Section>
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Section title="Success rate" lead="Answered below 400, of all requests.">
          <RateChart usage={usage} onStretch={onStretch} />
        </Section>
        <Section title="Response times" lead="Of requests that were forwarded, to the answer’s end.">
          <TimesChart usage={usage} onStretch={onStretch} />
        </Section>
      </SimpleGrid>
    </>
  );
}

/** Keys for real or for trying, where an API tells them apart. */
function Environments({
  value,
  onChange,
}: {
  value: Wire['Environment'] | undefined;
  onChange: (environment: Wire['Environment'] | undefined) => void;
}) {
  const { scope } = useView();
  const apis = useApis();
  const several = scope
    ? scope.api.environments.length > 1
    : apis.data?.items.some((api) => api.environments.length > 1);
  if (!several) return null;
  return (
    <SegmentedControl
      aria-label="Environment"
      value={value ?? ''}
      onChange={(name) => onChange((name || undefined) as Wire['Environment'] | undefined)}
      data={[
        { value: '', label: 'All' },
        { value: 'live', label: 'Live' },
        { value: 'test', label: 'Test' },
      ]}
    />
  );
}

/** What the page is narrowed to, each with a way back. */
function Only({ search, onChange }: { search: UsageSearch; onChange: (change: Partial<UsageSearch>) => void }) {
  const { scope } = useView();
  const { outcome, route } = search;
  if (outcome === undefined && route === undefined) return null;
  return (
    <Group gap="xs" role="group" aria-label="Only">
      <Text fz="sm">Only</Text>
      {outcome !== undefined && <Chip onRemove={() => onChange({ outcome: undefined })}>{outcomeWords(outcome)}</Chip>}
      {route !== undefined && <Chip onRemove={() => onChange({ route: undefined })}>{routeName(route)}</Chip>}
      {route !== undefined && scope && (
        <Text fz="sm" className="quiet">
          Routes of an account are kept in days (UTC).
        </Text>
      )}
    </Group>
  );
}

function Chip({ children, onRemove }: { children: string; onRemove: () => void }) {
  return (
    <Button
      size="compact-sm"
      radius="xl"
      variant="default"
      rightSection={<X size={14} aria-hidden />}
      aria-label={`Not only ${children}`}
      onClick={onRemove}
    >
      {children}
    </Button>
  );
}

function Sums({ sum }: { sum: Wire['UsageSum'] }) {
  return (
    <Figures
      items={[
        ['Requests', sum.requests.toLocaleString('en')],
        ['Answered well', percent(sum.success_rate)],
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

function outcomeWords(outcome: string): string {
  return WORDS[outcome] ?? `Refused: ${outcome}`;
}

function Outcomes({ outcomes, onChoose }: { outcomes: Record<string, number>; onChoose: (outcome: string) => void }) {
  const all = Object.entries(outcomes).sort(([, a], [, b]) => b - a);
  return (
    <Section title="Outcomes" lead="Choose one to see it alone.">
      {all.length === 0 && <Text fz="sm">None yet.</Text>}
      {all.length > 0 && (
        <Table>
          <Table.Tbody>
            {all.map(([name, number]) => (
              <Table.Tr key={name}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <Anchor component="button" fz="sm" ta="left" onClick={() => onChoose(name)}>
                    {outcomeWords(name)}
                  </Anchor>
                </Table.Td>
                <Table.Td ta="right">{number.toLocaleString('en')}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Section>
  );
}
