import { Alert, Anchor, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useState } from 'react';
import { encode } from 'uqr';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useMe } from '../../session/me';
import { Modal } from '../../ui/modal';
import { Failure, Section } from '../../ui/page';
import { CopyText } from '../../ui/parts';

/** The second factor: an authenticator app, and codes for when it is lost. */
export function Authenticator() {
  const me = useMe();
  const [enrolment, setEnrolment] = useState<Wire['TotpEnrolment'] | null>(null);
  const [codes, setCodes] = useState<string[] | null>(null);
  const [removing, setRemoving] = useState(false);
  const start = useAction(() => answered(ownClient.POST('/v1/me/totp')));
  const renew = useAction(() => answered(ownClient.POST('/v1/me/recovery-codes')));
  return (
    <Section
      title="Authenticator"
      lead="An app that shows a new code every half minute. With it, a stolen password opens nothing."
    >
      {(start.refused ?? renew.refused) && <Failure error={start.refused ?? renew.refused} />}
      {me.has_totp ? (
        <Group>
          <Text fz="sm">It is set up.</Text>
          <Button
            variant="default"
            loading={renew.busy}
            onClick={async () => setCodes((await renew.run())?.recovery_codes ?? null)}
          >
            New recovery codes
          </Button>
          <Button variant="outline" color="red" onClick={() => setRemoving(true)}>
            Remove
          </Button>
        </Group>
      ) : (
        <Group>
          <Button
            variant="default"
            loading={start.busy}
            onClick={async () => setEnrolment((await start.run()) ?? null)}
          >
            Set up an authenticator
          </Button>
        </Group>
      )}
      <Modal
        opened={enrolment !== null}
        onClose={() => setEnrolment(null)}
        title="Set up an authenticator"
        closeOnClickOutside={false}
      >
        {enrolment && (
          <Confirm
            enrolment={enrolment}
            onDone={(shown) => {
              setEnrolment(null);
              setCodes(shown);
            }}
          />
        )}
      </Modal>
      <Modal
        opened={codes !== null}
        onClose={() => setCodes(null)}
        title="Recovery codes"
        closeOnClickOutside={false}
        closeOnEscape={false}
        withCloseButton={false}
      >
        {codes && <Codes codes={codes} onDone={() => setCodes(null)} />}
      </Modal>
      {removing && <Remove onClose={() => setRemoving(false)} />}
    </Section>
  );
}

function Confirm({ enrolment, onDone }: { enrolment: Wire['TotpEnrolment']; onDone: (codes: string[]) => void }) {
  const [code, setCode] = useState('');
  const confirm = useAction(() => answered(ownClient.POST('/v1/me/totp/confirm', { body: { code } })));
  return (
    <form
      onSubmit={async (event) => {
        event.preventDefault();
        const done = await confirm.run();
        if (done) onDone(done.recovery_codes);
      }}
    >
      <Stack>
        {confirm.refused && <Failure error={confirm.refused} />}
        <Text fz="sm">Scan this with your authenticator app, or type the letters into it.</Text>
        <Qr text={enrolment.uri} />
        <Group justify="space-between" wrap="nowrap">
          <Text ff="monospace" fz="sm" style={{ overflowWrap: 'anywhere' }}>
            {enrolment.secret}
          </Text>
          <CopyText text={enrolment.secret} label="Copy" />
        </Group>
        <TextInput
          label="The code it shows"
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          inputMode="numeric"
          autoComplete="one-time-code"
          required
          data-autofocus
        />
        <Group justify="flex-end">
          <Button type="submit" loading={confirm.busy}>
            Confirm
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** A QR code, drawn as one path: nothing is fetched, and no markup is built from text. */
function Qr({ text }: { text: string }) {
  const { data, size } = encode(text, { border: 2 });
  const path = data.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      viewBox={`0 0 ${size} ${size}`}
      width={200}
      height={200}
      role="img"
      aria-label="QR code for the authenticator"
      style={{ background: 'white', borderRadius: 8, alignSelf: 'center' }}
    >
      <path d={path} fill="black" shapeRendering="crispEdges" />
    </svg>
  );
}

function Codes({ codes, onDone }: { codes: string[]; onDone: () => void }) {
  return (
    <Stack>
      <Alert color="orange" p="sm">
        Keep these where you find them without your phone. Each stands in for a code once; they can’t be shown again.
      </Alert>
      <pre className="code">{codes.join('\n')}</pre>
      <Group justify="space-between">
        <CopyText text={codes.join('\n')} label="Copy all" />
        <Button onClick={onDone}>I have kept them</Button>
      </Group>
    </Stack>
  );
}

function Remove({ onClose }: { onClose: () => void }) {
  const [code, setCode] = useState('');
  const [isRecovery, setIsRecovery] = useState(false);
  const remove = useAction(async () => {
    await answered(ownClient.DELETE('/v1/me/totp', { body: isRecovery ? { recovery_code: code } : { code } }));
    return true;
  });
  return (
    <Modal opened onClose={onClose} title="Remove the authenticator?">
      <form
        onSubmit={async (event) => {
          event.preventDefault();
          if (!(await remove.run())) return;
          notifications.show({ message: 'The authenticator is removed.', color: 'teal' });
          onClose();
        }}
      >
        <Stack>
          {remove.refused && <Failure error={remove.refused} />}
          <Text fz="sm">From then on your password alone signs you in.</Text>
          <TextInput
            label={isRecovery ? 'A recovery code' : 'The code it shows'}
            value={code}
            onChange={(event) => setCode(event.currentTarget.value)}
            autoComplete="one-time-code"
            required
            data-autofocus
          />
          <Anchor component="button" type="button" fz="sm" ta="left" onClick={() => setIsRecovery(!isRecovery)}>
            {isRecovery ? 'Use the authenticator' : 'Use a recovery code'}
          </Anchor>
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" color="red" loading={remove.busy}>
              Remove authenticator
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
