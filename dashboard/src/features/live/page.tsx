import { Group, Progress, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Link, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useState } from 'react';
import type { StreamEvent } from '../../api/events';
import { useStream } from '../../api/use-stream';
import { second } from '../../lib/time';
import { count } from '../../lib/words';
import { useView, type View } from '../../session/view';
import { ApiChoice } from '../../shared/apis';
import { Figures } from '../../shared/figures';
import { Bars } from '../../shared/plot';
import { Empty, Page, Section } from '../../ui/page';
import { after, lastMinute, left, type Pulse, QUIET, SECONDS, type SeenKey, sum } from './pulse';
import { StreamFault, StreamStanding } from './standing';
import { Tail } from './tail';

const TYPING_MS = 400;
/** What is drawn moves on this often also while nothing comes. */
const CLOCK_MS = 1_000;

/** What happens now: requests as they come, and what is left of the limits of the keys that they come with. */
export function LivePage() {
  const view = useView();
  const search = useSearch({ strict: false }) as { key?: string };
  const [key, setKey] = useState(search.key ?? '');
  const [api, setApi] = useState<string | null>(null);
  const [typed] = useDebouncedValue(key.trim(), TYPING_MS);
  const filter = { key_id: typed || undefined, api: api ?? undefined };
  return (
    <Page
      title={view.scope ? 'Live' : 'Live everywhere'}
      crumbs={[{ title: view.section('Watch') }]}
      lead={
        view.scope
          ? 'What happens with the keys of this account, within a second.'
          : 'What happens in the whole deployment, within a second.'
      }
    >
      <div className="filters">
        {!view.scope && <ApiChoice isLabelled value={api} onChange={setApi} />}
        <TextInput
          label="Key id"
          placeholder="Every key"
          w={352}
          className="wide"
          value={key}
          onChange={(event) => setKey(event.currentTarget.value)}
        />
      </div>
      <Now key={`${typed} ${api}`} view={view} filter={filter} />
      <Tail view={view} filter={filter} />
    </Page>
  );
}

export interface LiveFilter {
  key_id: string | undefined;
  api: string | undefined;
}

function Now({ view, filter }: { view: View; filter: LiveFilter }) {
  const [pulse, setPulse] = useState<Pulse>(QUIET);
  const now = useSecond();
  const { client, account } = view;
  const { key_id, api } = filter;
  const open = useCallback(
    (signal: AbortSignal) =>
      client.GET('/v1/live', {
        params: { query: { account_id: account, key_id, api } },
        parseAs: 'stream',
        signal,
      }),
    [client, account, key_id, api],
  );
  const stream = useStream(open, (events: StreamEvent[]) => {
    const ticks = events.filter((event) => event.name === 'tick').map((event) => JSON.parse(event.data));
    setPulse((pulse) => ticks.reduce((all, tick) => after(all, tick, Date.now()), pulse));
  });
  const bars = lastMinute(pulse, now);
  const minute = sum(bars);
  const all = minute.ok + minute.failed + minute.refused;
  const label = `${count(all, 'request')} in the last minute, ${minute.ok.toLocaleString('en')} of them answered well`;
  const perSecond = stream.state === 'open' ? pulse.perSecond.toLocaleString('en') : '–';
  return (
    <>
      <Section title="Now" actions={<StreamStanding stream={stream} what="Watching" />}>
        <StreamFault stream={stream} />
        <Figures
          items={[
            ['In the last second', perSecond],
            ['In the last minute', all.toLocaleString('en')],
            ['Answered well', minute.ok.toLocaleString('en')],
            ['Answered badly', minute.failed.toLocaleString('en')],
            ['Refused', minute.refused.toLocaleString('en')],
          ]}
        />
        <Bars all={bars} label={label} time={{ say: second }} />
        {stream.gaps.count > 0 && now - stream.gaps.at < SECONDS * 1_000 && (
          <Text fz="sm" role="status">
            It broke off, or was out of sight: what came meanwhile is not in this minute. Usage and the log have it.
          </Text>
        )}
        {pulse.missed > 0 && (
          <Text fz="sm">
            {count(pulse.missed, 'request')} came faster than they could be told of here; usage and the log have them.
          </Text>
        )}
      </Section>
      <Limits view={view} pulse={pulse} now={now} />
    </>
  );
}

function Limits({ view, pulse, now }: { view: View; pulse: Pulse; now: number }) {
  return (
    <Section
      title="What is left of limits"
      lead="Of each key that came since this page was opened, as the rate headers say."
    >
      {pulse.keys.length === 0 ? (
        <Empty title="No key came yet">Call the API: the key and what is left of its limits are here at once.</Empty>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Key</Table.Th>
              <Table.Th ta="right">Requests</Table.Th>
              <Table.Th w="45%">Left</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pulse.keys.map((key) => (
              <KeyRow key={key.id} row={key} view={view} now={now} />
            ))}
          </Table.Tbody>
        </Table>
      )}
      {pulse.more > 0 && <Text fz="sm">{count(pulse.more, 'more key')} came in the last second.</Text>}
    </Section>
  );
}

function KeyRow({ row, view, now }: { row: SeenKey; view: View; now: number }) {
  const name = row.name ?? row.id;
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'break-word' }}>
        {view.scope ? (
          <Link to={`/a/${view.scope.id}/keys/${row.id}`} className="row-link">
            {name}
          </Link>
        ) : (
          <Text fz="sm" fw={600}>
            {name}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" style={{ fontVariantNumeric: 'tabular-nums' }}>
        {row.requests.toLocaleString('en')}
        {row.refused > 0 && (
          <Text fz={12} className="quiet">
            {row.refused.toLocaleString('en')} refused
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {row.limits.length === 0 ? <span className="quiet">no limit</span> : null}
        <Stack gap={6}>
          {row.limits.map((limit) => (
            <Left key={limit.name} limit={limit} rest={left(limit, row.at, now)} isOnly={row.limits.length === 1} />
          ))}
        </Stack>
      </Table.Td>
    </Table.Tr>
  );
}

/** Below this part of a limit its bar warns. */
const LOW = 0.2;

function Left({ limit, rest, isOnly }: { limit: SeenKey['limits'][number]; rest: number; isOnly: boolean }) {
  const part = limit.limit > 0 ? rest / limit.limit : 0;
  const color = rest === 0 ? 'red' : part < LOW ? 'orange' : 'brand';
  const text = `${rest.toLocaleString('en')} of ${limit.limit.toLocaleString('en')}`;
  return (
    <div>
      <Group justify="space-between" gap="xs">
        <Text fz="sm" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {text}
          {!isOnly && <span className="quiet"> {limit.name}</span>}
        </Text>
        {rest < limit.limit && (
          <Text fz={12} className="quiet" visibleFrom="sm">
            whole again {second(limit.reset_at)}
          </Text>
        )}
      </Group>
      <Progress value={part * 100} color={color} size="sm" aria-label={`Left of ${limit.name}: ${text}`} />
    </div>
  );
}

function useSecond(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), CLOCK_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
