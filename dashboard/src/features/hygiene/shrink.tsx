import { Button, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { count } from '../../lib/words';
import { useScope } from '../../session/scope';
import { keyName } from '../../shared/key-facts';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';
import { Tag } from '../../ui/parts';

/** Takes the scopes from a key that it was never used for. */
export function Shrink({ row }: { row: Wire['HygieneKey'] }) {
  const { client, may, words } = useScope();
  const [asked, setAsked] = useState(false);
  const shrink = useAction(() =>
    answered(client.POST('/v1/keys/{key_id}/shrink', { params: { path: { key_id: row.key_id } } })),
  );
  const name = keyName(row, words);
  if (row.unused_scopes.length === 0 || !may(row.kind === 'personal' ? 'people.write' : 'keys.write')) return null;
  const scopes = count(row.unused_scopes.length, 'scope');
  return (
    <>
      <Button size="compact-xs" variant="default" onClick={() => setAsked(true)}>
        Take them away
        <span className="sr-only"> from {name}</span>
      </Button>
      <Modal opened={asked} onClose={() => setAsked(false)} title={`Take ${scopes} from ${name}?`}>
        <Stack>
          {shrink.refused && <Failure error={shrink.refused} />}
          <Group gap={6}>
            {row.unused_scopes.map((one) => (
              <Tag key={one}>{one}</Tag>
            ))}
          </Group>
          <Text fz="sm">
            From its next request on it may do only what it was used for so far. Its secret stays, and its edit page
            gives a scope back.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsked(false)}>
              Cancel
            </Button>
            <Button
              color="orange"
              loading={shrink.busy}
              onClick={async () => {
                if ((await shrink.run()) === undefined) return;
                setAsked(false);
                notifications.show({ message: 'It keeps what it was used for.', color: 'teal' });
              }}
            >
              Take {scopes} away
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
