import { ActionIcon, Button, Group, Menu, Select, Stack, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { Link } from '@tanstack/react-router';
import { MoreHorizontal } from 'lucide-react';
import { useState } from 'react';
import { answered, ifMatch, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { rulesOf } from '../../shared/key-facts';
import { Modal } from '../../ui/modal';
import { Failure } from '../../ui/page';
import { LinkShown } from './add';

type Asked = 'role' | 'suspend' | 'invite' | 'reset' | 'totp';

/** What else can be done with a person. */
export function PersonMenu({ person, roles }: { person: Wire['Person']; roles: Wire['Role'][] }) {
  const scope = useScope();
  const [asked, setAsked] = useState<Asked | null>(null);
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`Actions for ${person.name}`}>
            <MoreHorizontal size={18} aria-hidden />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {person.email && <Menu.Item onClick={() => setAsked('role')}>Change the role</Menu.Item>}
          {person.state === 'invited' && <Menu.Item onClick={() => setAsked('invite')}>Invite again</Menu.Item>}
          {person.state === 'active' && person.email && (
            <Menu.Item onClick={() => setAsked('reset')}>Link to a new password</Menu.Item>
          )}
          {person.has_totp && <Menu.Item onClick={() => setAsked('totp')}>Take away the authenticator</Menu.Item>}
          {person.state !== 'invited' && (
            <Menu.Item onClick={() => setAsked('suspend')}>
              {person.state === 'suspended' ? 'Let in again' : 'Suspend'}
            </Menu.Item>
          )}
          <Menu.Divider />
          <Menu.Item color="red" component={Link} to={`/a/${scope.id}/people/${person.id}/remove`}>
            Remove
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asked && <Dialog asked={asked} person={person} roles={roles} onClose={() => setAsked(null)} />}
    </>
  );
}

function Dialog({
  asked,
  person,
  roles,
  onClose,
}: {
  asked: Asked;
  person: Wire['Person'];
  roles: Wire['Role'][];
  onClose: () => void;
}) {
  const scope = useScope();
  const { client } = scope;
  const path = { account_id: scope.id, person_id: person.id };
  const [role, setRole] = useState<string | null>(person.role ?? null);
  const [link, setLink] = useState<Wire['OneTimeLink'] | null>(null);
  const isSuspended = person.state === 'suspended';
  const hasPersonal = rulesOf(scope.api, 'personal') !== undefined;
  const noun = word(scope.words, 'personal_key');

  const change = useAction(async (): Promise<Wire['OneTimeLink'] | null> => {
    const base = '/v1/accounts/{account_id}/people/{person_id}' as const;
    switch (asked) {
      case 'role':
      case 'suspend': {
        const body = asked === 'role' ? { role } : { suspended: !isSuspended };
        await answered(client.PATCH(base, { params: { path, header: ifMatch(person.version) }, body }));
        return null;
      }
      case 'totp':
        await answered(client.DELETE(`${base}/totp`, { params: { path } }));
        return null;
      case 'invite':
        return answered(client.POST(`${base}/invitation`, { params: { path } }));
      case 'reset':
        return answered(client.POST(`${base}/reset-link`, { params: { path } }));
    }
  });
  const texts: Record<Asked, [string, string, string]> = {
    role: [`Role of ${person.name}`, '', 'Save'],
    suspend: isSuspended
      ? [`Let ${person.name} in again?`, 'They can sign in to this account again.', 'Let in again']
      : [
          `Suspend ${person.name}?`,
          `They are shut out of this account at once${hasPersonal ? `, and their ${noun} is revoked for good` : ''}. Management keys they made rest.`,
          'Suspend',
        ],
    invite: [`Invite ${person.name} again`, 'A fresh link; the one of before ends.', 'Invite again'],
    reset: [`A new password for ${person.name}`, 'Makes a link that works once, within an hour.', 'Make the link'],
    totp: [
      `Take away the authenticator of ${person.name}?`,
      'For somebody who lost it: their password is enough until they set up another.',
      'Take it away',
    ],
  };
  const [title, text, button] = texts[asked];
  const run = async () => {
    const done = await change.run();
    if (done === undefined) return;
    if (done) return setLink(done);
    notifications.show({ message: 'Done.', color: 'teal' });
    onClose();
  };
  return (
    <Modal opened onClose={onClose} title={title} closeOnClickOutside={link === null}>
      <Stack>
        {change.refused && <Failure error={change.refused} />}
        {link ? (
          <LinkShown link={link} />
        ) : (
          <>
            {text && <Text fz="sm">{text}</Text>}
            {asked === 'role' && (
              <Select
                label="Role"
                data={roles.map((one) => ({ value: one.name, label: one.title }))}
                value={role}
                onChange={setRole}
                description={roles.find((one) => one.name === role)?.description}
                allowDeselect={false}
              />
            )}
          </>
        )}
        <Group justify="flex-end">
          {link ? (
            <Button onClick={onClose}>Done</Button>
          ) : (
            <>
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button
                color={asked === 'suspend' && !isSuspended ? 'red' : undefined}
                loading={change.busy}
                onClick={run}
              >
                {button}
              </Button>
            </>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
