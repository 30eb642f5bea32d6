import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery } from '@tanstack/react-query';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { Empty, Failure, Older, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';

const PAGE = 50;

/** Every attempt to tell a webhook something; each can be sent again. */
export function Deliveries({ hook }: { hook: Wire['Webhook'] }) {
  const { client, may } = useScope();
  const path = { account_id: hook.account_id, webhook_id: hook.id };
  const query = useInfiniteQuery({
    queryKey: ['deliveries', hook.id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(
        client.GET('/v1/accounts/{account_id}/webhooks/{webhook_id}/deliveries', {
          params: { path, query: { limit: PAGE, cursor: pageParam } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const resend = useAction((parcel_id: string) =>
    answered(
      client.POST('/v1/accounts/{account_id}/webhooks/{webhook_id}/deliveries/{parcel_id}/resend', {
        params: { path: { ...path, parcel_id } },
      }),
    ),
  );
  if (query.isPending) return <Waiting />;
  if (query.isError) return <Failure error={query.error} again={() => query.refetch()} />;
  const attempts = query.data.pages.flatMap((page) => page.items);
  if (attempts.length === 0) {
    return <Empty title="Nothing was sent yet">“Send a test” shows at once whether your program answers.</Empty>;
  }
  return (
    <Stack gap="sm">
      {resend.refused && <Failure error={resend.refused} />}
      <Stacked heads={['When', 'What', 'Attempt', 'Answer', 'Took', { title: 'Actions', isHidden: true }]}>
        {attempts.map((attempt) => (
          <Table.Tr key={`${attempt.parcel_id}-${attempt.attempt}-${attempt.at}`}>
            <Table.Td>
              <When at={attempt.at} />
            </Table.Td>
            <Table.Td>{attempt.type}</Table.Td>
            <Table.Td>{attempt.attempt}</Table.Td>
            <Table.Td>
              <Group gap={6}>
                <Tag color={attempt.error ? 'red' : 'teal'}>{attempt.status ?? 'none'}</Tag>
                {attempt.error && (
                  <Text fz={12} className="quiet">
                    {attempt.error}
                  </Text>
                )}
              </Group>
            </Table.Td>
            <Table.Td>{attempt.took_ms.toLocaleString('en')} ms</Table.Td>
            <Table.Td ta="right">
              {may('settings.write') && attempt.type !== 'test' && (
                <Button
                  size="compact-xs"
                  variant="default"
                  onClick={async () => {
                    if ((await resend.run(attempt.parcel_id)) === undefined) return;
                    notifications.show({ message: 'It is on its way again.', color: 'teal' });
                  }}
                >
                  Resend
                </Button>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Stacked>
      <Older query={query}>Older attempts</Older>
    </Stack>
  );
}
