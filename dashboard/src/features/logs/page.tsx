import { Button, Group, Menu, Modal, Select, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { Download, RefreshCw } from 'lucide-react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { answered, type Wire } from '../../api/client';
import { refusal } from '../../api/problem';
import { useAction } from '../../api/use-action';
import { save } from '../../lib/save';
import { useScope } from '../../session/scope';
import { Empty, Failure, Page, Waiting } from '../../ui/page';
import { Tag, When } from '../../ui/parts';
import { Details } from './details';

const PAGE = 200;
const ROW_PX = 44;
const TYPING_MS = 300;
/** So near the end of what was read the next page is read. */
const AHEAD = 60;

type Outcome = Wire['LogOutcome'];

/** The request log: filtered by the server, read a page at a time, drawn as far as it is seen. */
export function LogsPage() {
  const scope = useScope();
  const search = useSearch({ strict: false }) as { key?: string };
  const [key, setKey] = useState(search.key ?? '');
  const [path, setPath] = useState('');
  const [status, setStatus] = useState('');
  const [outcome, setOutcome] = useState<string | null>(null);
  const [opened, setOpened] = useState<Wire['LogEntry'] | null>(null);
  const [typed] = useDebouncedValue({ key, path, status }, TYPING_MS);
  const filter = useMemo(
    () => ({
      account_id: scope.id,
      key_id: typed.key.trim() || undefined,
      path: typed.path.trim() || undefined,
      status: typed.status.trim() || undefined,
      outcome: (outcome ?? undefined) as Outcome | undefined,
    }),
    [scope.id, typed, outcome],
  );
  const query = useInfiniteQuery({
    queryKey: ['logs', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(scope.client.GET('/v1/logs', { params: { query: { ...filter, limit: PAGE, cursor: pageParam } } })),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const download = useAction(async (format: 'csv' | 'ndjson' | 'parquet') => {
    const { data, error, response } = await scope.client.GET('/v1/logs/export', {
      params: { query: { ...filter, format } },
      parseAs: 'blob',
    });
    if (!response.ok || !data) throw refusal(response, error);
    save(data as unknown as Blob, `requests.${format}`);
    return true;
  });
  const missing = query.data?.pages[0]?.missing.reduce((all, one) => all + one.records, 0) ?? 0;

  return (
    <Page
      title="Requests"
      crumbs={[{ title: 'Watch' }]}
      lead="A row for every call with a key of this account, refused ones too. Secrets are never in it."
      actions={
        <>
          <Button
            variant="default"
            leftSection={<RefreshCw size={15} aria-hidden />}
            onClick={() => query.refetch()}
            loading={query.isRefetching}
          >
            Read again
          </Button>
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
        </>
      }
    >
      {download.refused && <Failure error={download.refused} />}
      <Group gap="sm" align="flex-end">
        <Select
          label="Outcome"
          placeholder="Any"
          clearable
          w={150}
          value={outcome}
          onChange={setOutcome}
          data={[
            { value: 'success', label: 'Answered well' },
            { value: 'error', label: 'Answered badly' },
            { value: 'refused', label: 'Refused' },
          ]}
        />
        <TextInput
          label="Status"
          placeholder="401, 4xx, 500-504"
          w={150}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
        />
        <TextInput
          label="Path"
          placeholder="/validate/*"
          flex="1 1 10rem"
          value={path}
          onChange={(event) => setPath(event.currentTarget.value)}
        />
        <TextInput
          label="Key id"
          placeholder="key_…"
          flex="1 1 10rem"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
      </Group>
      {missing > 0 && (
        <Text fz="sm">
          {missing.toLocaleString('en')} requests of the whole deployment in this time are not in the log.
        </Text>
      )}
      {query.isPending && <Waiting />}
      {query.isError && <Failure error={query.error} again={() => query.refetch()} />}
      {query.isSuccess && rows.length === 0 && !query.hasNextPage && (
        <div className="card">
          <Empty title="No requests">Nothing fits, or nobody has called yet. New ones are here within seconds.</Empty>
        </div>
      )}
      {(rows.length > 0 || query.hasNextPage) && (
        <Rows
          rows={rows}
          more={query.hasNextPage && !query.isFetching ? () => void query.fetchNextPage() : undefined}
          onOpen={setOpened}
        />
      )}
      <Modal opened={opened !== null} onClose={() => setOpened(null)} title="One request" size="lg">
        {opened && <Details entry={opened} />}
      </Modal>
    </Page>
  );
}

function Rows({
  rows,
  more,
  onOpen,
}: {
  rows: Wire['LogEntry'][];
  more: (() => void) | undefined;
  onOpen: (entry: Wire['LogEntry']) => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(frame.current?.offsetTop ?? 0), []);
  const virtual = useWindowVirtualizer({
    count: rows.length,
    estimateSize: () => ROW_PX,
    overscan: 20,
    scrollMargin: top,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= rows.length - AHEAD) more();
  }, [more, last, rows.length]);
  const before = (items[0]?.start ?? top) - top;
  const after = virtual.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  return (
    <div ref={frame} className="card" style={{ overflowX: 'auto' }}>
      <Table verticalSpacing={8}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>When</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Request</Table.Th>
            <Table.Th visibleFrom="md">Key</Table.Th>
            <Table.Th visibleFrom="sm" ta="right">
              Took
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {before > 0 && <Spacer px={before} />}
          {items.map((item) => {
            const entry = rows[item.index];
            if (!entry) return null;
            return (
              <Table.Tr key={item.key} data-index={item.index} ref={virtual.measureElement}>
                <Table.Td>
                  <When at={entry.at} form="relative" />
                </Table.Td>
                <Table.Td>
                  <Tag color={color(entry)}>{entry.status}</Tag>
                </Table.Td>
                <Table.Td style={{ overflowWrap: 'anywhere' }}>
                  <button type="button" className="sort" onClick={() => onOpen(entry)} style={{ textAlign: 'left' }}>
                    <Text component="span" ff="monospace" fz={13}>
                      {entry.method} {entry.path}
                    </Text>
                  </button>
                  {entry.code && (
                    <Text fz={12} className="quiet">
                      {entry.code}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td visibleFrom="md">{entry.key_name ?? entry.key_id ?? '–'}</Table.Td>
                <Table.Td visibleFrom="sm" ta="right" style={{ whiteSpace: 'nowrap' }}>
                  {(entry.total_us / 1_000).toFixed(1)} ms
                </Table.Td>
              </Table.Tr>
            );
          })}
          {after > 0 && <Spacer px={after} />}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function color(entry: Wire['LogEntry']): string {
  if (entry.outcome === 'success') return 'teal';
  return entry.outcome === 'refused' ? 'red' : 'orange';
}

function Spacer({ px }: { px: number }) {
  return (
    <tr aria-hidden>
      <td style={{ height: px, padding: 0 }} />
    </tr>
  );
}
