import { Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ownClient } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Failure } from '../../ui/page';
import { DoorFrame } from './frame';
import { useLinkToken } from './link-token';
import { NewPassword } from './password-fields';

const SHOWN = ['/name', '/email', '/password'];

/** The first operator, by the link that the program printed on its console. */
export function SetUp() {
  const token = useLinkToken();
  const navigate = useNavigate();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const setUp = useAction(() => answered(ownClient.POST('/v1/setup', { body: { token, name, email, password } })));

  if (!token) {
    return (
      <DoorFrame title="Set up Keyward">
        <Text fz="sm">
          Open the link that <code>keyward serve</code> printed on its console: each start prints a new one until there
          is an operator.
        </Text>
        <Anchor component={Link} to="/sign-in" fz="sm">
          Sign in
        </Anchor>
      </DoorFrame>
    );
  }
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await setUp.run()) === undefined) return;
    queries.clear();
    await navigate({ to: '/' });
  };
  return (
    <DoorFrame
      title="Set up Keyward"
      lead="You become its first operator: you see every account, and no account’s secrets."
    >
      <form onSubmit={submit}>
        <Stack>
          {setUp.refused && <Failure error={setUp.refused} shown={SHOWN} />}
          <TextInput
            label="Your name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="name"
            error={setUp.refused?.at('/name')}
            required
          />
          <TextInput
            label="E-mail"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoComplete="username"
            error={setUp.refused?.at('/email')}
            required
          />
          <NewPassword value={password} onChange={setPassword} refused={setUp.refused} pointer="/password" />
          <Button type="submit" fullWidth loading={setUp.busy}>
            Set up
          </Button>
        </Stack>
      </form>
    </DoorFrame>
  );
}
