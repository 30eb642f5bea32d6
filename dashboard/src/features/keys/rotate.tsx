import { Button, Group, Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { keyName } from '../../shared/key-facts';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';

const DAY_S = 86_400;
const OVERLAPS: [number, string][] = [
  [0, 'no time'],
  [3_600, '1 hour'],
  [DAY_S, '1 day'],
  [7 * DAY_S, '7 days'],
  [30 * DAY_S, '30 days'],
];

/** A new secret for a key, while the old one stays good for a while. */
export function RotateKey({
  target,
  overlapDaysMax,
  onClose,
  onSecret,
}: {
  target: Wire['Key'];
  overlapDaysMax: number;
  onClose: () => void;
  onSecret: (made: Wire['KeyWithSecret']) => void;
}) {
  const scope = useScope();
  const offered = OVERLAPS.filter(([seconds]) => seconds <= overlapDaysMax * DAY_S);
  const [overlap, setOverlap] = useState(() => (offered.length > 2 ? DAY_S : (offered.at(-1)?.[0] ?? 0)));
  const rotate = useAction(() =>
    answered(
      scope.client.POST('/v1/keys/{key_id}/rotate', {
        params: { path: { key_id: target.id } },
        body: { overlap_s: overlap },
      }),
    ),
  );
  return (
    <Modal opened onClose={onClose} title={`Rotate ${keyName(target, scope.words)}`}>
      <Stack>
        {rotate.refused && <Failure error={rotate.refused} />}
        <Text fz="sm">
          It keeps its name, id and settings and gets a new secret. The old one can stay good for a while, so that you
          can put the new one in place.
        </Text>
        <Radio.Group
          label="The old secret stays good for"
          value={String(overlap)}
          onChange={(value) => setOverlap(Number(value))}
        >
          <Group gap="md" mt={6}>
            {offered.map(([seconds, label]) => (
              <Radio key={seconds} value={String(seconds)} label={label} />
            ))}
          </Group>
        </Radio.Group>
        <Text fz="sm" className="quiet">
          {overlap === 0
            ? 'The old secret stops working at once.'
            : 'Both work until then. The key’s page shows when each was last used, so that you know when to complete it.'}
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            loading={rotate.busy}
            onClick={async () => {
              const made = await rotate.run();
              if (made) onSecret(made);
            }}
          >
            Rotate
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
