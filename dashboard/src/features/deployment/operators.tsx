import { Alert, Button, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Modal } from '../../ui/modal';
import { Failure, Page, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';
import { Stacked } from '../../ui/stacked';

/** Who runs the deployment. */
export function Operators() {
  const [adding, setAdding] = useState(false);
  const [asked, setAsked] = useState<[Wire['Operator'], 'suspend' | 'remove'] | null>(null);
  const operators = useQuery({ queryKey: ['operators'], queryFn: () => answered(ownClient.GET('/v1/operators')) });
  const edit = useAction((id: string, suspended: boolean) =>
    answered(
      ownClient.PATCH('/v1/operators/{person_id}', { params: { path: { person_id: id } }, body: { suspended } }),
    ),
  );
  return (
    <Page
      title="Operators"
      crumbs={[{ title: 'Deployment' }]}
      lead="They reach every account, and see no account’s secrets. The last one stays."
      actions={
        <Button leftSection={<UserPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
          Add an operator
        </Button>
      }
    >
      {edit.refused && <Failure error={edit.refused} />}
      {operators.isPending && <Waiting />}
      {operators.isError && <Failure error={operators.error} again={() => operators.refetch()} />}
      {operators.data && (
        <div className="card">
          <Stacked heads={['Name', 'Status', 'Last login', { title: 'Actions', isHidden: true }]}>
            {operators.data.items.map((one) => (
              <Table.Tr key={one.id}>
                <Table.Td>
                  <div>
                    <Text fz="sm" fw={600}>
                      {one.name}
                    </Text>
                    <Text fz={12} className="quiet">
                      {one.email}
                    </Text>
                  </div>
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {one.suspended ? (
                      <Tag color="red">Suspended</Tag>
                    ) : (
                      <Tag color={one.joined ? 'teal' : 'blue'}>{one.joined ? 'Active' : 'Invited'}</Tag>
                    )}
                    {one.has_totp && <Tag>Authenticator</Tag>}
                  </Group>
                </Table.Td>
                <Table.Td>
                  <When at={one.signed_in_at} form="relative" />
                </Table.Td>
                <Table.Td ta="right">
                  <Group gap={4} justify="flex-end" wrap="nowrap">
                    {one.suspended ? (
                      <Button size="compact-xs" variant="default" onClick={() => edit.run(one.id, false)}>
                        Let in again
                      </Button>
                    ) : (
                      <Button size="compact-xs" variant="default" onClick={() => setAsked([one, 'suspend'])}>
                        Suspend
                      </Button>
                    )}
                    <Button size="compact-xs" variant="subtle" color="red" onClick={() => setAsked([one, 'remove'])}>
                      Remove
                    </Button>
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Stacked>
        </div>
      )}
      {adding && <Add onClose={() => setAdding(false)} />}
      {asked && <Sure target={asked[0]} deed={asked[1]} onClose={() => setAsked(null)} />}
    </Page>
  );
}

function Add({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [added, setAdded] = useState<Wire['OperatorAdded'] | null>(null);
  const add = useAction(() => answered(ownClient.POST('/v1/operators', { body: { name, email } })));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const done = await add.run();
    if (done) setAdded(done);
  };
  return (
    <Modal opened onClose={onClose} title="Add an operator" closeOnClickOutside={added === null}>
      {added ? (
        <Stack>
          {added.invitation.link && <SecretBox secret={added.invitation.link} label="Link to hand over" />}
          <Alert color="blue" p="sm">
            {added.invitation.link ? 'Give it to them and to nobody else. ' : 'A link went to them by mail. '}
            They run the deployment once they have accepted, until <When at={added.invitation.expires_at} />.
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <form onSubmit={submit}>
          <Stack>
            {add.refused && <Failure error={add.refused} shown={['/name', '/email']} />}
            <TextInput
              label="Name"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={add.refused?.at('/name')}
              required
              data-autofocus
            />
            <TextInput
              label="E-mail"
              type="email"
              value={email}
              onChange={(event) => setEmail(event.currentTarget.value)}
              error={add.refused?.at('/email')}
              required
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={add.busy}>
                Add
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Sure({
  target,
  deed,
  onClose,
}: {
  target: Wire['Operator'];
  deed: 'suspend' | 'remove';
  onClose: () => void;
}) {
  const params = { path: { person_id: target.id } };
  const run = useAction(async () => {
    if (deed === 'remove') return answered(ownClient.DELETE('/v1/operators/{person_id}', { params }));
    return answered(ownClient.PATCH('/v1/operators/{person_id}', { params, body: { suspended: true } }));
  });
  const title = deed === 'remove' ? 'Remove' : 'Suspend';
  return (
    <Modal opened onClose={onClose} title={`${title} ${target.name}?`}>
      <Stack>
        {run.refused && <Failure error={run.refused} />}
        <Text fz="sm">
          Their sign-ins end at once, and management keys that they made for all accounts stop working.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            color="red"
            loading={run.busy}
            onClick={async () => {
              if ((await run.run()) !== undefined) onClose();
            }}
          >
            {title} operator
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
