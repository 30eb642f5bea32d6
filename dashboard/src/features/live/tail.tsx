import { Button, Select, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Link } from '@tanstack/react-router';
import { Pause, Play } from 'lucide-react';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { Wire } from '../../api/client';
import type { StreamEvent } from '../../api/events';
import { useStream } from '../../api/use-stream';
import { second } from '../../lib/time';
import { count } from '../../lib/words';
import type { View } from '../../session/view';
import { Details } from '../../shared/log-details';
import { OUTCOMES, outcomeColor } from '../../shared/log-words';
import { Modal } from '../../ui/modal';
import { Empty, Section } from '../../ui/page';
import { Tag } from '../../ui/parts';
import type { LiveFilter } from './page';
import { cameIn, type LiveRow, NO_ROWS, ROWS_MAX, released } from './rows';
import { StreamFault, StreamStanding } from './standing';

const TYPING_MS = 400;
/** However fast rows come, the list is drawn no more often. */
const DRAW_MS = 120;

/** Requests as they come, those that fit. */
export function Tail({ view, filter }: { view: View; filter: LiveFilter }) {
  const [route, setRoute] = useState('');
  const [status, setStatus] = useState('');
  const [outcome, setOutcome] = useState<string | null>(null);
  const [isHeld, setHeld] = useState(false);
  const [opened, setOpened] = useState<Wire['LogEntry'] | null>(null);
  const [typed] = useDebouncedValue({ route: route.trim(), status: status.trim() }, TYPING_MS);
  const { rows, missed, stream, release } = useTail(view, { ...filter, ...typed, outcome }, isHeld);
  const hold = () => {
    if (isHeld) release();
    setHeld(!isHeld);
  };
  return (
    <Section
      title="Requests"
      lead={`The newest ${ROWS_MAX} since this page was opened.`}
      actions={
        <>
          <StreamStanding stream={stream} what={isHeld ? 'Held' : 'Following'} />
          <Button
            size="xs"
            variant="default"
            onClick={hold}
            leftSection={isHeld ? <Play size={14} aria-hidden /> : <Pause size={14} aria-hidden />}
          >
            {isHeld ? `Go on${rows.waiting > 0 ? ` (${rows.waiting.toLocaleString('en')} new)` : ''}` : 'Pause'}
          </Button>
        </>
      }
    >
      <div className="filters">
        <Select
          label="Outcome"
          placeholder="Any"
          clearable
          w={160}
          value={outcome}
          onChange={setOutcome}
          data={OUTCOMES}
        />
        <TextInput
          label="Status"
          placeholder="401, 4xx, 500-504"
          w={160}
          value={status}
          onChange={(event) => setStatus(event.currentTarget.value)}
        />
        <TextInput
          label="Route"
          placeholder="As the API declares it"
          flex="1 1 12rem"
          className="wide"
          value={route}
          onChange={(event) => setRoute(event.currentTarget.value)}
        />
      </div>
      <StreamFault stream={stream} />
      {missed > 0 && (
        <Text fz="sm" role="status">
          {count(missed, 'row')} came faster than they could be sent here. <Others view={view} />
        </Text>
      )}
      {stream.gaps.count > 0 && (
        <Text fz="sm" role="status">
          It broke off, or was out of sight, {stream.gaps.count === 1 ? 'once' : `${stream.gaps.count} times`}: what
          came meanwhile is not below. <Others view={view} />
        </Text>
      )}
      {rows.shown.length === 0 ? (
        <Empty title="No request yet">Each call is here within a second of its answer.</Empty>
      ) : (
        <LiveTable rows={rows.shown} onOpen={setOpened} />
      )}
      <Modal opened={opened !== null} onClose={() => setOpened(null)} title="One request" size="lg">
        {opened && <Details entry={opened} />}
      </Modal>
    </Section>
  );
}

function Others({ view }: { view: View }) {
  return (
    <Link to={view.beside('requests')} className="row-link">
      Requests has all of them.
    </Link>
  );
}

interface TailFilter extends LiveFilter {
  route: string;
  status: string;
  outcome: string | null;
}

function useTail({ client, account }: View, filter: TailFilter, isHeld: boolean) {
  const [rows, setRows] = useState(NO_ROWS);
  const [missed, setMissed] = useState(0);
  const { key_id, api, route, status, outcome } = filter;
  const open = useCallback(
    (signal: AbortSignal) => {
      const query = {
        account_id: account,
        key_id,
        api,
        route: route || undefined,
        status: status || undefined,
        outcome: (outcome ?? undefined) as Wire['LogOutcome'] | undefined,
      };
      return client.GET('/v1/logs/tail', { params: { query }, parseAs: 'stream', signal });
    },
    [client, account, key_id, api, route, status, outcome],
  );
  const come = useRef<string[]>([]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter is another list
  useEffect(() => {
    come.current = [];
    setRows(NO_ROWS);
    setMissed(0);
  }, [open]);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const held = useRef(isHeld);
  useEffect(() => {
    held.current = isHeld;
  });
  useEffect(() => () => clearTimeout(timer.current), []);
  const draw = () => {
    timer.current = undefined;
    const texts = come.current.splice(0);
    setRows((rows) => cameIn(rows, texts, held.current));
  };
  const stream = useStream(open, (events: StreamEvent[]) => {
    for (const { name, data } of events) {
      if (name === 'row') come.current.push(data);
      if (name === 'missed') setMissed((all) => all + Number(JSON.parse(data).records));
    }
    if (come.current.length > 0) timer.current ??= setTimeout(draw, DRAW_MS);
  });
  const release = useCallback(() => setRows(released), []);
  return { rows, missed, stream, release };
}

function LiveTable({ rows, onOpen }: { rows: readonly LiveRow[]; onOpen: (entry: Wire['LogEntry']) => void }) {
  return (
    <Table verticalSpacing={6}>
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
        {rows.map(({ seq, entry }) => (
          <Table.Tr key={seq}>
            <Table.Td style={{ whiteSpace: 'nowrap', fontVariantNumeric: 'tabular-nums' }}>{second(entry.at)}</Table.Td>
            <Table.Td>
              <Tag color={outcomeColor(entry)}>{entry.status}</Tag>
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
        ))}
      </Table.Tbody>
    </Table>
  );
}
