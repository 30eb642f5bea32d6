import { Anchor, Button, Divider, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useRouter, useSearch } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ownClient } from '../../api/client';
import { useAction } from '../../api/use-action';
import { Failure } from '../../ui/page';
import { DoorFrame } from './frame';

/** Signing in: a password, an authenticator's code where there is one, or somebody else who vouches. */
export function SignIn() {
  const { to } = useSearch({ from: '/sign-in' });
  const router = useRouter();
  const queries = useQueryClient();
  const sso = useQuery({ queryKey: ['sso'], queryFn: () => answered(ownClient.GET('/v1/session/sso')) });
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [code, setCode] = useState('');
  const [second, setSecond] = useState<'none' | 'totp' | 'recovery'>('none');
  const signIn = useAction(async () => {
    const extra = second === 'totp' ? { totp: code } : second === 'recovery' ? { recovery_code: code } : {};
    return answered(ownClient.POST('/v1/session', { body: { email, password, ...extra } }));
  });

  const needsCode = signIn.refused?.code === 'totp_required';
  if (needsCode && second === 'none') {
    setSecond('totp');
    signIn.forget();
  }

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await signIn.run()) === undefined) return;
    queries.clear();
    router.history.push(to?.startsWith('/') && !to.startsWith('//') ? to : '/');
  };

  return (
    <DoorFrame title="Sign in">
      <form onSubmit={submit}>
        <Stack>
          {signIn.refused && <Failure error={signIn.refused} />}
          <TextInput
            label="E-mail"
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoComplete="username"
            required
            data-autofocus
          />
          <PasswordInput
            label="Password"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            autoComplete="current-password"
            required
          />
          {second !== 'none' && (
            <>
              <TextInput
                label={second === 'totp' ? 'Code of your authenticator' : 'Recovery code'}
                value={code}
                onChange={(event) => setCode(event.currentTarget.value)}
                inputMode={second === 'totp' ? 'numeric' : 'text'}
                autoComplete="one-time-code"
                required
                autoFocus
              />
              <Anchor
                component="button"
                type="button"
                fz="sm"
                ta="left"
                onClick={() => {
                  setSecond(second === 'totp' ? 'recovery' : 'totp');
                  setCode('');
                }}
              >
                {second === 'totp' ? 'Authenticator lost? Use a recovery code' : 'Use the authenticator'}
              </Anchor>
            </>
          )}
          <Button type="submit" fullWidth loading={signIn.busy}>
            Sign in
          </Button>
          <Anchor component={Link} to="/forgot" fz="sm" ta="center">
            Forgot your password?
          </Anchor>
          {sso.data && sso.data.items.length > 0 && <Divider label="or" />}
          {sso.data?.items.map((provider) => (
            <Button key={provider.name} component="a" href={provider.url} variant="default" fullWidth>
              Go on with {provider.title}
            </Button>
          ))}
        </Stack>
      </form>
    </DoorFrame>
  );
}
