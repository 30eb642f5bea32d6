import { Button, Group, Select, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, ownClient, type Wire } from '../api/client';
import { useAction } from '../api/use-action';
import { Failure, Waiting } from '../ui/page';
import { Tag } from '../ui/parts';
import { AT_ONCE, noticeWords } from './notice-words';

type Delivery = Wire['NoticeDelivery'];

const DELIVERIES: { value: Delivery; label: string }[] = [
  { value: 'now', label: 'At once' },
  { value: 'daily', label: 'Once a day' },
  { value: 'off', label: 'Not at all' },
];

/** When somebody is mailed: of one of their accounts, or, as operator, of what concerns none. */
export function NoticeChoice({ account, kinds }: { account: string | null; kinds: readonly string[] }) {
  const chosen = useQuery({ queryKey: ['own-notices', account], queryFn: () => read(account) });
  if (chosen.isPending) return <Waiting />;
  if (chosen.isError) return <Failure error={chosen.error} again={() => chosen.refetch()} />;
  return <Form key={JSON.stringify(chosen.data)} account={account} kinds={kinds} chosen={chosen.data} />;
}

function read(account: string | null): Promise<Wire['NoticeChoice']> {
  if (account === null) return answered(ownClient.GET('/v1/me/notices'));
  const path = { account_id: account };
  return answered(ownClient.GET('/v1/me/accounts/{account_id}/notices', { params: { path } }));
}

function write(account: string | null, body: Wire['NoticeChoice']): Promise<Wire['NoticeChoice']> {
  if (account === null) return answered(ownClient.PUT('/v1/me/notices', { body }));
  const path = { account_id: account };
  return answered(ownClient.PUT('/v1/me/accounts/{account_id}/notices', { params: { path }, body }));
}

function Form({
  account,
  kinds,
  chosen,
}: {
  account: string | null;
  kinds: readonly string[];
  chosen: Wire['NoticeChoice'];
}) {
  const [delivery, setDelivery] = useState<Delivery>(chosen.delivery ?? 'now');
  const [own, setOwn] = useState<Record<string, Delivery>>(chosen.kinds ?? {});
  const save = useAction(() => write(account, { delivery, kinds: own }));
  const set = (kind: string, value: string | null) => {
    const { [kind]: _, ...others } = own;
    setOwn(value === null ? others : { ...others, [kind]: value as Delivery });
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await save.run()) !== undefined) notifications.show({ message: 'Your choice is saved.', color: 'teal' });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {save.refused && <Failure error={save.refused} />}
        <Select
          label="You are mailed"
          description="What is for you alone, such as a link to a new password, comes in any case."
          data={DELIVERIES}
          value={delivery}
          onChange={(value) => value && setDelivery(value as Delivery)}
          allowDeselect={false}
          maw={360}
        />
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Of this otherwise</Table.Th>
              <Table.Th>When</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {kinds.map((kind) => (
              <Table.Tr key={kind}>
                <Table.Td>
                  <Group gap={6}>
                    <Text fz="sm">{noticeWords(kind)}</Text>
                    {AT_ONCE.includes(kind) && <Tag>never held for a day</Tag>}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <Select
                    aria-label={`Mails of: ${noticeWords(kind)}`}
                    placeholder="As above"
                    size="xs"
                    data={DELIVERIES}
                    value={own[kind] ?? null}
                    onChange={(value) => set(kind, value)}
                    clearable
                    w={{ base: 140, sm: 200 }}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
        <Group>
          <Button type="submit" loading={save.busy}>
            Save
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
