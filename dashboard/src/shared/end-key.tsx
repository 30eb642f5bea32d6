import { Alert, Button, Checkbox, Group, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { Info, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { answered, type Wire } from '../api/client';
import { useAction } from '../api/use-action';
import { DAY_MS } from '../lib/time';
import { capital, word } from '../lib/words';
import { type Scope, useScope } from '../session/scope';
import { Modal } from '../ui/modal';
import { Failure, Waiting } from '../ui/page';
import { When } from '../ui/parts';
import { useNow } from '../ui/use-now';
import { Callers } from './callers';
import { keyName, lastUsed } from './key-facts';

export type Deed = 'disable' | 'revoke' | 'delete';

/** A key that was used within so many days counts as in use. */
const IN_USE_DAYS = 30;

function title(deed: Deed, scope: Scope): string {
  return deed === 'revoke' ? word(scope.words, 'revoke') : capital(deed);
}

const EFFECT: Record<Deed, string> = {
  disable: 'From the next request on it is refused with “key_disabled”. It can be switched on again at any time.',
  revoke: 'From the next request on it is refused with “key_revoked”, for good. It stays listed.',
  delete: 'From the next request on it is refused like an unknown one, for good. It leaves the list.',
};

function path(key: Wire['Key'], dry_run: boolean) {
  return { params: { path: { key_id: key.id }, query: { dry_run } } };
}

/** Ends a key: first who would notice, then the effect by its name, then the deed. Disable comes first for one in use. */
export function EndKey({
  target,
  deed,
  onChange,
  onClose,
}: {
  target: Wire['Key'];
  deed: Deed;
  onChange: (deed: Deed) => void;
  onClose: (done: boolean) => void;
}) {
  const scope = useScope();
  const name = keyName(target, scope.words);
  return (
    <Modal opened onClose={() => onClose(false)} title={`${title(deed, scope)} ${name}?`}>
      <Body key={deed} target={target} deed={deed} onChange={onChange} onClose={onClose} />
    </Modal>
  );
}

function Body({ target, deed, onChange, onClose }: Parameters<typeof EndKey>[0]) {
  const scope = useScope();
  const now = useNow();
  const [understood, setUnderstood] = useState(false);
  const preview = useQuery({
    queryKey: ['dry-run', deed, target.id, target.version],
    queryFn: () => rehearse(scope, target, deed),
    gcTime: 0,
  });
  const end = useAction(async () => {
    if (deed === 'disable') return answered(scope.client.POST('/v1/keys/{key_id}/disable', path(target, false)));
    if (deed === 'revoke') return answered(scope.client.POST('/v1/keys/{key_id}/revoke', path(target, false)));
    return answered(scope.client.DELETE('/v1/keys/{key_id}', path(target, false)));
  });
  const used = lastUsed(target);
  const inUse =
    used !== null && now - new Date(used).getTime() < IN_USE_DAYS * DAY_MS && target.standing !== 'disabled';
  const suggestsDisable =
    inUse && deed !== 'disable' && (target.standing === 'active' || target.standing === 'expiring_soon');

  const submit = async () => {
    if ((await end.run()) === undefined) return;
    const done = { disable: 'is disabled', revoke: 'is revoked', delete: 'is deleted' }[deed];
    notifications.show({ message: `${capital(keyName(target, scope.words))} ${done}.`, color: 'teal' });
    onClose(true);
  };

  if (preview.isPending) return <Waiting />;
  return (
    <Stack>
      {(preview.error ?? end.refused) && <Failure error={preview.error ?? end.refused} />}
      <Text fz="sm">{EFFECT[deed]}</Text>
      <Alert
        color={inUse ? 'orange' : 'gray'}
        p="sm"
        icon={inUse ? <TriangleAlert size={18} aria-hidden /> : <Info size={18} aria-hidden />}
        title={inUse ? 'Somebody uses it' : 'Who would notice'}
      >
        <Text fz="sm">
          {used === null ? (
            'It has never been used.'
          ) : (
            <>
              It was last used <When at={used} form="relative" />.
              {inUse && ' Whatever still sends it stops working at once.'}
            </>
          )}
        </Text>
        {used !== null && <Callers id={target.id} />}
        {suggestsDisable && (
          <Button mt="xs" size="xs" variant="default" onClick={() => onChange('disable')}>
            Disable it first: that can be undone
          </Button>
        )}
      </Alert>
      {suggestsDisable && (
        <Checkbox
          label="I know that what sends this key stops working"
          checked={understood}
          onChange={(event) => setUnderstood(event.currentTarget.checked)}
        />
      )}
      <Group justify="flex-end">
        <Button variant="default" onClick={() => onClose(false)}>
          Cancel
        </Button>
        <Button
          color={deed === 'disable' ? undefined : 'red'}
          loading={end.busy}
          disabled={preview.isError || (suggestsDisable && !understood)}
          onClick={submit}
        >
          {title(deed, scope)} {word(scope.words, target.kind === 'personal' ? 'personal_key' : 'key')}
        </Button>
      </Group>
    </Stack>
  );
}

/** What the server would do: refused for what the deed itself would be refused for, such as ending the last key. */
async function rehearse(scope: Scope, target: Wire['Key'], deed: Deed): Promise<Wire['DryRun']> {
  const done =
    deed === 'disable'
      ? await answered(scope.client.POST('/v1/keys/{key_id}/disable', path(target, true)))
      : deed === 'revoke'
        ? await answered(scope.client.POST('/v1/keys/{key_id}/revoke', path(target, true)))
        : await answered(scope.client.DELETE('/v1/keys/{key_id}', path(target, true)));
  return done as Wire['DryRun'];
}
