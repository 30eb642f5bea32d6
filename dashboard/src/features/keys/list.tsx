import { Button, Group, Progress, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Search } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { count, word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { rulesOf } from '../../shared/key-facts';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { CreateKey } from './create';
import { KEYS_MAX, useKeys } from './data';
import { type ListSearch, STANDINGS } from './search';
import { countByStanding, type Selection, select } from './select';
import { KeyTable } from './table';

export function KeyList() {
  const scope = useScope();
  const { words } = scope;
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const { keys, query } = useKeys('account');
  const rules = rulesOf(scope.api, 'account');
  const text = useDeferredValue(search.q ?? '');
  const { standing = null, environment = null, column = 'created' } = search;
  const down = search.down ?? search.column === undefined;
  const chosen = useMemo<Selection>(
    () => ({ text, standing, environment, column, down }),
    [text, standing, environment, column, down],
  );
  const shown = useMemo(() => select(keys, chosen), [keys, chosen]);
  const counts = useMemo(() => countByStanding(keys), [keys]);
  const set = (change: ListSearch) =>
    navigate({ to: '.', search: { ...search, ...change } as never, replace: true, resetScroll: false });

  const mayCreate = scope.may('keys.write');
  const createButton = mayCreate && (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {word(words, 'new_key').replace(/^\+\s*/, '')}
    </Button>
  );
  const used = keys.filter((key) => key.standing !== 'revoked').length;
  const lead = rules
    ? `${count(used, word(words, 'key'), word(words, 'keys'))} of at most ${rules.count_max.toLocaleString('en')}.`
    : undefined;

  return (
    <Page
      title={word(words, 'keys_page')}
      crumbs={[{ title: word(words, 'section') }]}
      lead={keys.length > 0 ? lead : undefined}
      actions={createButton}
    >
      {query.isError && <Failure error={query.error} again={() => query.refetch()} />}
      {query.isPending && <Waiting />}
      {query.isSuccess && keys.length === 0 && (
        <div className="card">
          <Empty title={`No ${word(words, 'keys')} yet`} action={createButton}>
            {mayCreate
              ? `Make one for each program that calls the API: then each can be watched, limited and withdrawn by itself.`
              : `Ask an admin of this account for one.`}
          </Empty>
        </div>
      )}
      {keys.length > 0 && (
        <Stack gap="sm">
          {query.hasNextPage && (
            <Stack gap={4}>
              <Text fz="xs" className="quiet" role="status">
                Reading: {count(keys.length, word(words, 'key'), word(words, 'keys'))} so far
              </Text>
              <Progress value={100} animated size="xs" aria-label="Reading" />
            </Stack>
          )}
          {!query.hasNextPage && keys.length >= KEYS_MAX && (
            <Text fz="sm">Only the newest {KEYS_MAX.toLocaleString('en')} are listed here; the API has the rest.</Text>
          )}
          <Group gap="sm">
            <TextInput
              flex="1 1 14rem"
              aria-label={`Search ${word(words, 'keys')}`}
              placeholder="Name, last four letters, tag, scope"
              leftSection={<Search size={16} aria-hidden />}
              defaultValue={search.q ?? ''}
              onChange={(event) => set({ q: event.currentTarget.value || undefined })}
            />
            {scope.api.environments.length > 1 && (
              <SegmentedControl
                aria-label="Environment"
                value={search.environment ?? ''}
                onChange={(value) => set({ environment: (value || undefined) as ListSearch['environment'] })}
                data={[
                  { value: '', label: 'All' },
                  { value: 'live', label: 'Live' },
                  { value: 'test', label: 'Test' },
                ]}
              />
            )}
          </Group>
          <Group gap={6} role="group" aria-label="Status">
            <Chip isOn={chosen.standing === null} onClick={() => set({ standing: undefined })}>
              All {keys.length.toLocaleString('en')}
            </Chip>
            {STANDINGS.filter((standing) => counts.has(standing)).map((standing) => (
              <Chip key={standing} isOn={chosen.standing === standing} onClick={() => set({ standing })}>
                {word(words, standing)} {counts.get(standing)?.toLocaleString('en')}
              </Chip>
            ))}
          </Group>
          {shown.length === 0 ? (
            <div className="card">
              <Empty
                title="Nothing fits"
                action={
                  <Button variant="default" onClick={() => navigate({ to: '.', search: {} as never })}>
                    Show all
                  </Button>
                }
              >
                No {word(words, 'key')} fits these filters.
              </Empty>
            </div>
          ) : (
            <KeyTable keys={shown} chosen={chosen} onSort={(column, down) => set({ column, down })} />
          )}
        </Stack>
      )}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </Page>
  );
}

function Chip({ isOn, onClick, children }: { isOn: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <Button size="compact-xs" radius="xl" variant={isOn ? 'filled' : 'default'} aria-pressed={isOn} onClick={onClick}>
      {children}
    </Button>
  );
}
