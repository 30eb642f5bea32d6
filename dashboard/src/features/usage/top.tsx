import { Anchor, Group, Table, Text } from '@mantine/core';
import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Wire } from '../../api/client';
import { asked, type Stretch } from '../../lib/stretch';
import { percent } from '../../lib/words';
import { useView } from '../../session/view';
import { useApis } from '../../shared/apis';
import { Failure, Section, Waiting } from '../../ui/page';

const TOP = 10;
type By = 'key' | 'route' | 'account';

/** The busiest keys, routes or accounts. */
export function Top({
  by,
  title,
  stretch,
  api,
  onRoute,
}: {
  by: By;
  title: string;
  stretch: Stretch;
  api?: string;
  onRoute?: (route: string) => void;
}) {
  const { client, account } = useView();
  const top = useQuery({
    queryKey: ['usage-top', account ?? null, by, stretch, api ?? null],
    queryFn: () => {
      const query = { by, account_id: account, api, limit: TOP, ...asked(stretch, Date.now()) };
      return answered(client.GET('/v1/usage/top', { params: { query } }));
    },
  });
  return (
    <Section title={title} lead="Most requests first, in whole days (UTC).">
      {top.isPending && <Waiting />}
      {top.isError && <Failure error={top.error} />}
      {top.data?.items.length === 0 && <Text fz="sm">None yet.</Text>}
      {top.data && top.data.items.length > 0 && (
        <Table>
          <Table.Tbody>
            {top.data.items.map((item) => (
              <Table.Tr key={item.name}>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <TopName by={by} item={item} onRoute={onRoute} />
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

function TopName({ by, item, onRoute }: { by: By; item: Wire['UsageCount']; onRoute?: (route: string) => void }) {
  const { account } = useView();
  if (by === 'route')
    return (
      <Anchor component="button" fz="sm" fw={600} ta="left" onClick={() => onRoute?.(item.name)}>
        {routeName(item.name)}
      </Anchor>
    );
  const to = by === 'key' ? `/a/${account}/keys/${item.name}` : `/a/${item.name}`;
  return (
    <Link to={to} className="row-link">
      {item.title ?? item.name}
    </Link>
  );
}

export function routeName(route: string): string {
  return route || 'no route';
}

/** How much each API was asked, those with the most requests first. */
export function Apis({ stretch, onChoose }: { stretch: Stretch; onChoose: (api: string) => void }) {
  const { client } = useView();
  const apis = useApis();
  const names = apis.data?.items.map((api) => api.name) ?? [];
  const all = useQueries({
    queries: names.map((api) => ({
      queryKey: ['usage', null, null, { api }, stretch],
      queryFn: () => {
        const query = { api, ...asked(stretch, Date.now()) };
        return answered(client.GET('/v1/usage', { params: { query } }));
      },
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
              <Table.Td ta="right">{percent(total?.success_rate)}</Table.Td>
              <Table.Td ta="right">{total?.requests.toLocaleString('en') ?? '…'}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
