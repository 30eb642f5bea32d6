import { Alert, Button, Group, SegmentedControl, Select, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { useAction } from '../../api/use-action';
import { word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { keyName, rulesOf } from '../../shared/key-facts';
import { Modal } from '../../ui/modal';
import { Failure, Page, Section, Waiting } from '../../ui/page';
import { Standing, Tag, When } from '../../ui/parts';
import { SecretBox } from '../../ui/secret';
import { Stacked } from '../../ui/stacked';

type Fate = 'keep' | 'rotate' | 'revoke';

const HOW: Record<Wire['SeenHow'], string> = {
  created: 'made it',
  rotated: 'rotated it',
  revealed: 'saw it',
  picked_up: 'picked it up',
};

const OVERLAPS = [
  { value: '0', label: 'old secrets end at once' },
  { value: '3600', label: 'old secrets stay 1 hour' },
  { value: '86400', label: 'old secrets stay 1 day' },
  { value: '604800', label: 'old secrets stay 7 days' },
];

/** Somebody leaves: every key they know, and what becomes of each, in the same change as their removal. */
export function Leaver() {
  const scope = useScope();
  const { person: id } = useParams({ strict: false }) as { person: string };
  const path = { account_id: scope.id, person_id: id };
  const person = useQuery({
    queryKey: ['person', scope.id, id],
    queryFn: () => answered(scope.client.GET('/v1/accounts/{account_id}/people/{person_id}', { params: { path } })),
  });
  const known = useQuery({
    queryKey: ['known', scope.id, id],
    queryFn: () =>
      answered(scope.client.GET('/v1/accounts/{account_id}/people/{person_id}/known', { params: { path } })),
  });
  const page = word(scope.words, 'people_page');
  const hasPersonal = rulesOf(scope.api, 'personal') !== undefined;
  const error = person.error ?? known.error;
  return (
    <Page
      title={person.data ? `Remove ${person.data.name}` : 'Remove somebody'}
      crumbs={[{ title: page, to: `/a/${scope.id}/people` }]}
      lead={`They lose this account${hasPersonal ? ` and their ${word(scope.words, 'personal_key')}` : ''} at once. Decide here about the keys whose secrets they know.`}
    >
      {error && <Failure error={error} again={() => void Promise.all([person.refetch(), known.refetch()])} />}
      {!error && !(person.data && known.data) && <Waiting />}
      {person.data && known.data && <Decide person={person.data} known={known.data} />}
    </Page>
  );
}

function Decide({ person, known }: { person: Wire['Person']; known: Wire['Known'] }) {
  const scope = useScope();
  const navigate = useNavigate();
  // Read once: after the removal there is nothing to decide any more.
  const [listed] = useState(() => ({
    keys: known.keys.filter((key) => key.standing !== 'revoked' && key.kind === 'account'),
    automation: known.management_keys,
  }));
  const [fates, setFates] = useState<Record<string, Fate>>({});
  const [overlap, setOverlap] = useState('86400');
  const [rotated, setRotated] = useState<Wire['KeyWithSecret'][] | null>(null);
  const remove = useAction(() => {
    const choices = Object.entries(fates).filter(([, fate]) => fate !== 'keep');
    const keys: Wire['KeyChoice'][] = choices.map(([id, fate]) =>
      fate === 'rotate' ? { id, do: { rotate: { overlap_s: Number(overlap) } } } : { id, do: 'revoke' },
    );
    return answered(
      scope.client.POST('/v1/accounts/{account_id}/people/{person_id}/remove', {
        params: { path: { account_id: scope.id, person_id: person.id } },
        body: { keys },
      }),
    );
  });
  const back = () => navigate({ to: `/a/${scope.id}/people` });
  const run = async () => {
    const done = await remove.run();
    if (!done) return;
    if (done.rotated.length > 0) setRotated(done.rotated);
    else await back();
  };
  const fateOf = (id: string) => fates[id] ?? 'keep';
  const set = (id: string, fate: string) => setFates((all) => ({ ...all, [id]: fate as Fate }));
  const all = [...listed.keys.map((key) => key.key_id), ...listed.automation.map((key) => key.id)];
  const isEmpty = all.length === 0;
  return (
    <Stack>
      {remove.refused && <Failure error={remove.refused} />}
      <Section
        title="What they know"
        lead={
          isEmpty ? undefined : 'Made, rotated, revealed or picked up by them. What you do not touch stays as it is.'
        }
        actions={
          !isEmpty && (
            <Button
              size="xs"
              variant="default"
              onClick={() =>
                setFates(Object.fromEntries(all.map((id) => [id, id.startsWith('mk_') ? 'revoke' : 'rotate'])))
              }
            >
              Rotate all
            </Button>
          )
        }
      >
        {isEmpty ? (
          <Text fz="sm">They know no secret of this account.</Text>
        ) : (
          <Stacked heads={['Key', 'How', 'Last used', 'What becomes of it']}>
            {listed.keys.map((key) => (
              <Table.Tr key={key.key_id}>
                <Table.Td>
                  {keyName(key, scope.words)} <Standing standing={key.standing} words={scope.words} />
                </Table.Td>
                <Table.Td>{key.how.map((how) => HOW[how]).join(', ')}</Table.Td>
                <Table.Td>
                  <When at={key.last_used_at} form="relative" />
                </Table.Td>
                <Table.Td>
                  <SegmentedControl
                    size="xs"
                    aria-label={`What becomes of ${keyName(key, scope.words)}`}
                    value={fateOf(key.key_id)}
                    onChange={(fate) => set(key.key_id, fate)}
                    data={[
                      { value: 'keep', label: 'Keep' },
                      { value: 'rotate', label: 'Rotate' },
                      { value: 'revoke', label: 'Revoke' },
                    ]}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
            {listed.automation.map((key) => (
              <Table.Tr key={key.id}>
                <Table.Td>
                  {key.name} <Tag>management key</Tag>
                </Table.Td>
                <Table.Td>made it</Table.Td>
                <Table.Td>–</Table.Td>
                <Table.Td>
                  <SegmentedControl
                    size="xs"
                    aria-label={`What becomes of ${key.name}`}
                    value={fateOf(key.id)}
                    onChange={(fate) => set(key.id, fate)}
                    data={[
                      { value: 'keep', label: 'Keep' },
                      { value: 'revoke', label: 'Revoke' },
                    ]}
                  />
                </Table.Td>
              </Table.Tr>
            ))}
          </Stacked>
        )}
        {Object.values(fates).includes('rotate') && (
          <Select
            label="While programs change over"
            data={OVERLAPS}
            value={overlap}
            onChange={(value) => setOverlap(value ?? '0')}
            allowDeselect={false}
            maw={280}
          />
        )}
      </Section>
      <Group>
        <Button color="red" loading={remove.busy} onClick={run}>
          Remove {person.name}
        </Button>
        <Button component={Link} to={`/a/${scope.id}/people`} variant="default">
          Cancel
        </Button>
      </Group>
      <Modal
        opened={rotated !== null}
        onClose={back}
        title={`${person.name} is removed`}
        size="lg"
        closeOnClickOutside={false}
        closeOnEscape={false}
        withCloseButton={false}
      >
        <Stack>
          <Alert color="orange" p="sm">
            These are the new secrets. Copy each before you go on: keys that are shown once can’t be shown again.
          </Alert>
          {rotated?.map(
            (one) => one.secret && <SecretBox key={one.id} secret={one.secret} label={keyName(one, scope.words)} />,
          )}
          <Group justify="flex-end">
            <Button
              onClick={() => {
                setRotated(null);
                void back();
              }}
            >
              Done
            </Button>
          </Group>
        </Stack>
      </Modal>
    </Stack>
  );
}
