import { Alert, Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useScope } from '../../session/scope';
import { useActorName } from '../../shared/actors';
import { Modal } from '../../ui/modal';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { Exact, Facts, When } from '../../ui/parts';
import { Deliveries } from './deliveries';
import { type HookForm, KindFields } from './form';
import { HookState, SigningSecret } from './list';

/** One webhook: its settings, its secret, every attempt to tell it something. */
export function WebhookPage() {
  const scope = useScope();
  const { webhook: id } = useParams({ strict: false }) as { webhook: string };
  const path = { account_id: scope.id, webhook_id: id };
  const hook = useQuery({
    queryKey: ['webhook', scope.id, id],
    queryFn: () => answered(scope.client.GET('/v1/accounts/{account_id}/webhooks/{webhook_id}', { params: { path } })),
  });
  const crumbs = [{ title: 'Automation' }, { title: 'Webhooks', to: `/a/${scope.id}/webhooks` }];
  if (!hook.data) {
    return (
      <Page title="Webhook" crumbs={crumbs}>
        {hook.isError ? <Failure error={hook.error} again={() => hook.refetch()} /> : <Waiting />}
      </Page>
    );
  }
  return (
    <Page
      title={hook.data.url}
      crumbs={crumbs}
      aside={<HookState hook={hook.data} />}
      actions={scope.may('settings.write') && <Actions hook={hook.data} />}
    >
      {hook.data.disabled_why && (
        <Alert color="orange" title="It was switched off">
          {hook.data.disabled_why} Mend it, then switch it on.
        </Alert>
      )}
      <Settings key={hook.data.version} hook={hook.data} />
      <Section title="Deliveries" lead="Every attempt, newest first. What failed is tried again by itself.">
        <Deliveries hook={hook.data} />
      </Section>
    </Page>
  );
}

function useHookPath(hook: Wire['Webhook']) {
  return { account_id: hook.account_id, webhook_id: hook.id };
}

function Actions({ hook }: { hook: Wire['Webhook'] }) {
  const { client, id } = useScope();
  const navigate = useNavigate();
  const path = useHookPath(hook);
  const [rotated, setRotated] = useState<Wire['WebhookWithSecret'] | null>(null);
  const [asked, setAsked] = useState<'rotate' | 'delete' | null>(null);
  const base = '/v1/accounts/{account_id}/webhooks/{webhook_id}' as const;
  const test = useAction(() => answered(client.POST(`${base}/test`, { params: { path } })));
  const rotate = useAction(() => answered(client.POST(`${base}/secret`, { params: { path } })));
  const remove = useAction(() => answered(client.DELETE(base, { params: { path } })));
  const sendTest = async () => {
    const delivery = await test.run();
    if (!delivery) return;
    const message = delivery.error
      ? `The test failed: ${delivery.error}`
      : `The test arrived: ${delivery.status} within ${delivery.took_ms.toLocaleString('en')} ms.`;
    notifications.show({ message, color: delivery.error ? 'red' : 'teal' });
  };
  return (
    <>
      <Button variant="default" loading={test.busy} onClick={sendTest}>
        Send a test
      </Button>
      <Button variant="default" onClick={() => setAsked('rotate')}>
        New signing secret
      </Button>
      <Button variant="outline" color="red" onClick={() => setAsked('delete')}>
        Delete
      </Button>
      {test.refused && <Failure error={test.refused} />}
      <Modal opened={asked === 'rotate'} onClose={() => setAsked(null)} title="A new signing secret?">
        <Stack>
          {rotate.refused && <Failure error={rotate.refused} />}
          <Text fz="sm">For a day, what is sent is signed with both, so that your program can change over.</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsked(null)}>
              Cancel
            </Button>
            <Button
              loading={rotate.busy}
              onClick={async () => {
                const made = await rotate.run();
                if (!made) return;
                setAsked(null);
                setRotated(made);
              }}
            >
              Make it
            </Button>
          </Group>
        </Stack>
      </Modal>
      <Modal
        opened={rotated !== null}
        onClose={() => setRotated(null)}
        title="The new signing secret"
        closeOnClickOutside={false}
        closeOnEscape={false}
        withCloseButton={false}
      >
        {rotated && <SigningSecret made={rotated} onDone={() => setRotated(null)} />}
      </Modal>
      <Modal opened={asked === 'delete'} onClose={() => setAsked(null)} title="Delete this webhook?">
        <Stack>
          {remove.refused && <Failure error={remove.refused} />}
          <Text fz="sm">Nothing more is sent to it, and its deliveries are no longer listed.</Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={() => setAsked(null)}>
              Cancel
            </Button>
            <Button
              color="red"
              loading={remove.busy}
              onClick={async () => {
                if ((await remove.run()) !== undefined) await navigate({ to: `/a/${id}/webhooks` });
              }}
            >
              Delete webhook
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function Settings({ hook }: { hook: Wire['Webhook'] }) {
  const { client, may } = useScope();
  const actorName = useActorName();
  const path = useHookPath(hook);
  const [form, setForm] = useState<HookForm>({
    url: hook.url,
    everything: hook.kinds.includes('*'),
    kinds: hook.kinds.filter((kind) => kind !== '*'),
  });
  const [secret, setSecret] = useState('');
  const edit = useAction((body: Wire['WebhookEdit']) =>
    answered(
      client.PATCH('/v1/accounts/{account_id}/webhooks/{webhook_id}', {
        params: { path, header: ifMatch(hook.version) },
        body,
      }),
    ),
  );
  const moves = form.url !== hook.url;
  const save = () =>
    edit.run({
      kinds: form.everything ? ['*'] : form.kinds,
      ...(moves ? { url: form.url, secret } : {}),
    });
  return (
    <Section title="Settings">
      <Facts
        items={[
          ['Webhook id', <Exact key="id" text={hook.id} what="webhook id" />],
          [
            'Made',
            <span key="made">
              <When at={hook.created_at} /> by {actorName(hook.created_by)}
            </span>,
          ],
          ...(hook.old_secret_until
            ? ([['Also signed with the old secret until', <When key="old" at={hook.old_secret_until} />]] as [
                string,
                React.ReactNode,
              ][])
            : []),
        ]}
      />
      {edit.refused && <Failure error={edit.refused} shown={['/url', '/secret']} />}
      {may('settings.write') && (
        <Stack maw={520}>
          <TextInput
            label="URL"
            value={form.url}
            onChange={(event) => setForm({ ...form, url: event.currentTarget.value })}
            error={edit.refused?.at('/url')}
          />
          {moves && (
            <PasswordInput
              label="Signing secret in force"
              description="Proves that whoever moves the webhook is who reads it."
              value={secret}
              onChange={(event) => setSecret(event.currentTarget.value)}
              error={edit.refused?.at('/secret')}
              required
            />
          )}
          <KindFields value={form} onChange={setForm} />
          <Group>
            <Button loading={edit.busy} onClick={save}>
              Save
            </Button>
            <Button variant="default" loading={edit.busy} onClick={() => edit.run({ enabled: !hook.enabled })}>
              {hook.enabled ? 'Switch off' : 'Switch on'}
            </Button>
          </Group>
        </Stack>
      )}
    </Section>
  );
}
