import { Button, Group, PasswordInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { answered, ownClient } from '../../api/client';
import { useAction } from '../../api/use-action';
import { useMe } from '../../session/me';
import { NoticeChoice } from '../../shared/notice-choice';
import { OF_OPERATORS } from '../../shared/notice-words';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Stacked } from '../../ui/stacked';
import { Accounts } from './accounts';
import { Authenticator } from './authenticator';

/** What a person decides of themselves: name, password, authenticator, sign-ins, accounts. */
export function MePage() {
  const me = useMe();
  return (
    <Page title="Your settings">
      <Name />
      <Password />
      <Authenticator />
      <SignIns />
      <Accounts />
      {me.operator && (
        <Section
          title="Mails to operators"
          lead="Of what concerns no account; for each account you choose on its page."
        >
          <NoticeChoice account={null} kinds={OF_OPERATORS} />
        </Section>
      )}
    </Page>
  );
}

function Name() {
  const me = useMe();
  const [name, setName] = useState(me.name);
  const rename = useAction(() => answered(ownClient.PATCH('/v1/me', { body: { name } })));
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if ((await rename.run()) !== undefined) notifications.show({ message: 'Your name is changed.', color: 'teal' });
  };
  return (
    <Section title="You" lead={me.email ?? undefined}>
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput
            label="Name"
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="name"
            error={rename.refused?.at('/name')}
            flex="1 1 16rem"
            maw={360}
            required
          />
          <Button type="submit" variant="default" disabled={name === me.name} loading={rename.busy}>
            Save
          </Button>
        </Group>
        {rename.refused && <Failure error={rename.refused} shown={['/name']} />}
      </form>
    </Section>
  );
}

function Password() {
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const change = useAction(async () => {
    const body = { current_password: current || undefined, new_password: next };
    await answered(ownClient.POST('/v1/me/password', { body }));
    return true;
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!(await change.run())) return;
    setCurrent('');
    setNext('');
    notifications.show({ message: 'Your password is changed; every other sign-in has ended.', color: 'teal' });
  };
  return (
    <Section title="Password" lead="Changing it ends every other sign-in of yours.">
      <form onSubmit={submit}>
        <Stack maw={360}>
          {change.refused && <Failure error={change.refused} shown={['/new_password']} />}
          <PasswordInput
            label="Current password"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
            autoComplete="current-password"
          />
          <PasswordInput
            label="New password"
            description="At least 12 letters; several words are a good choice."
            value={next}
            onChange={(event) => setNext(event.currentTarget.value)}
            autoComplete="new-password"
            error={change.refused?.at('/new_password')}
            required
          />
          <Group>
            <Button type="submit" variant="default" loading={change.busy}>
              Change the password
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}

function SignIns() {
  const navigate = useNavigate();
  const queries = useQueryClient();
  const sessions = useQuery({
    queryKey: ['sessions'],
    queryFn: () => answered(ownClient.GET('/v1/me/sessions')),
  });
  const end = useAction(async (id: string) => {
    await answered(ownClient.DELETE('/v1/me/sessions/{session_id}', { params: { path: { session_id: id } } }));
    return true;
  });
  const endOthers = useAction(async () => {
    await answered(ownClient.DELETE('/v1/me/sessions', { params: { query: { keep_current: true } } }));
    return true;
  });
  const others = sessions.data?.items.some((session) => !session.current) ?? false;
  return (
    <Section
      title="Sign-ins"
      lead="Everywhere you are signed in. End what you do not know, then change your password."
      actions={
        others && (
          <Button size="xs" variant="default" loading={endOthers.busy} onClick={() => endOthers.run()}>
            End all others
          </Button>
        )
      }
    >
      {sessions.isPending && <Waiting />}
      {(sessions.error ?? end.refused ?? endOthers.refused) && (
        <Failure error={sessions.error ?? end.refused ?? endOthers.refused} />
      )}
      {sessions.data && (
        <Stacked heads={['Where', 'How', 'Since', 'Last used', { title: 'Actions', isHidden: true }]}>
          {sessions.data.items.map((session) => (
            <Table.Tr key={session.id}>
              <Table.Td>
                <Group gap={6}>
                  <span title={session.agent ?? undefined}>{browser(session.agent)}</span>
                  {session.current && <Tag color="teal">this one</Tag>}
                </Group>
                <Text fz={12} className="quiet">
                  {session.origin}
                </Text>
              </Table.Td>
              <Table.Td>{session.method}</Table.Td>
              <Table.Td>
                <When at={session.created_at} />
              </Table.Td>
              <Table.Td>
                <When at={session.seen_at} form="relative" />
              </Table.Td>
              <Table.Td ta="right">
                <Button
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  onClick={async () => {
                    if ((await end.run(session.id)) === undefined || !session.current) return;
                    queries.clear();
                    await navigate({ to: '/sign-in' });
                  }}
                >
                  End
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Stacked>
      )}
    </Section>
  );
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];

function browser(agent: string | null | undefined): string {
  if (!agent) return 'Unknown';
  return BROWSERS.find(([pattern]) => pattern.test(agent))?.[1] ?? agent.slice(0, 40);
}
