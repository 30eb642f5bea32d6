import { Button, Progress, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useDeferredValue, useMemo, useState } from 'react';
import { count, word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { rulesOf } from '../../shared/key-facts';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { CreateKey } from './create';
import { KEYS_MAX, type Narrowed, useKeys } from './data';
import { Filters } from './filters';
import type { ListSearch } from './search';
import { countByStanding, type Selection, select } from './select';
import { KeyTable } from './table';

const TYPING_MS = 300;

export function KeyList() {
  const scope = useScope();
  const { words } = scope;
  const search = useSearch({ strict: false }) as ListSearch;
  const navigate = useNavigate();
  const [creating, setCreating] = useState(false);
  const all = useKeys('account');
  const rules = rulesOf(scope.api, 'account');
  const counts = useMemo(() => (all.isCut ? null : countByStanding(all.keys)), [all.isCut, all.keys]);
  const set = (change: ListSearch) =>
    navigate({ to: '.', search: { ...search, ...change } as never, replace: true, resetScroll: false });

  const mayCreate = scope.may('keys.write');
  const createButton = mayCreate && (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setCreating(true)}>
      {word(words, 'new_key').replace(/^\+\s*/, '')}
    </Button>
  );
  const used = all.keys.filter((key) => key.standing !== 'revoked').length;
  const lead = rules
    ? `${count(used, word(words, 'key'), word(words, 'keys'))} of at most ${rules.count_max.toLocaleString('en')}.`
    : undefined;
  const isEmpty = all.keys.length === 0;

  return (
    <Page
      title={word(words, 'keys_page')}
      crumbs={[{ title: word(words, 'section') }]}
      lead={isEmpty || all.isCut ? undefined : lead}
      actions={createButton}
    >
      {all.query.isError && <Failure error={all.query.error} again={() => all.query.refetch()} />}
      {all.query.isPending && <Waiting />}
      {all.query.isSuccess && isEmpty && (
        <div className="card">
          <Empty title={`No ${word(words, 'keys')} yet`} action={createButton}>
            {mayCreate
              ? `Make one for each program that calls the API: then each can be watched, limited and withdrawn by itself.`
              : `Ask an admin of this account for one.`}
          </Empty>
        </div>
      )}
      {!isEmpty && (
        <Stack gap="sm">
          {all.query.hasNextPage && <Reading number={all.keys.length} />}
          <Filters search={search} onChange={set} total={all.keys.length} counts={counts} />
          <Fitting all={all} search={search} onChange={set} />
        </Stack>
      )}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </Page>
  );
}

/** The keys that fit: out of those that were read, or, where that is not all of them, found by the server. */
function Fitting({
  all,
  search,
  onChange,
}: {
  all: ReturnType<typeof useKeys>;
  search: ListSearch;
  onChange: (change: ListSearch) => void;
}) {
  const { words } = useScope();
  const navigate = useNavigate();
  const { standing = null, environment = null, column = 'created' } = search;
  const down = search.down ?? search.column === undefined;
  const [typed] = useDebouncedValue(search.q?.trim() || undefined, TYPING_MS);
  const asked = useMemo<Narrowed | null>(() => {
    const isAsked = typed !== undefined || standing !== null || environment !== null;
    if (!all.isCut || !isAsked) return null;
    return { search: typed, standing: standing ?? undefined, environment: environment ?? undefined };
  }, [all.isCut, typed, standing, environment]);
  const found = useKeys('account', asked);
  const { keys, query, isCut } = asked ? found : all;

  // The server has looked for the text already, and knows more spellings of it.
  const text = useDeferredValue(asked ? '' : (search.q ?? ''));
  const chosen = useMemo<Selection>(
    () => ({ text, standing, environment, column, down }),
    [text, standing, environment, column, down],
  );
  const shown = useMemo(() => select(keys, chosen), [keys, chosen]);
  if (query.isPending) return <Waiting />;
  if (query.isError && asked) return <Failure error={query.error} again={() => query.refetch()} />;
  return (
    <>
      {asked && query.hasNextPage && <Reading number={keys.length} />}
      {isCut && (
        <Text fz="sm">
          {asked ? 'More fit than can be listed' : 'There are more than can be listed'}: these are the newest{' '}
          {KEYS_MAX.toLocaleString('en')}.{' '}
          {asked ? 'Add a word to find the others.' : 'Search and filters look through all of them.'}
        </Text>
      )}
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
        <KeyTable keys={shown} chosen={chosen} onSort={(column, down) => onChange({ column, down })} />
      )}
    </>
  );
}

function Reading({ number }: { number: number }) {
  const { words } = useScope();
  return (
    <Stack gap={4}>
      <Text fz="xs" className="quiet" role="status">
        Reading: {count(number, word(words, 'key'), word(words, 'keys'))} so far
      </Text>
      <Progress value={100} animated size="xs" aria-label="Reading" />
    </Stack>
  );
}
