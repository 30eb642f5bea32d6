import { Box, Button, Checkbox, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { type FormEvent, Fragment, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { includes, type Permission } from '../../lib/permissions';
import { useScope } from '../../session/scope';
import { useRoles } from '../../shared/roles';
import { Modal } from '../../ui/modal';
import { Failure, Waiting } from '../../ui/page';
import { Tag } from '../../ui/parts';

const AREAS: [string, string, ('read' | 'write')[]][] = [
  ['keys', 'Keys', ['read', 'write']],
  ['people', 'People and personal keys', ['read', 'write']],
  ['usage', 'Usage', ['read']],
  ['logs', 'Requests', ['read']],
  ['settings', 'Settings, policy, automation', ['read', 'write']],
  ['audit', 'Audit', ['read']],
];

/** The roles there are: the preset's, and the account's own, which admins make and change. */
export function Roles() {
  const scope = useScope();
  const roles = useRoles(scope);
  const [edited, setEdited] = useState<Wire['Role'] | 'new' | null>(null);
  const mayWrite = scope.may('people.write');
  const remove = useAction((role: string) =>
    answered(
      scope.client.DELETE('/v1/accounts/{account_id}/roles/{role}', {
        params: { path: { account_id: scope.id, role } },
      }),
    ),
  );
  if (roles.length === 0) return <Waiting />;
  return (
    <Stack gap="sm">
      {remove.refused && <Failure error={remove.refused} />}
      <div className="card" style={{ overflowX: 'auto' }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Role</Table.Th>
              <Table.Th>May</Table.Th>
              <Table.Th>
                <span className="sr-only">Actions</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {roles.map((role) => (
              <Table.Tr key={role.name}>
                <Table.Td>
                  <Text fz="sm" fw={600}>
                    {role.title}
                  </Text>
                  <Text fz={12} className="quiet">
                    {role.description || (role.own ? 'Made by this account' : role.name)}
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {role.permissions.map((one) => (
                      <Tag key={one}>{one === '*' ? 'everything' : one}</Tag>
                    ))}
                  </Group>
                </Table.Td>
                <Table.Td ta="right">
                  {role.own && mayWrite && (
                    <Group gap={4} justify="flex-end" wrap="nowrap">
                      <Button size="compact-xs" variant="default" onClick={() => setEdited(role)}>
                        Edit
                      </Button>
                      <Button
                        size="compact-xs"
                        variant="subtle"
                        color="red"
                        loading={remove.busy}
                        onClick={() => remove.run(role.name)}
                      >
                        Delete
                      </Button>
                    </Group>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {mayWrite && (
        <Button variant="default" onClick={() => setEdited('new')} style={{ alignSelf: 'flex-start' }}>
          Make a role
        </Button>
      )}
      {edited && <RoleForm role={edited === 'new' ? null : edited} onClose={() => setEdited(null)} />}
    </Stack>
  );
}

function RoleForm({ role, onClose }: { role: Wire['Role'] | null; onClose: () => void }) {
  const scope = useScope();
  const [name, setName] = useState(role?.name ?? '');
  const [title, setTitle] = useState(role?.title ?? '');
  const [permissions, setPermissions] = useState<string[]>(role?.permissions ?? []);
  const put = useAction(() =>
    answered(
      scope.client.PUT('/v1/accounts/{account_id}/roles/{role}', {
        params: { path: { account_id: scope.id, role: name } },
        body: { title: title || undefined, permissions },
      }),
    ),
  );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await put.run()) !== undefined) onClose();
  };
  const set = (permission: string, isOn: boolean) =>
    setPermissions((all) => (isOn ? [...all, permission] : all.filter((one) => one !== permission)));
  return (
    <Modal opened onClose={onClose} title={role ? `Edit ${role.title}` : 'Make a role'}>
      <form onSubmit={submit}>
        <Stack>
          {put.refused && <Failure error={put.refused} />}
          {!role && (
            <TextInput
              label="Name"
              description="Small letters, digits and dashes; it stays."
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              required
              data-autofocus
            />
          )}
          <TextInput label="Title" value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
          <Box role="group" aria-label="Permissions" className="permissions">
            {AREAS.map(([area, label, deeds]) => (
              <Fragment key={area}>
                <Text fz="sm">{label}</Text>
                {deeds.map((deed) => {
                  const permission = `${area}.${deed}` as Permission;
                  const implied = deed === 'read' && permissions.includes(`${area}.write`);
                  return (
                    <Checkbox
                      key={deed}
                      label={deed === 'read' ? 'see' : 'change'}
                      aria-label={`${deed === 'read' ? 'See' : 'Change'} ${label}`}
                      checked={includes(permissions, permission)}
                      disabled={implied || !scope.may(permission)}
                      onChange={(event) => set(permission, event.currentTarget.checked)}
                    />
                  );
                })}
              </Fragment>
            ))}
          </Box>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={put.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
