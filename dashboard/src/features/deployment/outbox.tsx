import { Button, Group, SegmentedControl, Table, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { count } from '../../lib/words';
import { useMe } from '../../session/me';
import { noticeWords } from '../../shared/notice-words';
import { Empty, Failure, Older, Page, Section, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';

const PAGE = 50;
const STATES: Record<Wire['ParcelState'], [string, string]> = {
  waiting: ['blue', 'Waiting'],
  held: ['gray', 'Held for a digest'],
  folded: ['gray', 'In a digest'],
  sent: ['teal', 'Sent'],
  dead: ['red', 'Given up'],
};

/** Notices on their way to mailboxes and webhooks. */
export function Outbox() {
  const [state, setState] = useState<Wire['ParcelState'] | ''>('');
  const query = useInfiniteQuery({
    queryKey: ['outbox', state],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(
        ownClient.GET('/v1/outbox', {
          params: { query: { state: state || undefined, limit: PAGE, cursor: pageParam } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const resend = useAction((id: string) =>
    answered(ownClient.POST('/v1/outbox/{parcel_id}/resend', { params: { path: { parcel_id: id } } })),
  );
  const parcels = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Page title="Outbox" crumbs={[{ title: 'Deployment' }]} lead="Notices on their way to mailboxes and webhooks.">
      <MailTest />
      <Section
        title="Parcels"
        actions={
          <SegmentedControl
            size="xs"
            aria-label="State"
            value={state}
            onChange={(value) => setState(value as Wire['ParcelState'] | '')}
            data={[
              { value: '', label: 'All' },
              { value: 'waiting', label: 'Waiting' },
              { value: 'sent', label: 'Sent' },
              { value: 'dead', label: 'Given up' },
            ]}
          />
        }
      >
        {resend.refused && <Failure error={resend.refused} />}
        {query.isPending && <Waiting />}
        {query.isError && <Failure error={query.error} again={() => query.refetch()} />}
        {query.isSuccess && parcels.length === 0 && <Empty title="Nothing here">Nothing is in this state.</Empty>}
        {parcels.length > 0 && (
          <Stacked heads={['What', 'To', 'State', 'Put in', { title: 'Actions', isHidden: true }]}>
            {parcels.map((parcel) => (
              <Table.Tr key={parcel.id}>
                <Table.Td title={parcel.kind}>{noticeWords(parcel.kind)}</Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>{parcel.to}</Table.Td>
                <Table.Td>
                  <Group gap={6}>
                    <Tag color={STATES[parcel.state][0]}>{STATES[parcel.state][1]}</Tag>
                    <Text fz={12} className="quiet">
                      {tried(parcel)}
                    </Text>
                  </Group>
                </Table.Td>
                <Table.Td>
                  <When at={parcel.created_at} />
                </Table.Td>
                <Table.Td ta="right">
                  {(parcel.state === 'sent' || parcel.state === 'dead') && (
                    <Button size="compact-xs" variant="default" onClick={() => resend.run(parcel.id)}>
                      Resend
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Stacked>
        )}
        <Older query={query}>Older parcels</Older>
      </Section>
    </Page>
  );
}

/** How often it was tried, where that says something: what arrived at once needs no word. */
function tried({ state, attempts, last_error }: Wire['Parcel']): string {
  const often = attempts > 1 || (attempts === 1 && state !== 'sent') ? `tried ${count(attempts, 'time')}` : '';
  return [often, last_error].filter(Boolean).join(': ');
}

function MailTest() {
  const me = useMe();
  const [to, setTo] = useState(me.email ?? '');
  const send = useAction(() => answered(ownClient.POST('/v1/mail/test', { body: { to } })));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await send.run();
    if (!done) return;
    const message = `${done.accepted ? 'The mail server took it' : 'It was not taken'}: ${done.answer}`;
    notifications.show({ message, color: done.accepted ? 'teal' : 'red' });
  };
  return (
    <Section title="Try the mail server">
      {send.refused && <Failure error={send.refused} shown={['/to']} />}
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            label="To"
            type="email"
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
            error={send.refused?.at('/to')}
            flex="1 1 16rem"
            maw={360}
            required
          />
          <Button type="submit" variant="default" loading={send.busy}>
            Send a test
          </Button>
        </Group>
      </form>
    </Section>
  );
}
