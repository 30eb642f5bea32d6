import { Group, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered, type Wire } from '../../api/client';
import { word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { keyName } from '../../shared/key-facts';
import { Empty, Failure, Page, Section, Waiting } from '../../ui/page';
import { Standing, Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';
import { Shrink } from './shrink';

/** What is better tidied up: idle keys, scopes that nobody uses, rotations to complete, dead keys that still arrive. */
export function HygienePage() {
  const scope = useScope();
  const hygiene = useQuery({
    queryKey: ['hygiene', scope.id],
    queryFn: () =>
      answered(scope.client.GET('/v1/accounts/{account_id}/hygiene', { params: { path: { account_id: scope.id } } })),
  });
  return (
    <Page
      title="Hygiene"
      crumbs={[{ title: 'Safety' }]}
      lead="What is better tidied up: every key less, and every scope less, is one thing less to lose."
    >
      {hygiene.isPending && <Waiting />}
      {hygiene.isError && <Failure error={hygiene.error} again={() => hygiene.refetch()} />}
      {hygiene.data && (
        <>
          <Keys found={hygiene.data} />
          <Arriving found={hygiene.data} />
          <Unknown found={hygiene.data} />
        </>
      )}
    </Page>
  );
}

function Keys({ found }: { found: Wire['Hygiene'] }) {
  const scope = useScope();
  return (
    <Section
      title={`${word(scope.words, 'keys_page')} to look at`}
      lead={`Idle: not used for ${found.idle_days} days. The dates tell which are new.`}
    >
      {found.keys.length === 0 ? (
        <Empty title="Nothing to tidy up">Every key in use is used, ends some day and is bound to addresses.</Empty>
      ) : (
        <Stacked heads={['Name', 'What to look at', 'Created', 'Last used']}>
          {found.keys.map((key) => (
            <Table.Tr key={key.key_id}>
              <Table.Td>
                <Group gap={6}>
                  <Link to={`/a/${scope.id}/keys/${key.key_id}`} className="row-link">
                    {keyName(key, scope.words)}
                  </Link>
                  <Standing standing={key.standing} words={scope.words} />
                </Group>
              </Table.Td>
              <Table.Td>
                <Group gap={4}>
                  {key.idle && <Tag color="orange">idle</Tag>}
                  {key.rotation_done && <Tag color="teal">rotation can be completed</Tag>}
                  {key.no_expiry && <Tag>never ends</Tag>}
                  {key.no_addresses && <Tag>from anywhere</Tag>}
                  {key.unused_scopes.map((one) => (
                    <Tag key={one} color="blue">
                      never used: {one}
                    </Tag>
                  ))}
                  <Shrink row={key} />
                </Group>
              </Table.Td>
              <Table.Td>
                <When at={key.created_at} form="day" />
              </Table.Td>
              <Table.Td>
                <When at={key.last_used_at} form="relative" />
              </Table.Td>
            </Table.Tr>
          ))}
        </Stacked>
      )}
      {found.more && <Text fz="sm">There may be more.</Text>}
    </Section>
  );
}

function Arriving({ found }: { found: Wire['Hygiene'] }) {
  if (found.arriving.length === 0) return null;
  return (
    <Section title="Still arriving" lead="Requests with keys and secrets that are over: some program was forgotten.">
      <Stacked heads={['Key', 'Refused for', { title: 'Requests', isNumber: true }, 'Last', 'From']}>
        {found.arriving.map((one) => (
          <Table.Tr key={`${one.key_id} ${one.outcome}`}>
            <Table.Td>{one.name ?? one.key_id}</Table.Td>
            <Table.Td>{one.outcome}</Table.Td>
            <Table.Td ta="right">{one.requests.toLocaleString('en')}</Table.Td>
            <Table.Td>
              <When at={one.last_at} form="relative" />
            </Table.Td>
            <Table.Td>{one.addresses?.map((address) => address.name).join(', ') ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Stacked>
    </Section>
  );
}

/** Causes of a refusal, in words. */
const CAUSES: Record<string, string> = {
  'invalid_credentials.unknown': 'The right shape, but no such key',
  'invalid_credentials.checksum': 'A typing error, or something cut off',
  'invalid_credentials.malformed': 'Not the shape of a key at all',
};

function Unknown({ found }: { found: Wire['Hygiene'] }) {
  const scope = useScope();
  const unknown = found.unknown ?? [];
  if (unknown.length === 0) return null;
  return (
    <Section
      title="Keys that are none"
      lead={
        <>
          Requests with this account’s id and a key that never was one.{' '}
          {scope.may('logs.read') && (
            <>
              <Link to={`/a/${scope.id}/requests`} search={{ outcome: 'refused' } as never} className="row-link">
                Requests
              </Link>{' '}
              has each of them.
            </>
          )}
        </>
      }
    >
      <Stacked heads={['What was sent', { title: 'Requests', isNumber: true }, 'Last day (UTC)']}>
        {unknown.map((one) => (
          <Table.Tr key={one.outcome}>
            <Table.Td>{CAUSES[one.outcome] ?? one.outcome}</Table.Td>
            <Table.Td ta="right">{one.requests.toLocaleString('en')}</Table.Td>
            <Table.Td>{one.last_on ?? '–'}</Table.Td>
          </Table.Tr>
        ))}
      </Stacked>
    </Section>
  );
}
