import { Alert, Button, Group, Stack, Table, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { Failure, Section } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';
import { mayChange } from './key-page';
import { ReadableCells } from './readable';
import { showsSecrets } from './table';

/** The secrets of a key: one, or two while a rotation is under way, each with its last use. */
export function Secrets({ target }: { target: Wire['Key'] }) {
  const scope = useScope();
  const isRotating = target.secrets.length > 1;
  const params = { params: { path: { key_id: target.id } } };
  const complete = useAction(() => answered(scope.client.POST('/v1/keys/{key_id}/rotate/complete', params)));
  const cancel = useAction(() => answered(scope.client.POST('/v1/keys/{key_id}/rotate/cancel', params)));
  const [current, old] = target.secrets;
  const told = async (done: Promise<unknown>, message: string) => {
    if ((await done) !== undefined) notifications.show({ message, color: 'teal' });
  };
  const isReadable = showsSecrets(scope) && target.kind === 'account';
  const heads = [
    'Secret',
    ...(isReadable ? ['In clear', 'Header'] : []),
    'Made',
    'First used',
    'Last used',
    ...(isRotating ? ['Good until'] : []),
  ];
  return (
    <Section title={isRotating ? 'Rotation under way' : 'Secret'}>
      {(complete.refused ?? cancel.refused) && <Failure error={complete.refused ?? cancel.refused} />}
      {isRotating && old && current && <Advice old={old} current={current} />}
      <Stacked heads={heads}>
        {target.secrets.map((secret) => (
          <Table.Tr key={secret.id}>
            <Table.Td>
              <Group gap={6} wrap="nowrap">
                <Text ff="monospace" fz="sm">
                  {secret.hint}
                </Text>
                {isRotating && (secret.until ? <Tag color="orange">old</Tag> : <Tag color="teal">new</Tag>)}
              </Group>
            </Table.Td>
            {isReadable &&
              (secret.until ? (
                <>
                  <Table.Td>–</Table.Td>
                  <Table.Td>–</Table.Td>
                </>
              ) : (
                <ReadableCells row={target} />
              ))}
            <Table.Td>
              <When at={secret.created_at} />
            </Table.Td>
            <Table.Td>
              <When at={secret.first_used_at} none="never" />
            </Table.Td>
            <Table.Td>
              <When at={secret.last_used_at} form="relative" />
            </Table.Td>
            {isRotating && (
              <Table.Td>
                <When at={secret.until} none="as the key" />
              </Table.Td>
            )}
          </Table.Tr>
        ))}
      </Stacked>
      {isRotating && mayChange(scope, target) && (
        <Group>
          <Button loading={complete.busy} onClick={() => told(complete.run(), 'The old secret has ended.')}>
            End the old secret now
          </Button>
          <Button
            variant="default"
            loading={cancel.busy}
            onClick={() => told(cancel.run(), 'The new secret has ended; the old one stays.')}
          >
            Cancel the rotation
          </Button>
        </Group>
      )}
    </Section>
  );
}

/** Whether the old secret can go. */
function Advice({ old, current }: { old: Wire['SecretInfo']; current: Wire['SecretInfo'] }) {
  const usedNew = current.last_used_at ?? null;
  const usedOld = old.last_used_at ?? null;
  if (usedNew === null) {
    return (
      <Alert color="orange" p="sm" title="The new secret has not been used yet">
        Put it in place before the old one ends, <When at={old.until} />.
      </Alert>
    );
  }
  // As instants: whole seconds are written shorter, and as texts come after others of the same second.
  const stillOld = usedOld !== null && Date.parse(usedOld) > Date.parse(current.created_at);
  return (
    <Alert color={stillOld ? 'orange' : 'teal'} p="sm" title={stillOld ? 'Both are in use' : 'The old secret can go'}>
      <Stack gap={2}>
        <Text fz="sm">
          New: last used <When at={usedNew} form="relative" />. Old: last used <When at={usedOld} form="relative" />
          {stillOld ? ', also since the rotation began: something still sends it.' : '.'}
        </Text>
      </Stack>
    </Alert>
  );
}
