import { Anchor, Stack } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { Wire } from '../api/client';
import { useView } from '../session/view';
import { Exact, Facts, When } from '../ui/parts';
import { Bodies } from './log-bodies';

/** Everything that is kept of one request, and where to ask what became of it. */
export function Details({ entry, isExplained = false }: { entry: Wire['LogEntry']; isExplained?: boolean }) {
  const view = useView();
  const items: [string, ReactNode][] = [
    ['When', <When key="at" at={entry.at} form="exact" />],
    ['Request', `${entry.method} ${entry.path}`],
    ['Status', entry.code ? `${entry.status}, ${entry.code}` : entry.status],
    ['Request id', <Exact key="id" text={entry.request_id} what="request id" />],
    ['API', entry.api ?? 'none'],
    ['Key', <KeyLink key="key" entry={entry} />],
    ['Route', entry.route ?? 'none'],
    ['From', entry.address ?? 'unknown'],
    ['Program', entry.agent ?? 'unknown'],
    ['Took', `${(entry.total_us / 1_000).toFixed(1)} ms, ${(entry.upstream_us / 1_000).toFixed(1)} ms of it the API`],
    ['Bytes', `${entry.bytes_in.toLocaleString('en')} in, ${entry.bytes_out.toLocaleString('en')} out`],
    ['Took of its limits', entry.cost.toLocaleString('en')],
    ['Left of the nearest limit', entry.remaining?.toLocaleString('en') ?? '–'],
    ...(entry.old_secret ? ([['Secret', 'the old one of a rotation']] as [string, ReactNode][]) : []),
    ...(entry.reason ? ([['Why invalid', entry.reason]] as [string, ReactNode][]) : []),
  ];
  return (
    <Stack>
      <Facts items={items} />
      <Bodies id={entry.request_id} />
      {!isExplained && (
        <Anchor component={Link} to={view.beside('explain')} search={{ request: entry.request_id } as never} fz="sm">
          Explain it: see each check
        </Anchor>
      )}
    </Stack>
  );
}

function KeyLink({ entry }: { entry: Wire['LogEntry'] }) {
  if (!entry.key_id) return 'none';
  const name = entry.key_name ?? entry.key_id;
  if (!entry.account_id || !entry.key_name) return name;
  return (
    <Link to={`/a/${entry.account_id}/keys/${entry.key_id}`} className="row-link">
      {name}
    </Link>
  );
}
