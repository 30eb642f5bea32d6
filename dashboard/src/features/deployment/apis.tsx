import { Group, Stack, Table, Text } from '@mantine/core';
import type { Wire } from '../../api/client';
import { headerName } from '../../lib/snippets';
import { capital, word } from '../../lib/words';
import { useApis } from '../../shared/apis';
import { limitText } from '../../shared/key-facts';
import { Empty, Failure, Page, Section, Waiting } from '../../ui/page';
import { Exact, Facts, Tag } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';

/** The APIs as the configuration declares them. */
export function ApiList() {
  const apis = useApis();
  return (
    <Page
      title="APIs"
      crumbs={[{ title: 'Deployment' }]}
      lead="What the configuration declares. To change it, change the file and start again."
    >
      {apis.isPending && <Waiting />}
      {apis.isError && <Failure error={apis.error} again={() => apis.refetch()} />}
      {apis.data?.items.length === 0 && (
        <div className="card">
          <Empty title="No API yet">
            Declare one in keyward.toml: a name and an upstream are enough; `keyward config reference` prints every key.
          </Empty>
        </div>
      )}
      {apis.data?.items.map((api) => (
        <OneApi key={api.name} api={api} />
      ))}
    </Page>
  );
}

function schemeText(scheme: Wire['Scheme']): string {
  switch (scheme.type) {
    case 'bearer':
      return 'Authorization: Bearer';
    case 'basic':
      return 'Authorization: Basic';
    case 'header':
      return headerName(scheme.name);
    case 'pair':
      return `${headerName(scheme.account)} and ${headerName(scheme.secret)}`;
  }
}

function OneApi({ api }: { api: Wire['Api'] }) {
  const limits = (all: Wire['Limit'][]) => (all.length > 0 ? all.map((limit) => limitText(limit)).join(', ') : 'none');
  return (
    <Section
      title={api.name}
      lead={api.preset ? `From the preset ${api.preset}` : undefined}
      actions={api.require_https && <Tag color="teal">HTTPS only</Tag>}
    >
      <Facts
        items={[
          ['Address', <Exact key="url" text={api.url} what="address" />],
          ['Credentials', api.schemes.map(schemeText).join(', or ')],
          ['Environments', api.environments.join(', ')],
          ['Limits of live keys', limits(api.limits_live)],
          ...(api.environments.includes('test')
            ? ([['Limits of test keys', limits(api.limits_test)]] as [string, string][])
            : []),
          ...(api.quotas.length > 0
            ? ([
                ['Quotas', api.quotas.map((quota) => `${quota.name}: ${quota.budget.toLocaleString('en')}`).join(', ')],
              ] as [string, string][])
            : []),
          ...(api.plans.length > 0
            ? ([['Plans', api.plans.map((plan) => plan.name).join(', ')]] as [string, string][])
            : []),
          ...api.kinds.map((rules): [string, string] => [
            capital(word(api.words, rules.kind === 'account' ? 'keys' : 'personal_keys')),
            kindText(rules),
          ]),
        ]}
      />
      {api.scopes.length > 0 && (
        <Stack gap={6}>
          <Text fz="sm" fw={600}>
            Scopes
          </Text>
          {api.scopes.map((scope) => (
            <Text fz="sm" key={scope.name}>
              <code>{scope.name}</code> <span className="quiet">{scope.description}</span>
            </Text>
          ))}
        </Stack>
      )}
      {api.routes.length > 0 && <Routes routes={api.routes} />}
    </Section>
  );
}

function kindText(rules: Wire['KindRules']): string {
  const seen = { once: 'shown once', owner: 'read again by their holder', always: 'stay readable' }[rules.visibility];
  const most = `at most ${rules.count_max.toLocaleString('en')}`;
  return rules.kind === 'account' ? `${most} an account, ${seen}` : `${most} a person, ${seen}`;
}

function Routes({ routes }: { routes: Wire['Route'][] }) {
  return (
    <Stacked heads={['Route', 'Key', 'Scopes', 'Environments']}>
      {routes.map((route) => (
        <Table.Tr key={`${route.methods.join()} ${route.path}`}>
          <Table.Td ff="monospace" fz={13}>
            {route.methods.length > 0 ? route.methods.join(', ') : 'any'} {route.path}
          </Table.Td>
          <Table.Td>{route.access}</Table.Td>
          <Table.Td>
            <Group gap={4}>
              {route.scopes.length > 0 ? route.scopes.map((scope) => <Tag key={scope}>{scope}</Tag>) : '–'}
            </Group>
          </Table.Td>
          <Table.Td>{route.environments.length > 0 ? route.environments.join(', ') : 'all'}</Table.Td>
        </Table.Tr>
      ))}
    </Stacked>
  );
}
