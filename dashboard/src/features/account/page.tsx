import { Alert, Button, Group, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { answered } from '../../api/client';
import { baseUrl } from '../../lib/snippets';
import { word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { rulesOf } from '../../shared/key-facts';
import { useRegionHosts } from '../../shared/secret-shown';
import { Page, Section } from '../../ui/page';
import { Exact, Facts, Tag, When } from '../../ui/parts';
import { OwnKey } from './own-key';
import { AccountSettings } from './settings';

/** The account itself: the credentials that its programs send, the own personal key, its settings. */
export function AccountPage() {
  const scope = useScope();
  const { account, api, words } = scope;
  const hosts = useRegionHosts();
  const hasPersonal = rulesOf(api, 'personal') !== undefined;
  const usesPair = api.schemes.some((scheme) => scheme.type === 'pair');
  const canCreate = scope.may('keys.write') && rulesOf(api, 'account') !== undefined;
  return (
    <Page
      title={word(words, 'account_page')}
      crumbs={[{ title: word(words, 'account_section') }]}
      aside={account.suspended && <Tag color="red">Suspended</Tag>}
      actions={
        canCreate && (
          <Button component={Link} to={`/a/${scope.id}/keys`} variant="default">
            {word(words, 'new_key')}
          </Button>
        )
      }
    >
      {account.suspended && (
        <Alert color="red" title="This account is suspended">
          Every request with its keys is refused until whoever runs this deployment lets it in again.
        </Alert>
      )}
      <Section
        title={account.name}
        lead={usesPair ? 'What every call of this account carries, beside its secret.' : undefined}
      >
        <Facts
          items={[
            [word(words, 'account_id'), <Exact key="id" text={account.public_id} what={word(words, 'account_id')} />],
            ...(account.region ? ([['Region', account.region]] as [string, string][]) : []),
            [
              account.region ? 'Host' : 'Address',
              <Exact key="url" text={baseUrl(api, hosts)} what="address of the API" />,
            ],
            ['API', api.name],
            ...(account.plan ? ([['Plan', account.plan]] as [string, string][]) : []),
            ['Since', <When key="since" at={account.created_at} form="day" />],
          ]}
        />
      </Section>
      {scope.isMember && hasPersonal && <OwnKey />}
      <AccountSettings />
      <Regions />
    </Page>
  );
}

function Regions() {
  const scope = useScope();
  const regions = useQuery({
    queryKey: ['regions', scope.id],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => answered(scope.client.GET('/v1/regions')),
  });
  const own = regions.data?.items.find((api) => api.api === scope.api.name);
  if (!own || own.regions.length === 0) return null;
  return (
    <Section title="Regions" lead="An account lives in one region, and its keys work on that region’s hosts only.">
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Region</Table.Th>
            <Table.Th>Hosts</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {own.regions.map((region) => (
            <Table.Tr key={region.name}>
              <Table.Td>
                <Group gap={6}>
                  {region.name}
                  {region.name === scope.account.region && <Tag color="teal">this account</Tag>}
                </Group>
              </Table.Td>
              <Table.Td ff="monospace" fz={13}>
                {region.hosts.join(', ')}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Section>
  );
}
