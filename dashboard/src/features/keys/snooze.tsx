import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { DAY_MS } from '../../lib/time';
import { useScope } from '../../session/scope';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';
import { When } from '../../ui/parts';
import { refreshNow } from '../../ui/use-now';

const DAYS = ['7', '14', '30', '90'];

/** Whether anybody would be reminded of this key's end. */
export function canSnooze(key: Wire['Key']): boolean {
  return key.expires_at != null && (key.standing === 'active' || key.standing === 'expiring_soon');
}

/** Lets nobody be reminded of a key's end for a while. */
export function Snooze({ target, onClose }: { target: Wire['Key']; onClose: () => void }) {
  const { client } = useScope();
  const [days, setDays] = useState('14');
  const params = { params: { path: { key_id: target.id } } };
  const snooze = useAction(() => {
    const until = new Date(Date.now() + Number(days) * DAY_MS).toISOString();
    return answered(client.PUT('/v1/keys/{key_id}/snooze', { ...params, body: { until } }));
  });
  const remind = useAction(() => answered(client.DELETE('/v1/keys/{key_id}/snooze', params)));
  const done = (message: string) => {
    refreshNow();
    notifications.show({ message, color: 'teal' });
    onClose();
  };
  const refused = snooze.refused ?? remind.refused;
  return (
    <Modal opened onClose={onClose} title="Snooze reminders">
      <Stack>
        {refused && <Failure error={refused} />}
        <Text fz="sm">
          For that long nobody is reminded that this key ends, <When at={target.expires_at} />. That it has ended is
          told all the same.
        </Text>
        <Radio.Group label="For" value={days} onChange={setDays}>
          <Group gap="md" mt={6}>
            {DAYS.map((one) => (
              <Radio key={one} value={one} label={`${one} days`} />
            ))}
          </Group>
        </Radio.Group>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {target.snoozed_until && (
            <Button
              variant="default"
              loading={remind.busy}
              onClick={async () => {
                if ((await remind.run()) !== undefined) done('Reminders go out again.');
              }}
            >
              Remind again
            </Button>
          )}
          <Button
            loading={snooze.busy}
            onClick={async () => {
              if ((await snooze.run()) !== undefined) done('Reminders of its end are held back.');
            }}
          >
            Snooze
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
