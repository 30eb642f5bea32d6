import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { type Scope, useScope } from '../../session/scope';
import { Modal } from '../../ui/modal';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';
import { type HookForm, WebhookFields } from './form';

export function webhooksQuery(scope: Scope) {
  return {
    queryKey: ['webhooks', scope.id],
    queryFn: () =>
      answered(scope.client.GET('/v1/accounts/{account_id}/webhooks', { params: { path: { account_id: scope.id } } })),
  };
}

/** Programs of the account's own that are told what happens. */
export function WebhookList() {
  const scope = useScope();
  const hooks = useQuery(webhooksQuery(scope));
  const [adding, setAdding] = useState(false);
  const add = scope.may('settings.write') && (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Add a webhook
    </Button>
  );
  return (
    <Page
      title="Webhooks"
      crumbs={[{ title: 'Automation' }]}
      lead="Programs of yours that are told what happens to keys and people: signed, at least once, tried again for days."
      actions={hooks.data && hooks.data.items.length > 0 && add}
    >
      {hooks.isPending && <Waiting />}
      {hooks.isError && <Failure error={hooks.error} again={() => hooks.refetch()} />}
      {hooks.data?.items.length === 0 && (
        <div className="card">
          <Empty title="No webhooks yet" action={add}>
            Have a program of yours told when a key is made, is about to expire or was published, instead of asking.
          </Empty>
        </div>
      )}
      {hooks.data && hooks.data.items.length > 0 && (
        <div className="card" style={{ overflowX: 'auto' }}>
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>URL</Table.Th>
                <Table.Th visibleFrom="sm">Told of</Table.Th>
                <Table.Th>Status</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {hooks.data.items.map((hook) => (
                <Table.Tr key={hook.id}>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    <Link to={`/a/${scope.id}/webhooks/${hook.id}`} className="row-link">
                      {hook.url}
                    </Link>
                  </Table.Td>
                  <Table.Td visibleFrom="sm">
                    {hook.kinds.includes('*') ? 'everything' : hook.kinds.join(', ')}
                  </Table.Td>
                  <Table.Td>
                    <HookState hook={hook} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      {adding && <AddWebhook onClose={() => setAdding(false)} />}
    </Page>
  );
}

export function HookState({ hook }: { hook: Wire['Webhook'] }) {
  if (!hook.enabled) return <Tag>Off</Tag>;
  if (hook.failing_since) {
    return (
      <Group gap={6}>
        <Tag color="orange">Failing</Tag>
        <Text fz={12} className="quiet">
          since <When at={hook.failing_since} form="relative" />
        </Text>
      </Group>
    );
  }
  return <Tag color="teal">On</Tag>;
}

function AddWebhook({ onClose }: { onClose: () => void }) {
  const scope = useScope();
  const [form, setForm] = useState<HookForm>({ url: '', everything: true, kinds: [] });
  const [made, setMade] = useState<Wire['WebhookWithSecret'] | null>(null);
  const add = useAction(() =>
    answered(
      scope.client.POST('/v1/accounts/{account_id}/webhooks', {
        params: { path: { account_id: scope.id } },
        body: { url: form.url, kinds: form.everything ? undefined : form.kinds },
      }),
    ),
  );
  const close = () => {
    setMade(null);
    onClose();
  };
  return (
    <Modal
      opened
      onClose={close}
      title={made ? 'The webhook is on' : 'Add a webhook'}
      closeOnClickOutside={made === null}
      closeOnEscape={made === null}
      withCloseButton={made === null}
    >
      {made ? (
        <SigningSecret made={made} onDone={close} />
      ) : (
        <form
          onSubmit={async (event) => {
            event.preventDefault();
            const done = await add.run();
            if (done) setMade(done);
          }}
        >
          <Stack>
            {add.refused && <Failure error={add.refused} shown={['/url', '/kinds']} />}
            <WebhookFields value={form} onChange={setForm} refused={add.refused} />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" loading={add.busy}>
                Add
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

export function SigningSecret({ made, onDone }: { made: Wire['WebhookWithSecret']; onDone: () => void }) {
  return (
    <Stack>
      {made.secret && (
        <SecretBox
          secret={made.secret}
          label="Signing secret"
          notice="Copy it now: it can’t be shown again. Your program verifies with it that a call comes from here (Standard Webhooks)."
        />
      )}
      <Group justify="flex-end">
        <Button onClick={onDone}>Done</Button>
      </Group>
    </Stack>
  );
}
