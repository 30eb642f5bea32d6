import { Button, Group, Radio, Stack, Switch, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { capital, word } from '../../lib/words';
import { useMe } from '../../session/me';
import { useScope } from '../../session/scope';
import { rulesOf } from '../../shared/key-facts';
import { Touched } from '../../shared/touched';
import { Modal } from '../../ui/modal';
import { Failure, Section } from '../../ui/page';

/** What an account's admins decide of it; and, for whoever runs the deployment, whether it is let in at all. */
export function AccountSettings() {
  const scope = useScope();
  const me = useMe();
  if (!scope.may('settings.write')) return null;
  return (
    <>
      <Form key={scope.account.version} />
      {me.operator && !scope.isMember && <Danger />}
    </>
  );
}

function useEdit() {
  const scope = useScope();
  return (body: Wire['AccountEdit'], dry_run: boolean) =>
    answered(
      scope.client.PATCH('/v1/accounts/{account_id}', {
        params: { path: { account_id: scope.id }, query: { dry_run }, header: ifMatch(scope.account.version) },
        body,
      }),
    );
}

function Form() {
  const { account, api, words } = useScope();
  const send = useEdit();
  const [name, setName] = useState(account.name);
  const [accepted, setAccepted] = useState(account.accepted_keys);
  const [totp, setTotp] = useState(account.totp_required);
  const [preview, setPreview] = useState<Wire['DryRun'] | null>(null);
  const body = (): Wire['AccountEdit'] => ({
    ...(name !== account.name ? { name } : {}),
    ...(accepted !== account.accepted_keys ? { accepted_keys: accepted } : {}),
    ...(totp !== account.totp_required ? { totp_required: totp } : {}),
  });
  const rehearse = useAction(async () => (await send(body(), true)) as Wire['DryRun']);
  const save = useAction(() => send(body(), false));
  const isChanged = Object.keys(body()).length > 0;
  const hasBoth = rulesOf(api, 'account') !== undefined && rulesOf(api, 'personal') !== undefined;

  const keep = async () => {
    setPreview(null);
    if ((await save.run()) !== undefined) notifications.show({ message: 'The settings are saved.', color: 'teal' });
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    save.forget();
    rehearse.forget();
    const found = accepted === account.accepted_keys ? null : await rehearse.run();
    if (found === undefined) return;
    if (found && found.keys.length > 0) setPreview(found);
    else await keep();
  };
  const refused = save.refused ?? rehearse.refused;
  return (
    <Section title="Account settings">
      <form onSubmit={submit}>
        <Stack maw={560}>
          {refused && <Failure error={refused} shown={['/name']} />}
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={refused?.at('/name')}
            required
          />
          {hasBoth && (
            <Radio.Group
              label="Accepted keys"
              description="Which keys open the API for this account."
              value={accepted}
              onChange={(value) => setAccepted(value as Wire['AcceptedKeys'])}
            >
              <Stack gap="xs" mt="xs">
                <Radio value="both" label="Both" />
                <Radio value="account" label={`${capital(word(words, 'keys'))} of the account only`} />
                <Radio value="user" label={`${capital(word(words, 'personal_keys'))} only: every call has a name`} />
              </Stack>
            </Radio.Group>
          )}
          <Switch
            label="People need an authenticator"
            description="Whoever has none reaches only their own settings until they set one up."
            checked={totp}
            onChange={(event) => setTotp(event.currentTarget.checked)}
          />
          <Group>
            <Button type="submit" disabled={!isChanged} loading={save.busy || rehearse.busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
      <Modal opened={preview !== null} onClose={() => setPreview(null)} title="These would be refused">
        {preview && (
          <Stack>
            <Touched found={preview} />
            <Group justify="flex-end">
              <Button variant="default" onClick={() => setPreview(null)}>
                Go back
              </Button>
              <Button color="orange" onClick={keep} loading={save.busy}>
                Save anyway
              </Button>
            </Group>
          </Stack>
        )}
      </Modal>
    </Section>
  );
}

function Danger() {
  const scope = useScope();
  const { account } = scope;
  const send = useEdit();
  const navigate = useNavigate();
  const [asked, setAsked] = useState<'suspend' | 'delete' | null>(null);
  const [typed, setTyped] = useState('');
  const suspend = useAction(() => send({ suspended: !account.suspended }, false));
  const remove = useAction(() =>
    answered(scope.client.DELETE('/v1/accounts/{account_id}', { params: { path: { account_id: scope.id } } })),
  );
  const close = () => {
    setAsked(null);
    setTyped('');
  };
  return (
    <Section title="As operator" lead="Only whoever runs the deployment sees this.">
      {suspend.refused && <Failure error={suspend.refused} />}
      <Group>
        {account.suspended ? (
          <Button loading={suspend.busy} onClick={() => suspend.run()}>
            Let it in again
          </Button>
        ) : (
          <Button variant="default" onClick={() => setAsked('suspend')}>
            Suspend the account
          </Button>
        )}
        <Button color="red" variant="outline" onClick={() => setAsked('delete')}>
          Delete the account
        </Button>
      </Group>
      <Modal opened={asked === 'suspend'} onClose={close} title={`Suspend ${account.name}?`}>
        <Stack>
          <Text fz="sm">
            From the next request on every key of this account is refused with “account_suspended”. It can be undone.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              color="red"
              loading={suspend.busy}
              onClick={async () => {
                await suspend.run();
                close();
              }}
            >
              Suspend the account
            </Button>
          </Group>
        </Stack>
      </Modal>
      <Modal opened={asked === 'delete'} onClose={close} title={`Delete ${account.name}?`}>
        <Stack>
          {remove.refused && <Failure error={remove.refused} />}
          <Text fz="sm">
            Its keys stop working at once, and its people lose it. This can’t be undone. The audit stays.
          </Text>
          <TextInput
            label={`Write “${account.name}” to go on`}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              color="red"
              disabled={typed !== account.name}
              loading={remove.busy}
              onClick={async () => {
                if ((await remove.run()) !== undefined) await navigate({ to: '/deployment/accounts' });
              }}
            >
              Delete the account
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Section>
  );
}
