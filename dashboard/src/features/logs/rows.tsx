import { Table } from '@mantine/core';
import { memo, useEffect, useRef } from 'react';
import type { Wire } from '../../api/client';
import { outcomeColor } from '../../shared/log-words';
import { Tag, When } from '../../ui/parts';
import { useRowWindow } from '../../ui/use-row-window';
import type { Book } from './book';
import classes from './rows.module.css';

/** The height of a row; the style sheet says the same. */
const ROW_PX = 48;

/** The rows that are near the window. Each is equally high, so that a million are no more work than a hundred. */
export function Rows({
  book,
  onLook,
  onOpen,
}: {
  book: Book<Wire['LogEntry']>;
  onLook: (first: number, last: number) => void;
  onOpen: (entry: Wire['LogEntry']) => void;
}) {
  const body = useRef<HTMLTableSectionElement>(null);
  const { first, last, before, after } = useRowWindow(body, book.length, ROW_PX);
  useEffect(() => onLook(first, last), [onLook, first, last]);
  const numbers = Array.from({ length: last - first }, (_, index) => first + index);
  return (
    <div className="card">
      <Table className={classes.table} aria-rowcount={book.hasMore ? -1 : book.length + 1} withRowBorders={false}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th className={classes.when}>When</Table.Th>
            <Table.Th className={classes.status}>Status</Table.Th>
            <Table.Th>Request</Table.Th>
            <Table.Th visibleFrom="md" w={200}>
              Key
            </Table.Th>
            <Table.Th visibleFrom="sm" ta="right" w={110}>
              Took
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody ref={body}>
          {before > 0 && <Spacer px={before} />}
          {numbers.map((number) => (
            <Row key={number} number={number} entry={book.at(number)} onOpen={onOpen} />
          ))}
          {after > 0 && <Spacer px={after} />}
        </Table.Tbody>
      </Table>
    </div>
  );
}

/** One request; or its place, while it is read again. */
const Row = memo(function Row({
  number,
  entry,
  onOpen,
}: {
  number: number;
  entry: Wire['LogEntry'] | null;
  onOpen: (entry: Wire['LogEntry']) => void;
}) {
  if (!entry) {
    return (
      <tr className={classes.row} aria-rowindex={number + 2} aria-busy>
        <td colSpan={5} className="quiet">
          …
        </td>
      </tr>
    );
  }
  const request = `${entry.method} ${entry.path}`;
  return (
    <tr className={classes.row} aria-rowindex={number + 2}>
      <td>
        <When at={entry.at} form="relative" />
      </td>
      <td>
        <Tag color={outcomeColor(entry)}>{entry.status}</Tag>
      </td>
      <td>
        <button type="button" className={classes.open} onClick={() => onOpen(entry)} title={request}>
          {request}
        </button>
        {entry.code && <div className={classes.code}>{entry.code}</div>}
      </td>
      <td className={classes.key}>{entry.key_name ?? entry.key_id ?? '–'}</td>
      <td className={classes.took}>{(entry.total_us / 1_000).toFixed(1)} ms</td>
    </tr>
  );
});

function Spacer({ px }: { px: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={5} style={{ height: px, padding: 0 }} />
    </tr>
  );
}
