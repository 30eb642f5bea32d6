import { Anchor, Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useCallback, useRef, useState } from 'react';
import { answered, ownClient } from '../api/client';
import { asRefused, type Refused } from '../api/problem';
import { ProveContext } from '../api/use-action';
import { Modal } from '../ui/modal';
import { Failure } from '../ui/page';
import { meQuery } from './me';

/** Asks for the password once more, where a change wants a proof that is not older than a quarter of an hour. */
export function ProveProvider({ children }: { children: ReactNode }) {
  const [asked, setAsked] = useState(false);
  const settle = useRef<(proved: boolean) => void>(() => {});
  const prove = useCallback(() => {
    setAsked(true);
    return new Promise<boolean>((resolve) => {
      settle.current = resolve;
    });
  }, []);
  const close = (proved: boolean) => {
    setAsked(false);
    settle.current(proved);
  };
  return (
    <ProveContext.Provider value={prove}>
      {children}
      <Modal opened={asked} onClose={() => close(false)} title="Is it still you?" zIndex={400}>
        {asked && <ProveForm onDone={close} />}
      </Modal>
    </ProveContext.Provider>
  );
}

function ProveForm({ onDone }: { onDone: (proved: boolean) => void }) {
  const me = useQuery(meQuery).data;
  const sso = useQuery({ queryKey: ['sso'], queryFn: () => answered(ownClient.GET('/v1/session/sso')) });
  const [password, setPassword] = useState('');
  const [totp, setTotp] = useState('');
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<Refused | null>(null);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setRefused(null);
    try {
      await answered(ownClient.POST('/v1/session/prove', { body: { password, totp: totp || undefined } }));
      onDone(true);
    } catch (thrown) {
      setRefused(asRefused(thrown));
      setBusy(false);
    }
  };

  return (
    <form onSubmit={submit}>
      <Stack>
        <Text fz="sm" className="quiet">
          You signed in a while ago. What you are about to do needs your password again.
        </Text>
        {refused && <Failure error={refused} />}
        <PasswordInput
          label="Password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          autoComplete="current-password"
          data-autofocus
          required
        />
        {me?.has_totp && (
          <TextInput
            label="Code of your authenticator"
            value={totp}
            onChange={(event) => setTotp(event.currentTarget.value)}
            inputMode="numeric"
            autoComplete="one-time-code"
            required
          />
        )}
        {sso.data?.items.map((provider) => (
          <Anchor key={provider.name} href={`${provider.url}?fresh=true`} fz="sm">
            Or sign in again with {provider.title}
          </Anchor>
        ))}
        <Group justify="flex-end">
          <Button variant="default" onClick={() => onDone(false)}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Go on
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
