import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { Hourglass } from 'lucide-react';
import { useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useMe } from '../../session/me';
import { useScope } from '../../session/scope';
import { Failure } from '../../ui/page';
import { When } from '../../ui/parts';
import { mayChange } from './key-page';

/** What a key still waits for: a second admin, its requester, or somebody with a link. */
export function Approval({
  target,
  onSecret,
}: {
  target: Wire['Key'];
  onSecret: (made: Wire['KeyWithSecret']) => void;
}) {
  if (target.standing === 'pending') return <Pending target={target} onSecret={onSecret} />;
  if (target.standing === 'awaiting_pickup') return <AwaitingPickup target={target} onSecret={onSecret} />;
  return null;
}

function Pending({ target }: { target: Wire['Key']; onSecret: (made: Wire['KeyWithSecret']) => void }) {
  const scope = useScope();
  const me = useMe();
  const [reason, setReason] = useState('');
  const path = { key_id: target.id };
  const approve = useAction(() =>
    answered(scope.client.POST('/v1/keys/{key_id}/approve', { params: { path, header: ifMatch(target.version) } })),
  );
  const decline = useAction(() =>
    answered(
      scope.client.POST('/v1/keys/{key_id}/decline', { params: { path }, body: { reason: reason || undefined } }),
    ),
  );
  const isOwn = target.created_by === `person:${me.id}`;
  const mayJudge = scope.may('settings.write') && mayChange(scope, target) && !isOwn;
  return (
    <Alert color="blue" icon={<Hourglass size={18} aria-hidden />} title="Waits for a second admin">
      <Stack gap="sm">
        <Text fz="sm">
          It asks for a scope that this account’s policy lets nobody grant alone. It has no secret yet.
          {isOwn && ' It is your own request: somebody else must approve it.'}
        </Text>
        {(approve.refused ?? decline.refused) && <Failure error={approve.refused ?? decline.refused} />}
        {mayJudge && (
          <Group align="flex-end">
            <Button loading={approve.busy} onClick={() => approve.run()}>
              Approve
            </Button>
            <TextInput
              label="Reason to decline"
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              maxLength={500}
              flex="1 1 12rem"
            />
            <Button variant="default" loading={decline.busy} onClick={() => decline.run()}>
              Decline
            </Button>
          </Group>
        )}
      </Stack>
    </Alert>
  );
}

function AwaitingPickup({
  target,
  onSecret,
}: {
  target: Wire['Key'];
  onSecret: (made: Wire['KeyWithSecret']) => void;
}) {
  const scope = useScope();
  const me = useMe();
  const [recipient, setRecipient] = useState(target.pickup_by?.recipient ?? '');
  const params = { path: { key_id: target.id } };
  const collect = useAction(() => answered(scope.client.POST('/v1/keys/{key_id}/collect', { params })));
  const send = useAction(() =>
    answered(scope.client.POST('/v1/keys/{key_id}/pickup', { params, body: { recipient: recipient || undefined } })),
  );
  const withdraw = useAction(() => answered(scope.client.DELETE('/v1/keys/{key_id}/pickup', { params })));
  const refused = collect.refused ?? send.refused ?? withdraw.refused;
  const isOwn = target.created_by === `person:${me.id}`;
  const link = target.pickup_by?.link_expires_at;
  return (
    <Alert color="blue" icon={<Hourglass size={18} aria-hidden />} title="Its secret waits">
      <Stack gap="sm">
        <Text fz="sm">
          {link ? (
            <>
              A link to it{target.pickup_by?.recipient ? ` for ${target.pickup_by.recipient}` : ''} works until{' '}
              <When at={link} />. Another one ends that.
            </>
          ) : (
            'It was approved, and nobody has its secret yet.'
          )}
        </Text>
        {refused && <Failure error={refused} />}
        {mayChange(scope, target) && (
          <Group align="flex-end">
            {isOwn && !link && (
              <Button
                loading={collect.busy}
                onClick={async () => {
                  const made = await collect.run();
                  if (made) onSecret(made);
                }}
              >
                Collect the secret
              </Button>
            )}
            <TextInput
              label="For whom"
              value={recipient}
              onChange={(event) => setRecipient(event.currentTarget.value)}
              flex="1 1 12rem"
            />
            <Button
              variant="default"
              loading={send.busy}
              onClick={async () => {
                const sent = await send.run();
                if (sent) onSecret({ ...sent, secret: null });
              }}
            >
              Make a link
            </Button>
            {link && (
              <Button variant="default" loading={withdraw.busy} onClick={() => withdraw.run()}>
                Withdraw the link
              </Button>
            )}
          </Group>
        )}
      </Stack>
    </Alert>
  );
}
