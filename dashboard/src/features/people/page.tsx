import { Button, Checkbox, Group, Stack, Table, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { UserPlus } from 'lucide-react';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { word } from '../../lib/words';
import { type Scope, useScope } from '../../session/scope';
import { usePeople } from '../../shared/actors';
import { rulesOf } from '../../shared/key-facts';
import { useRoles } from '../../shared/roles';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { Standing, Tag, When } from '../../ui/parts';
import { AddPerson } from './add';
import { KeyActions } from './key-actions';
import { PersonMenu } from './menu';
import { Roles } from './roles';

const PAGE_MAX = 200;

/** Everybody's personal key by person, revoked ones aside. */
function usePersonalKeys(scope: Scope) {
  const hasPersonal = rulesOf(scope.api, 'personal') !== undefined;
  const seesKeys = scope.may('keys.read') || scope.may('people.read');
  return useQuery({
    queryKey: ['keys', scope.id, 'personal-by-person'],
    enabled: hasPersonal && seesKeys,
    queryFn: async () => {
      const keys = new Map<string, Wire['Key']>();
      let cursor: string | undefined;
      do {
        const query = { account_id: scope.id, kind: 'personal' as const, limit: PAGE_MAX, cursor };
        const page = await answered(scope.client.GET('/v1/keys', { params: { query } }));
        for (const key of page.items) {
          if (key.person_id && key.standing !== 'revoked' && !keys.has(key.person_id)) keys.set(key.person_id, key);
        }
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined);
      return keys;
    },
  });
}

/** The people of an account, their roles, and their personal keys. */
export function PeoplePage() {
  const scope = useScope();
  const { words } = scope;
  const [adding, setAdding] = useState(false);
  const mayWrite = scope.may('people.write');
  const add = mayWrite && (
    <Button leftSection={<UserPlus size={16} aria-hidden />} onClick={() => setAdding(true)}>
      Add a person
    </Button>
  );
  return (
    <Page title={word(words, 'people_page')} crumbs={[{ title: word(words, 'account_section') }]} actions={add}>
      <Tabs defaultValue="people" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="people">{word(words, 'people_page')}</Tabs.Tab>
          <Tabs.Tab value="roles">Roles</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="people">
          <PeopleTable add={add} />
        </Tabs.Panel>
        <Tabs.Panel value="roles">
          <Roles />
        </Tabs.Panel>
      </Tabs>
      {adding && <AddPerson onClose={() => setAdding(false)} />}
    </Page>
  );
}

function PeopleTable({ add }: { add: React.ReactNode }) {
  const scope = useScope();
  const people = usePeople(scope);
  const keys = usePersonalKeys(scope);
  const [chosen, setChosen] = useState<string | null>(null);
  if (people.isPending) return <Waiting />;
  if (people.isError) return <Failure error={people.error} again={() => people.refetch()} />;
  if (people.data.length === 0) {
    return (
      <div className="card">
        <Empty title="Nobody yet" action={add}>
          Invite whoever manages this account’s keys: each signs in as themselves, and the audit knows who did what.
        </Empty>
      </div>
    );
  }
  const rules = rulesOf(scope.api, 'personal');
  const person = people.data.find((one) => one.id === chosen);
  return (
    <Stack gap="sm">
      {rules && scope.may('people.write') && (
        <KeyActions person={person} current={person && keys.data?.get(person.id)} rules={rules} />
      )}
      {keys.isError && <Failure error={keys.error} again={() => keys.refetch()} />}
      <div className="card" style={{ overflowX: 'auto' }}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              {rules && scope.may('people.write') && (
                <Table.Th w={36}>
                  <span className="sr-only">Selected</span>
                </Table.Th>
              )}
              <Table.Th>Name</Table.Th>
              <Table.Th visibleFrom="sm">Role</Table.Th>
              <Table.Th visibleFrom="md">Email</Table.Th>
              <Table.Th visibleFrom="xs">Status</Table.Th>
              <Table.Th visibleFrom="lg">Last login</Table.Th>
              {rules && <Table.Th>{word(scope.words, 'key_status')}</Table.Th>}
              <Table.Th>
                <span className="sr-only">Actions</span>
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {people.data.map((one) => (
              <Row
                key={one.id}
                person={one}
                current={keys.data?.get(one.id)}
                hasPersonal={rules !== undefined}
                isChosen={one.id === chosen}
                onChoose={(isOn) => setChosen(isOn ? one.id : null)}
              />
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </Stack>
  );
}

const STATES: Record<Wire['MemberState'], [string, string]> = {
  active: ['teal', 'Active'],
  invited: ['blue', 'Invited'],
  suspended: ['red', 'Suspended'],
};

function Row({
  person,
  current,
  hasPersonal,
  isChosen,
  onChoose,
}: {
  person: Wire['Person'];
  current: Wire['Key'] | undefined;
  hasPersonal: boolean;
  isChosen: boolean;
  onChoose: (isOn: boolean) => void;
}) {
  const scope = useScope();
  const roles = useRoles(scope);
  const role = roles.find((one) => one.name === person.role);
  const [color, state] = STATES[person.state];
  return (
    <Table.Tr>
      {hasPersonal && scope.may('people.write') && (
        <Table.Td>
          <Checkbox
            checked={isChosen}
            onChange={(event) => onChoose(event.currentTarget.checked)}
            aria-label={`Select ${person.name}`}
          />
        </Table.Td>
      )}
      <Table.Td>
        <Text fz="sm" fw={600}>
          {person.name}
        </Text>
        <Text fz={12} className="quiet" hiddenFrom="md" style={{ overflowWrap: 'break-word' }}>
          {person.email ?? 'does not sign in'}
        </Text>
        <Text fz={12} className="quiet" hiddenFrom="sm">
          {role?.title ?? person.role ?? 'Holder'}
        </Text>
        {person.state !== 'active' && (
          <Text component="div" hiddenFrom="xs">
            <Tag color={color}>{state}</Tag>
          </Text>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm" title={role?.description}>
        {role?.title ?? person.role ?? 'Holder'}
      </Table.Td>
      <Table.Td visibleFrom="md">{person.email ?? <span className="quiet">does not sign in</span>}</Table.Td>
      <Table.Td visibleFrom="xs">
        <Group gap={4}>
          <Tag color={color}>{state}</Tag>
          {person.has_totp && <Tag>Authenticator</Tag>}
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <When at={person.signed_in_at} form="relative" />
      </Table.Td>
      {hasPersonal && (
        <Table.Td>
          {current ? (
            <Stack gap={2} align="flex-start">
              <Standing standing={current.standing} words={scope.words} />
              {current.expires_at && (
                <Text fz={12} className="quiet" visibleFrom="sm">
                  until <When at={current.expires_at} form="day" />
                </Text>
              )}
            </Stack>
          ) : (
            <span className="quiet">None</span>
          )}
        </Table.Td>
      )}
      <Table.Td ta="right">{scope.may('people.write') && <PersonMenu person={person} roles={roles} />}</Table.Td>
    </Table.Tr>
  );
}
