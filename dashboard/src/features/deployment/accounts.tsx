import { Button, Group, Select, Stack, Table, Text, TextInput } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useApis } from '../../shared/apis';
import { Modal } from '../../ui/modal';
import { Empty, Failure, Older, Page, Waiting } from '../../ui/page';
import { Exact, Tag, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';

const PAGE = 100;

/** Every account of the deployment. */
export function AccountList() {
  const apis = useApis();
  const [api, setApi] = useState<string | null>(null);
  const [making, setMaking] = useState(false);
  const accounts = useInfiniteQuery({
    queryKey: ['accounts', api],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(
        ownClient.GET('/v1/accounts', {
          params: { query: { api: api ?? undefined, limit: PAGE, cursor: pageParam } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const items = accounts.data?.pages.flatMap((page) => page.items) ?? [];
  const make = (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      Make an account
    </Button>
  );
  return (
    <Page
      title="Accounts"
      crumbs={[{ title: 'Deployment' }]}
      lead="The customers of your APIs. You manage each of them, and see no account’s secrets."
      actions={make}
    >
      <Select
        aria-label="API"
        placeholder="Of every API"
        data={apis.data?.items.map((one) => one.name) ?? []}
        value={api}
        onChange={setApi}
        clearable
        maw={240}
      />
      {accounts.isPending && <Waiting />}
      {accounts.isError && <Failure error={accounts.error} again={() => accounts.refetch()} />}
      {accounts.isSuccess && items.length === 0 && (
        <div className="card">
          <Empty title="No accounts yet" action={make}>
            Make one for each customer of an API, then invite its people: they manage their own keys.
          </Empty>
        </div>
      )}
      {items.length > 0 && (
        <div className="card" style={{ overflowX: 'auto' }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Account</Table.Th>
                <Table.Th>API</Table.Th>
                <Table.Th visibleFrom="md">Account id</Table.Th>
                <Table.Th visibleFrom="sm">Plan</Table.Th>
                <Table.Th visibleFrom="sm">Since</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {items.map((account) => (
                <Table.Tr key={account.id}>
                  <Table.Td>
                    <Group gap={6}>
                      <Link to={`/a/${account.id}`} className="row-link">
                        {account.name}
                      </Link>
                      {account.suspended && <Tag color="red">Suspended</Tag>}
                    </Group>
                  </Table.Td>
                  <Table.Td>{account.api}</Table.Td>
                  <Table.Td visibleFrom="md">
                    <Exact text={account.public_id} what="account id" />
                  </Table.Td>
                  <Table.Td visibleFrom="sm">{account.plan ?? <span className="quiet">none</span>}</Table.Td>
                  <Table.Td visibleFrom="sm">
                    <When at={account.created_at} form="day" />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <Older query={accounts}>Older accounts</Older>
      {making && <MakeAccount apis={apis.data?.items ?? []} onClose={() => setMaking(false)} />}
    </Page>
  );
}

function MakeAccount({ apis, onClose }: { apis: Wire['Api'][]; onClose: () => void }) {
  const navigate = useNavigate();
  const [api, setApi] = useState<string | null>(apis.length === 1 ? (apis[0]?.name ?? null) : null);
  const [name, setName] = useState('');
  const [plan, setPlan] = useState<string | null>(null);
  const [region, setRegion] = useState<string | null>(null);
  const [externalId, setExternalId] = useState('');
  const [made, setMade] = useState<Wire['AccountCreated'] | null>(null);
  const regions = useQuery({
    queryKey: ['regions', null],
    queryFn: () => answered(ownClient.GET('/v1/regions')),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const chosen = apis.find((one) => one.name === api);
  const own = regions.data?.items.find((one) => one.api === api);
  const make = useAction(() =>
    answered(
      ownClient.POST('/v1/accounts', {
        body: {
          api: api ?? '',
          name,
          plan: plan ?? undefined,
          region: region ?? undefined,
          external_id: externalId || undefined,
        },
      }),
    ),
  );
  const open = (account: Wire['Account']) => navigate({ to: `/a/${account.id}` });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await make.run();
    if (!done) return;
    if (done.first_key?.secret) setMade(done);
    else await open(done);
  };
  if (made?.first_key?.secret) {
    return (
      <Modal opened onClose={onClose} title={`${made.name} is made`} closeOnClickOutside={false}>
        <Stack>
          <Text fz="sm">This API gives each new account its first key; the account’s people see it on their page.</Text>
          <SecretBox secret={made.first_key.secret} label="First key" />
          <Group justify="flex-end">
            <Button onClick={() => open(made)}>Done</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title="Make an account">
      <form onSubmit={submit}>
        <Stack>
          {make.refused && <Failure error={make.refused} shown={['/name', '/api', '/external_id']} />}
          <Select
            label="API"
            data={apis.map((one) => one.name)}
            value={api}
            onChange={(value) => {
              setApi(value);
              setPlan(null);
              setRegion(null);
            }}
            error={make.refused?.at('/api')}
            allowDeselect={false}
            required
          />
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={make.refused?.at('/name')}
            required
          />
          {chosen && chosen.plans.length > 0 && (
            <Select
              label="Plan"
              placeholder="None"
              data={chosen.plans.map((one) => one.name)}
              value={plan}
              onChange={setPlan}
              clearable
            />
          )}
          {own && own.regions.length > 0 && (
            <Select
              label="Region"
              placeholder={own.default_region ?? undefined}
              data={own.regions.map((one) => one.name)}
              value={region}
              onChange={setRegion}
              clearable
            />
          )}
          <TextInput
            label="Your own id"
            description="Of this customer in your own systems; the API behind can be told of it."
            value={externalId}
            onChange={(event) => setExternalId(event.currentTarget.value)}
            error={make.refused?.at('/external_id')}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={make.busy} disabled={!api}>
              Make it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
