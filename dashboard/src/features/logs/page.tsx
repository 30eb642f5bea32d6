import { Button, Group, Menu, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useSearch } from '@tanstack/react-router';
import { Download, RefreshCw } from 'lucide-react';
import { useMemo, useState } from 'react';
import type { Wire } from '../../api/client';
import { refusal } from '../../api/problem';
import { useAction } from '../../api/use-action';
import { save } from '../../lib/save';
import { count } from '../../lib/words';
import { useView, type View } from '../../session/view';
import { Details } from '../../shared/log-details';
import { OUTCOMES } from '../../shared/log-words';
import { Modal } from '../../ui/modal';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { ROWS_MAX } from './book';
import { type Asked, Filters, NOTHING_ASKED, queryOf } from './filters';
import { Rows } from './rows';
import { type LogQuery, useBook } from './use-book';

const TYPING_MS = 300;

/** The request log: filtered by the server, read as far as somebody scrolls, a little of it in memory. */
export function LogsPage() {
  const view = useView();
  const search = useSearch({ strict: false }) as { key?: string; outcome?: string };
  const begun = OUTCOMES.find(({ value }) => value === search.outcome)?.value ?? null;
  const [asked, setAsked] = useState<Asked>({ ...NOTHING_ASKED, key: search.key ?? '', outcome: begun });
  const [typed] = useDebouncedValue(asked, TYPING_MS);
  const filter = useMemo(() => queryOf(typed, view.account), [typed, view.account]);
  // Reading again begins at the newest rows; going on begins where the last scroll had no room left.
  const [begin, setBegin] = useState<{ round: number; cursor?: string }>({ round: 0 });
  const [opened, setOpened] = useState<Wire['LogEntry'] | null>(null);
  const anew = () => setBegin(({ round }) => ({ round: round + 1 }));
  return (
    <Page
      title={view.scope ? 'Requests' : 'All requests'}
      crumbs={[{ title: view.section('Watch') }]}
      lead={
        view.scope
          ? 'A row for every call with a key of this account, refused ones too. Secrets are never in it.'
          : 'A row for every call, refused ones too. Secrets are never in it.'
      }
      actions={
        <>
          <Button variant="default" leftSection={<RefreshCw size={15} aria-hidden />} onClick={anew}>
            Read again
          </Button>
          <Export view={view} filter={filter} />
        </>
      }
    >
      <Filters asked={asked} onChange={setAsked} />
      {begin.cursor && (
        <Group gap="sm">
          <Text fz="sm">Older rows only.</Text>
          <Button size="compact-sm" variant="default" onClick={anew}>
            Back to the newest
          </Button>
        </Group>
      )}
      <Found
        key={JSON.stringify([filter, begin])}
        view={view}
        filter={filter}
        start={begin.cursor}
        onOpen={setOpened}
        onOlder={(cursor) => {
          setBegin(({ round }) => ({ round: round + 1, cursor }));
          window.scrollTo(0, 0);
        }}
      />
      <Modal opened={opened !== null} onClose={() => setOpened(null)} title="One request" size="lg">
        {opened && <Details entry={opened} />}
      </Modal>
    </Page>
  );
}

function Export({ view, filter }: { view: View; filter: LogQuery }) {
  const download = useAction(async (format: 'csv' | 'ndjson' | 'parquet') => {
    const { data, error, response } = await view.client.GET('/v1/logs/export', {
      params: { query: { ...filter, format } },
      parseAs: 'blob',
    });
    if (!response.ok || !data) throw refusal(response, error);
    save(data as unknown as Blob, `requests.${format}`);
    return true;
  });
  return (
    <>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<Download size={15} aria-hidden />} loading={download.busy}>
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => download.run('csv')}>CSV</Menu.Item>
          <Menu.Item onClick={() => download.run('ndjson')}>NDJSON</Menu.Item>
          <Menu.Item onClick={() => download.run('parquet')}>Parquet</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {download.refused && <Failure error={download.refused} />}
    </>
  );
}

function Found({
  view,
  filter,
  start,
  onOpen,
  onOlder,
}: {
  view: View;
  filter: LogQuery;
  start: string | undefined;
  onOpen: (entry: Wire['LogEntry']) => void;
  onOlder: (cursor: string) => void;
}) {
  const { book, missing, reading, failed, look, again } = useBook(view.client, filter, start);
  const { length, hasMore, beyond } = book;
  return (
    <>
      {missing > 0 && (
        <Text fz="sm">{count(missing, 'request')} of the whole deployment in this time are not in the log.</Text>
      )}
      {failed && <Failure error={failed} again={again} />}
      {length === 0 && !failed && (hasMore || reading) && <Waiting />}
      {length === 0 && !failed && !hasMore && !reading && (
        <div className="card">
          <Empty title="No requests">Nothing fits, or nobody has called yet. New ones are here within seconds.</Empty>
        </div>
      )}
      {length > 0 && <Rows book={book} onLook={look} onOpen={onOpen} />}
      {length > 0 && (
        <Text fz={12} className="quiet" ta="center" role="status">
          {hasMore && `${length.toLocaleString('en')} read; scroll for older ones`}
          {beyond && `${length.toLocaleString('en')} read; there are older ones`}
          {!hasMore && !beyond && count(length, 'request')}
        </Text>
      )}
      {beyond && (
        <Group justify="center">
          <Button variant="default" onClick={() => onOlder(beyond)}>
            Go on after these {ROWS_MAX.toLocaleString('en')}
          </Button>
        </Group>
      )}
    </>
  );
}
