import { Button, Group, Menu, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { MoreHorizontal, Pencil, RotateCw } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { capital, word } from '../../lib/words';
import { type Scope, useScope } from '../../session/scope';
import { useActorName } from '../../shared/actors';
import { AuditTrail } from '../../shared/audit-trail';
import { type Deed, EndKey } from '../../shared/end-key';
import { keyName, limitText, rulesOf } from '../../shared/key-facts';
import { SecretShown, useSnippets } from '../../shared/secret-shown';
import { Modal } from '../../ui/modal';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { Exact, Facts, Standing, Tag, When } from '../../ui/parts';
import { HowToUse } from '../../ui/secret';
import { Approval } from './approval';
import { keyQuery } from './data';
import { RecentRequests } from './recent';
import { RotateKey } from './rotate';
import { Secrets } from './secrets';
import { canSnooze, Snooze } from './snooze';
import { KeyUsage } from './usage';

/** Everything about one key. */
export function KeyPage() {
  const scope = useScope();
  const { key: id } = useParams({ strict: false }) as { key: string };
  const found = useQuery(keyQuery(scope, id));
  if (found.isPending) return <Waiting />;
  if (found.isError) {
    return (
      <Page title={capital(word(scope.words, 'key'))} crumbs={crumbs(scope)}>
        <Failure error={found.error} again={() => found.refetch()} />
      </Page>
    );
  }
  return <Shown target={found.data} />;
}

function crumbs(scope: Scope) {
  return [
    { title: word(scope.words, 'section') },
    { title: word(scope.words, 'keys_page'), to: `/a/${scope.id}/keys` },
  ];
}

/** Whether the person may change this key: account keys and personal keys are two permissions. */
export function mayChange(scope: Scope, key: Wire['Key']): boolean {
  return scope.may(key.kind === 'personal' ? 'people.write' : 'keys.write');
}

function Shown({ target }: { target: Wire['Key'] }) {
  const scope = useScope();
  const { words } = scope;
  const name = keyName(target, words);
  const isLasting = target.standing !== 'revoked';
  const examples = useSnippets();
  const [handedOver, setHandedOver] = useState<Wire['KeyWithSecret'] | null>(null);
  return (
    <Page
      title={name}
      crumbs={crumbs(scope)}
      aside={
        <>
          <Standing standing={target.standing} words={words} />
          {target.environment === 'test' && <Tag color="violet">Test</Tag>}
        </>
      }
      actions={mayChange(scope, target) && <Actions target={target} onSecret={setHandedOver} />}
    >
      {target.standing === 'expired' && (
        <Text fz="sm">
          Its time is over and every request with it is refused. Extend it on the edit page, or delete it when nobody
          needs it.
        </Text>
      )}
      <Approval target={target} onSecret={setHandedOver} />
      <Section title="Settings">
        <Facts items={facts(scope, target)} />
      </Section>
      {isLasting && target.secrets.length > 0 && <Secrets target={target} />}
      {scope.may('usage.read') && <KeyUsage id={target.id} />}
      {scope.may('logs.read') && <RecentRequests id={target.id} />}
      {isLasting && target.secrets.length > 0 && examples.length > 0 && (
        <Section title="How to use it">
          <HowToUse variable={word(words, 'env_variable')} snippets={examples} />
        </Section>
      )}
      {scope.may('audit.read') && (
        <Section title="Audit" lead={`Who did what with this ${word(words, 'key')}.`}>
          <AuditTrail subject={target.id} />
        </Section>
      )}
      <Modal
        opened={handedOver !== null}
        onClose={() => setHandedOver(null)}
        title={name}
        size="lg"
        closeOnClickOutside={false}
        closeOnEscape={false}
        withCloseButton={false}
      >
        {handedOver && <SecretShown made={handedOver} onDone={() => setHandedOver(null)} />}
      </Modal>
    </Page>
  );
}

function facts(scope: Scope, key: Wire['Key']): [string, ReactNode][] {
  const common = key.environment === 'live' ? scope.api.limits_live : scope.api.limits_test;
  const own: [string, ReactNode][] = key.limits.map((limit) => [
    key.limits.length > 1 ? `Limit “${limit.name}”` : 'Limit',
    limitText(limit, common),
  ]);
  const inherited: [string, ReactNode][] =
    own.length > 0
      ? []
      : [['Limit', common.length > 0 ? `${common.map((limit) => limitText(limit)).join(', ')}, as every key` : 'none']];
  return [
    ['Key id', <Exact key="id" text={key.id} what="key id" />],
    ['Environment', capital(key.environment)],
    ...(scope.api.scopes.length > 0
      ? ([
          [
            'Scopes',
            <Group key="scopes" gap={6}>
              {key.scopes.length === 0 ? 'none' : key.scopes.map((one) => <Tag key={one}>{one}</Tag>)}
            </Group>,
          ],
        ] as [string, ReactNode][])
      : []),
    ...own,
    ...inherited,
    ['Addresses', key.addresses.length > 0 ? key.addresses.join(', ') : 'from anywhere'],
    ...(key.plan ? ([['Plan', key.plan]] as [string, ReactNode][]) : []),
    ['Expires', <When key="expires" at={key.expires_at} />],
    ...(key.snoozed_until && canSnooze(key)
      ? ([
          [
            'Reminders',
            <span key="snoozed">
              held back until <When at={key.snoozed_until} />
            </span>,
          ],
        ] as [string, ReactNode][])
      : []),
    [
      'Created',
      <span key="created">
        <When at={key.created_at} /> by <ActorName actor={key.created_by} />
      </span>,
    ],
    ['Last changed', <When key="changed" at={key.updated_at} />],
    ...(key.revoked_at ? ([['Revoked', <When key="revoked" at={key.revoked_at} />]] as [string, ReactNode][]) : []),
    ...(key.external_id ? ([['Your own id', key.external_id]] as [string, ReactNode][]) : []),
    ...(key.tags.length > 0 ? ([['Tags', key.tags.join(', ')]] as [string, ReactNode][]) : []),
  ];
}

function ActorName({ actor }: { actor: string }) {
  return useActorName()(actor);
}

function Actions({ target, onSecret }: { target: Wire['Key']; onSecret: (made: Wire['KeyWithSecret']) => void }) {
  const scope = useScope();
  const { words, client } = scope;
  const navigate = useNavigate();
  const [deed, setDeed] = useState<Deed | null>(null);
  const [rotating, setRotating] = useState(false);
  const [snoozing, setSnoozing] = useState(false);
  const rules = rulesOf(scope.api, target.kind);
  const is = (...standings: Wire['Standing'][]) => standings.includes(target.standing);
  const params = { params: { path: { key_id: target.id } } };
  const enable = useAction(() => answered(client.POST('/v1/keys/{key_id}/enable', params)));
  const canRotate = is('active', 'expiring_soon', 'disabled') && target.kind === 'account' && target.secrets.length > 0;

  const switchOn = async () => {
    if ((await enable.run()) === undefined) return;
    notifications.show({ message: 'It is switched on again.', color: 'teal' });
  };
  return (
    <>
      {is('disabled') && (
        <Button onClick={switchOn} loading={enable.busy}>
          Enable
        </Button>
      )}
      {canRotate && (
        <Button
          variant="default"
          leftSection={<RotateCw size={15} aria-hidden />}
          onClick={() => setRotating(true)}
          disabled={target.secrets.length > 1}
          title={target.secrets.length > 1 ? 'Complete or cancel the rotation under way first' : undefined}
        >
          Rotate
        </Button>
      )}
      {!is('revoked') && (
        <Button
          component={Link}
          to={`/a/${scope.id}/keys/${target.id}/edit`}
          variant="default"
          leftSection={<Pencil size={15} aria-hidden />}
        >
          Edit
        </Button>
      )}
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <Button variant="default" px="xs" aria-label="More actions">
            <MoreHorizontal size={18} aria-hidden />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {is('active', 'expiring_soon') && <Menu.Item onClick={() => setDeed('disable')}>Disable</Menu.Item>}
          {canSnooze(target) && <Menu.Item onClick={() => setSnoozing(true)}>Snooze reminders</Menu.Item>}
          {!is('revoked') && (
            <Menu.Item color="red" onClick={() => setDeed('revoke')}>
              {word(words, 'revoke')}
            </Menu.Item>
          )}
          <Menu.Item color="red" onClick={() => setDeed('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {enable.refused && <Failure error={enable.refused} />}
      {deed && (
        <EndKey
          target={target}
          deed={deed}
          onChange={setDeed}
          onClose={(done) => {
            setDeed(null);
            if (done && deed === 'delete') void navigate({ to: `/a/${scope.id}/keys` });
          }}
        />
      )}
      {snoozing && <Snooze target={target} onClose={() => setSnoozing(false)} />}
      {rotating && (
        <RotateKey
          target={target}
          overlapDaysMax={rules?.overlap_days_max ?? 0}
          onClose={() => setRotating(false)}
          onSecret={(made) => {
            setRotating(false);
            onSecret(made);
          }}
        />
      )}
    </>
  );
}
