import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ownClient, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { meQuery } from '../../session/me';
import { Failure, Waiting } from '../../ui/page';
import { DoorFrame } from './frame';
import { useLinkToken } from './link-token';
import { NewPassword } from './password-fields';

/** Joins an account, or the people who run the deployment, by a link that works once. */
export function Invitation() {
  const token = useLinkToken();
  const [looked, setLooked] = useState<Wire['Invitation'] | null>(null);
  const look = useAction(() => answered(ownClient.POST('/v1/invitations/look', { body: { token } })));

  if (!token) {
    return (
      <DoorFrame title="Invitation">
        <Text fz="sm">Open the whole link that was sent to you: its end is missing here.</Text>
      </DoorFrame>
    );
  }
  if (looked === null) {
    return (
      <DoorFrame title="Invitation" lead="Somebody invited you. Looking at the invitation does not use it up.">
        {look.refused && <Failure error={look.refused} />}
        <Button
          loading={look.busy}
          onClick={async () => {
            const found = await look.run();
            if (found) setLooked(found);
          }}
        >
          Look at the invitation
        </Button>
      </DoorFrame>
    );
  }
  const title = looked.account ? `Join ${looked.account}` : 'Run this deployment';
  return (
    <DoorFrame title={title} lead={`As ${looked.email}.`}>
      {looked.known ? <AcceptKnown token={token} /> : <AcceptNew token={token} invitation={looked} />}
    </DoorFrame>
  );
}

function AcceptNew({ token, invitation }: { token: string; invitation: Wire['Invitation'] }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState(invitation.name);
  const [password, setPassword] = useState('');
  const accept = useAction(() =>
    answered(ownClient.POST('/v1/invitations/accept', { body: { token, name, password } })),
  );
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await accept.run()) === undefined) return;
    queries.clear();
    await navigate({ to: '/' });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {accept.refused && <Failure error={accept.refused} shown={['/name', '/password']} />}
        <TextInput
          label="Your name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="name"
          error={accept.refused?.at('/name')}
          required
        />
        <NewPassword value={password} onChange={setPassword} refused={accept.refused} pointer="/password" />
        <Button type="submit" fullWidth loading={accept.busy}>
          Join
        </Button>
      </Stack>
    </form>
  );
}

/** Somebody who has signed in here before accepts as themselves: a link alone opens nothing of theirs. */
function AcceptKnown({ token }: { token: string }) {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const me = useQuery({ ...meQuery, retry: false });
  const accept = useAction(() => answered(ownClient.POST('/v1/me/invitations/accept', { body: { token } })));
  if (me.isPending) return <Waiting />;
  if (!me.data) {
    return (
      <Stack>
        <Text fz="sm">
          You have signed in here before. Sign in in another tab of this browser, then come back and go on here; the
          link stays good until then.
        </Text>
        <Anchor href="/sign-in" target="_blank" rel="noopener" fz="sm">
          Sign in (opens a new tab)
        </Anchor>
        <Button onClick={() => me.refetch()}>I have signed in</Button>
      </Stack>
    );
  }
  return (
    <Stack>
      {accept.refused && <Failure error={accept.refused} />}
      <Text fz="sm">You are signed in as {me.data.email}.</Text>
      <Button
        loading={accept.busy}
        onClick={async () => {
          if ((await accept.run()) === undefined) return;
          queries.clear();
          await navigate({ to: '/' });
        }}
      >
        Accept
      </Button>
      <Anchor component={Link} to="/sign-in" fz="sm">
        Sign in as somebody else
      </Anchor>
    </Stack>
  );
}
