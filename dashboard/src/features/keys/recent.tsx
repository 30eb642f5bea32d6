import { Anchor, Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { ms } from '../../lib/words';
import { useScope } from '../../session/scope';
import { Details } from '../../shared/log-details';
import { outcomeColor } from '../../shared/log-words';
import { Modal } from '../../ui/modal';
import { Failure, Section, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';

const SHOWN = 8;
const EVERY_MS = 15_000;

/** The last requests with a key, and where the others are. */
export function RecentRequests({ id }: { id: string }) {
  const { id: account, client } = useScope();
  const [opened, setOpened] = useState<Wire['LogEntry'] | null>(null);
  const recent = useQuery({
    queryKey: ['recent', account, id],
    refetchInterval: EVERY_MS,
    queryFn: () => answered(client.GET('/v1/logs', { params: { query: { key_id: id, limit: SHOWN } } })),
  });
  return (
    <Section title="Recent requests">
      {recent.isPending && <Waiting />}
      {recent.isError && <Failure error={recent.error} again={() => recent.refetch()} />}
      {recent.data?.items.length === 0 && (
        <Text fz="sm">None are kept. Call the API with it: the request is here within seconds.</Text>
      )}
      {recent.data && recent.data.items.length > 0 && (
        <Stacked heads={['When', 'Request', 'Status', { title: 'Took', isNumber: true }]}>
          {recent.data.items.map((entry) => (
            <Table.Tr key={entry.request_id}>
              <Table.Td>
                <When at={entry.at} form="relative" />
              </Table.Td>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                <Anchor component="button" fz="sm" ta="left" onClick={() => setOpened(entry)}>
                  {entry.method} {entry.path}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <Group gap={6}>
                  <Tag color={outcomeColor(entry)}>{entry.status}</Tag>
                  {entry.code && (
                    <Text fz={12} className="quiet">
                      {entry.code}
                    </Text>
                  )}
                </Group>
              </Table.Td>
              <Table.Td ta="right">{ms(entry.total_us / 1_000)}</Table.Td>
            </Table.Tr>
          ))}
        </Stacked>
      )}
      <Group gap="md">
        <Anchor component={Link} to={`/a/${account}/requests`} search={{ key: id } as never} fz="sm">
          All its requests
        </Anchor>
        <Anchor component={Link} to={`/a/${account}/live`} search={{ key: id } as never} fz="sm">
          Watch it live
        </Anchor>
      </Group>
      <Modal opened={opened !== null} onClose={() => setOpened(null)} title="One request" size="lg">
        {opened && <Details entry={opened} />}
      </Modal>
    </Section>
  );
}
