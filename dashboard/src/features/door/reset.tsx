import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ownClient } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Failure } from '../../ui/page';
import { DoorFrame } from './frame';
import { useLinkToken } from './link-token';
import { NewPassword } from './password-fields';

/** Asks for a link to a new password. The answer never tells whether anybody has the address. */
export function Forgot() {
  const [email, setEmail] = useState('');
  const [asked, setAsked] = useState(false);
  const ask = useAction(async () => {
    await answered(ownClient.POST('/v1/password-reset', { body: { email } }));
    return true;
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await ask.run()) setAsked(true);
  };
  if (asked) {
    return (
      <DoorFrame title="Look into your mailbox">
        <Text fz="sm" role="status">
          If somebody here has the address {email}, a link is on its way; it works once within half an hour. Nothing
          came? Ask an admin of your account for a link, or whoever runs this deployment.
        </Text>
        <Anchor component={Link} to="/sign-in" fz="sm">
          Back to signing in
        </Anchor>
      </DoorFrame>
    );
  }
  return (
    <DoorFrame title="A new password" lead="We send you a link that works once.">
      <form onSubmit={submit}>
        <Stack>
          {ask.refused && <Failure error={ask.refused} />}
          <TextInput
            label="E-mail"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoComplete="username"
            required
          />
          <Button type="submit" fullWidth loading={ask.busy}>
            Send the link
          </Button>
          <Anchor component={Link} to="/sign-in" fz="sm" ta="center">
            Back to signing in
          </Anchor>
        </Stack>
      </form>
    </DoorFrame>
  );
}

/** Sets a new password by a link. */
export function Reset() {
  const token = useLinkToken();
  const [password, setPassword] = useState('');
  const [done, setDone] = useState(false);
  const reset = useAction(async () => {
    await answered(ownClient.POST('/v1/password-reset/complete', { body: { token, new_password: password } }));
    return true;
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await reset.run()) setDone(true);
  };
  if (done) {
    return (
      <DoorFrame title="Your password is set">
        <Text fz="sm" role="status">
          Every sign-in of yours has ended. Sign in with the new password.
        </Text>
        <Button component={Link} to="/sign-in">
          Sign in
        </Button>
      </DoorFrame>
    );
  }
  if (!token) {
    return (
      <DoorFrame title="A new password">
        <Text fz="sm">Open the whole link that was sent to you: its end is missing here.</Text>
        <Anchor component={Link} to="/forgot" fz="sm">
          Ask for another link
        </Anchor>
      </DoorFrame>
    );
  }
  return (
    <DoorFrame title="A new password">
      <form onSubmit={submit}>
        <Stack>
          {reset.refused && <Failure error={reset.refused} shown={['/new_password']} />}
          <NewPassword value={password} onChange={setPassword} refused={reset.refused} pointer="/new_password" />
          <Button type="submit" fullWidth loading={reset.busy}>
            Set the password
          </Button>
        </Stack>
      </form>
    </DoorFrame>
  );
}
