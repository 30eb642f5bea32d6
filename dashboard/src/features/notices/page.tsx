import { Table, Tabs, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Wire } from '../../api/client';
import { useScope } from '../../session/scope';
import { useActorName } from '../../shared/actors';
import { NoticeChoice } from '../../shared/notice-choice';
import { NOTICE_KINDS, noticeWords, OF_OPERATORS } from '../../shared/notice-words';
import { Empty, Failure, Older, Page, Section, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';
import { NoticeSettings } from './settings';

const PAGE = 50;
/** What wants somebody to do something. */
const URGENT = [
  'key.expiring',
  'key.expired',
  'key.exposed',
  'limit.reached',
  'refusals.unknown_keys',
  'refusals.revoked_key',
  'webhook.disabled',
];

/** What the account's people and programs were told, and what they want to be told. */
export function Notices() {
  const scope = useScope();
  return (
    <Page
      title="Notices"
      crumbs={[{ title: 'Watch' }]}
      lead="What people and webhooks of this account are told: ends of keys, limits, odd refusals, changes."
    >
      <Tabs defaultValue="told" keepMounted={false}>
        <Tabs.List mb="lg">
          <Tabs.Tab value="told">Told</Tabs.Tab>
          {scope.may('settings.read') && <Tabs.Tab value="account">For this account</Tabs.Tab>}
          {scope.isMember && <Tabs.Tab value="you">For you</Tabs.Tab>}
        </Tabs.List>
        <Tabs.Panel value="told">
          <Told />
        </Tabs.Panel>
        <Tabs.Panel value="account">
          <NoticeSettings />
        </Tabs.Panel>
        <Tabs.Panel value="you">
          <Section title="Your mails" lead={`Of what happens in ${scope.account.name}. Others choose for themselves.`}>
            <NoticeChoice account={scope.id} kinds={NOTICE_KINDS.filter((kind) => !OF_OPERATORS.includes(kind))} />
          </Section>
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

function Told() {
  const scope = useScope();
  const query = useInfiniteQuery({
    queryKey: ['notices', scope.id],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(
        scope.client.GET('/v1/notices', {
          params: { query: { account_id: scope.id, limit: PAGE, cursor: pageParam } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const notices = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Section title="What was told">
      {query.isPending && <Waiting />}
      {query.isError && <Failure error={query.error} again={() => query.refetch()} />}
      {query.isSuccess && notices.length === 0 && (
        <Empty title="Nothing yet">Keys that near their end, limits that are reached and the like are told here.</Empty>
      )}
      {notices.length > 0 && (
        <Stacked heads={['When', 'What', 'About']}>
          {notices.map((notice) => (
            <Table.Tr key={notice.id}>
              <Table.Td>
                <When at={notice.at} />
              </Table.Td>
              <Table.Td>
                <Tag color={URGENT.includes(notice.kind) ? 'orange' : 'gray'}>{noticeWords(notice.kind)}</Tag>
              </Table.Td>
              <Table.Td>
                <About notice={notice} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Stacked>
      )}
      <Older query={query}>Older notices</Older>
    </Section>
  );
}

function About({ notice }: { notice: Wire['Notice'] }) {
  const scope = useScope();
  const actorName = useActorName();
  if (notice.key_id) {
    return (
      <Link to={`/a/${scope.id}/keys/${notice.key_id}`} className="row-link">
        {keyNameIn(notice.facts) ?? notice.key_id}
      </Link>
    );
  }
  return <Text fz="sm">{notice.person_id ? actorName(`person:${notice.person_id}`) : '–'}</Text>;
}

/** What the facts call the key, where they do. */
function keyNameIn(facts: unknown): string | null {
  const record = asRecord(facts);
  const key = asRecord(record.key);
  const name = [record.key_name, key.name, record.name].find((one) => typeof one === 'string' && one !== '');
  return typeof name === 'string' ? name : null;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
