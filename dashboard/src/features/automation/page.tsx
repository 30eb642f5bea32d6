import { Button, Checkbox, Group, Select, SimpleGrid, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { includes, type Permission } from '../../lib/permissions';
import { useScopeIfAny } from '../../session/scope';
import { Modal } from '../../ui/modal';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';

const PAGE_MAX = 200;
const PERMISSIONS: Permission[] = [
  'keys.read',
  'keys.write',
  'people.read',
  'people.write',
  'usage.read',
  'logs.read',
  'settings.read',
  'settings.write',
  'audit.read',
];
const SPANS = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: '1 year' },
  { value: 'never', label: 'Forever' },
];

/** What authenticates scripts to the management API: of one account, or of the whole deployment. */
export function ManagementKeys() {
  const scope = useScopeIfAny();
  const client = scope?.client ?? ownClient;
  const [making, setMaking] = useState(false);
  const [revoked, setRevoked] = useState<Wire['ManagementKey'] | null>(null);
  const keys = useQuery({
    queryKey: ['management-keys', scope?.id ?? null],
    queryFn: async () => {
      const page = await answered(client.GET('/v1/management-keys', { params: { query: { limit: PAGE_MAX } } }));
      return page.items.filter((key) => !scope || key.account_id === scope.id);
    },
  });
  const make = (!scope || scope.may('settings.write')) && (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      Make a management key
    </Button>
  );
  return (
    <Page
      title={scope ? 'Management keys' : 'All management keys'}
      crumbs={[{ title: scope ? 'Automation' : 'Deployment' }]}
      lead="For scripts and pipelines that call the management API, as described at /docs. They open no API behind the gateway."
      actions={keys.data && keys.data.length > 0 && make}
    >
      {keys.isPending && <Waiting />}
      {keys.isError && <Failure error={keys.error} again={() => keys.refetch()} />}
      {keys.data?.length === 0 && (
        <div className="card">
          <Empty title="No management keys" action={make}>
            Make one for each script, with the permissions it needs and an end.
          </Empty>
        </div>
      )}
      {keys.data && keys.data.length > 0 && (
        <div className="card" style={{ overflowX: 'auto' }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th visibleFrom="sm">May</Table.Th>
                <Table.Th visibleFrom="md">Made</Table.Th>
                <Table.Th>Expires</Table.Th>
                <Table.Th>
                  <span className="sr-only">Actions</span>
                </Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {keys.data.map((key) => (
                <Table.Tr key={key.id}>
                  <Table.Td>
                    <Text fz="sm" fw={600}>
                      {key.name}
                    </Text>
                    <Text fz={12} ff="monospace" className="quiet">
                      {key.hint}
                    </Text>
                    {!scope && key.account_id && (
                      <Text fz={12} className="quiet">
                        of {key.account_id}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td visibleFrom="sm">
                    <Group gap={4}>
                      {key.permissions.map((one) => (
                        <Tag key={one}>{one === '*' ? 'everything' : one}</Tag>
                      ))}
                    </Group>
                  </Table.Td>
                  <Table.Td visibleFrom="md">
                    <When at={key.created_at} form="day" />
                  </Table.Td>
                  <Table.Td>
                    {key.revoked_at ? <Tag color="red">Revoked</Tag> : <When at={key.expires_at} form="day" />}
                  </Table.Td>
                  <Table.Td ta="right">
                    {!key.revoked_at && make && (
                      <Button size="compact-xs" variant="subtle" color="red" onClick={() => setRevoked(key)}>
                        Revoke
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {making && <Make onClose={() => setMaking(false)} />}
      {revoked && <Revoke target={revoked} onClose={() => setRevoked(null)} />}
    </Page>
  );
}

function Make({ onClose }: { onClose: () => void }) {
  const scope = useScopeIfAny();
  const client = scope?.client ?? ownClient;
  const [name, setName] = useState('');
  const [permissions, setPermissions] = useState<string[]>([]);
  const [span, setSpan] = useState<string | null>('90');
  const [made, setMade] = useState<Wire['ManagementKeyCreated'] | null>(null);
  const make = useAction(() =>
    answered(
      client.POST('/v1/management-keys', {
        body: {
          name,
          account_id: scope?.id,
          permissions,
          expires: span === 'never' ? 'never' : { days: Number(span) },
        },
      }),
    ),
  );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await make.run();
    if (done) setMade(done);
  };
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={made ? made.name : 'Make a management key'}
      closeOnClickOutside={made === null}
      closeOnEscape={made === null}
      withCloseButton={made === null}
    >
      {made ? (
        <Stack>
          {made.secret && (
            <SecretBox
              secret={made.secret}
              label="Management key"
              notice="Copy it now and keep it safe: it can’t be shown again."
            />
          )}
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            {make.refused && <Failure error={make.refused} shown={['/name', '/permissions', '/expires']} />}
            <TextInput
              label="Name"
              description="What uses it."
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={make.refused?.at('/name')}
              required
              data-autofocus
            />
            <Checkbox.Group
              label="Permissions"
              description="Choose only what the script needs."
              value={permissions}
              onChange={setPermissions}
              error={make.refused?.at('/permissions')}
            >
              <SimpleGrid cols={2} spacing="xs" mt={6}>
                {PERMISSIONS.map((one) => (
                  <Checkbox
                    key={one}
                    value={one}
                    label={one}
                    disabled={(scope && !scope.may(one)) || (includes(permissions, one) && !permissions.includes(one))}
                  />
                ))}
              </SimpleGrid>
            </Checkbox.Group>
            <Select label="Good for" data={SPANS} value={span} onChange={setSpan} allowDeselect={false} maw={200} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={make.busy} disabled={permissions.length === 0}>
                Make it
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Revoke({ target, onClose }: { target: Wire['ManagementKey']; onClose: () => void }) {
  const client = useScopeIfAny()?.client ?? ownClient;
  const revoke = useAction(() =>
    answered(
      client.DELETE('/v1/management-keys/{management_key_id}', {
        params: { path: { management_key_id: target.id } },
      }),
    ),
  );
  return (
    <Modal opened onClose={onClose} title={`Revoke ${target.name}?`}>
      <Stack>
        {revoke.refused && <Failure error={revoke.refused} />}
        <Text fz="sm">Whatever still sends it is refused from its next call on. This can’t be undone.</Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            color="red"
            loading={revoke.busy}
            onClick={async () => {
              if ((await revoke.run()) !== undefined) onClose();
            }}
          >
            Revoke management key
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
