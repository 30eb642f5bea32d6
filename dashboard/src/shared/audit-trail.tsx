import { Anchor, Stack, Table, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import { answered, ownClient, type Wire } from '../api/client';
import { useScope, useScopeIfAny } from '../session/scope';
import { Empty, Failure, Older, Waiting } from '../ui/page';
import { When } from '../ui/parts';
import { Stacked } from '../ui/stacked';
import { useActorName } from './actors';

const PAGE = 50;

export interface AuditFilter {
  subject?: string;
  action?: string;
  actor?: string;
}

/** Events of the audit, newest first, each with what it changed. Within an account, or all for an operator. */
export function AuditTrail(filter: AuditFilter) {
  const scope = useScopeIfAny();
  const client = scope?.client ?? ownClient;
  const query = useInfiniteQuery({
    queryKey: ['audit', scope?.id ?? null, filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) =>
      answered(
        client.GET('/v1/audit', {
          params: { query: { account_id: scope?.id, ...filter, limit: PAGE, cursor: pageParam } },
        }),
      ),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
  });
  if (query.isPending) return <Waiting />;
  if (query.isError) return <Failure error={query.error} again={() => query.refetch()} />;
  const events = query.data.pages.flatMap((page) => page.items);
  if (events.length === 0) return <Empty title="Nothing yet">No event fits.</Empty>;
  return (
    <Stack gap="sm">
      <Stacked
        heads={[
          'When',
          'What',
          'Who',
          ...(filter.subject === undefined ? ['Of'] : []),
          { title: 'Details', isHidden: true },
        ]}
      >
        {events.map((event) => (
          <Event key={event.id} event={event} isInAccount={scope !== null} showsSubject={!filter.subject} />
        ))}
      </Stacked>
      <Older query={query}>Older events</Older>
    </Stack>
  );
}

function Event({
  event,
  isInAccount,
  showsSubject,
}: {
  event: Wire['AuditEvent'];
  isInAccount: boolean;
  showsSubject: boolean;
}) {
  const [open, setOpen] = useState(false);
  const hasDetails = event.before != null || event.after != null || event.origin != null;
  return (
    <Fragment>
      <Table.Tr>
        <Table.Td>
          <When at={event.at} />
        </Table.Td>
        <Table.Td>{sentence(event.action)}</Table.Td>
        <Table.Td>{isInAccount ? <Named actor={event.actor} /> : <Id id={event.actor} />}</Table.Td>
        {showsSubject && (
          <Table.Td>{isInAccount ? <Subject id={event.subject} /> : <Id id={event.subject} />}</Table.Td>
        )}
        <Table.Td ta="right">
          {hasDetails && (
            <Anchor component="button" fz="sm" onClick={() => setOpen(!open)} aria-expanded={open}>
              {open ? 'Less' : 'More'}
            </Anchor>
          )}
        </Table.Td>
      </Table.Tr>
      {open && (
        <Table.Tr>
          <Table.Td colSpan={showsSubject ? 5 : 4} className="whole">
            <Details event={event} />
          </Table.Td>
        </Table.Tr>
      )}
    </Fragment>
  );
}

/** Longest id that is shown whole. */
const ID_LETTERS = 24;

/** An id on one line, in full on hover; its end tells it from others. */
function Id({ id: whole }: { id: string }) {
  // `person:person_…` says twice what it is.
  const id = whole.slice(whole.indexOf(':') + 1);
  const short = id.length > ID_LETTERS ? `${id.slice(0, 12)}…${id.slice(-8)}` : id;
  return (
    <Text ff="monospace" fz={12} title={whole} style={{ whiteSpace: 'nowrap' }}>
      {short}
    </Text>
  );
}

/** What an event is about, in words where there are any. */
function Subject({ id }: { id: string }) {
  const scope = useScope();
  if (id === scope.id) return <span title={id}>This account</span>;
  if (id.startsWith('person_')) return <Named actor={`person:${id}`} />;
  if (!id.startsWith('key_')) return <Id id={id} />;
  return (
    <Link to={`/a/${scope.id}/keys/${id}`} className="row-link">
      <Id id={id} />
    </Link>
  );
}

function Named({ actor }: { actor: string }) {
  return <span title={actor}>{useActorName()(actor)}</span>;
}

/** `key.created` → `Key created` */
function sentence(action: string): string {
  const text = action.replaceAll(/[._]/g, ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function Details({ event }: { event: Wire['AuditEvent'] }) {
  const before = asRecord(event.before);
  const after = asRecord(event.after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return (
    <Stack gap={4}>
      {names.length > 0 && (
        <Table withRowBorders={false} verticalSpacing={2} fz={13}>
          <Table.Tbody>
            {names.map((name) => (
              <Table.Tr key={name}>
                <Table.Td className="quiet">{name.replaceAll('_', ' ')}</Table.Td>
                <Table.Td ff="monospace" style={{ overflowWrap: 'anywhere' }}>
                  {name in before && <del className="quiet">{JSON.stringify(before[name])}</del>}{' '}
                  {name in after && JSON.stringify(after[name])}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Text fz={12} className="quiet" style={{ overflowWrap: 'anywhere' }}>
        Event {event.seq.toLocaleString('en')}, of {event.subject}, by {event.actor}
        {event.origin ? ` from ${event.origin}` : ''}
      </Text>
    </Stack>
  );
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
