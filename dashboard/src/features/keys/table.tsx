import { Box, Group, Stack, Table, Text } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { ArrowDown, ArrowUp } from 'lucide-react';
import { memo, useLayoutEffect, useRef, useState } from 'react';
import type { Wire } from '../../api/client';
import { word } from '../../lib/words';
import { type Scope, useScope } from '../../session/scope';
import { useActorName } from '../../shared/actors';
import { keyName, lastUsed, rulesOf } from '../../shared/key-facts';
import { Standing, Tag, When } from '../../ui/parts';
import { ReadableCells } from './readable';
import type { Column } from './search';
import type { Selection } from './select';
import { Sparkline } from './spark';
import { type Spark, useSparks } from './sparks';

const ROW_PX = 58;
/**
 * Columns do not follow what is in the rows that happen to be drawn: each row that came into sight would move the others.
 * Wide enough for the longest status, and for dates.
 */
const WIDTHS = { secret: 190, header: 230, standing: 174, by: 150, day: 128, used: 132 };
/** What two columns of secrets need, instead of some of the dates; below that the table is scrolled sideways. */
const READABLE_MIN = 900;
const OVERSCAN = 12;

type Breakpoint = 'sm' | 'lg' | 'xl';

/** The list as a table whose rows exist only while they are near the window: ten thousand scroll like ten. */
export function KeyTable({
  keys,
  chosen,
  onSort,
}: {
  keys: Wire['Key'][];
  chosen: Selection;
  onSort: (column: Column, down: boolean) => void;
}) {
  const scope = useScope();
  const { words } = scope;
  const actorName = useActorName();
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(frame.current?.offsetTop ?? 0), []);
  const rows = useWindowVirtualizer({
    count: keys.length,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: top,
    getItemKey: (index) => keys[index]?.id ?? index,
  });
  const items = rows.getVirtualItems();
  const before = (items[0]?.start ?? top) - top;
  const after = rows.getTotalSize() - ((items.at(-1)?.end ?? top) - top);
  // Two columns of secrets leave no room for who made them and when; a key's page says it.
  const isReadable = showsSecrets(scope);
  const showsUse = scope.may('usage.read');
  const ids = showsUse ? items.flatMap((item) => keys[item.index]?.id ?? []) : [];
  const { sparks, failed } = useSparks(ids);

  const heading = (column: Column, title: string, width?: number, from?: Breakpoint) => (
    <Heading column={column} title={title} width={width} from={from} chosen={chosen} onSort={onSort} />
  );
  return (
    <Box ref={frame} className="card" style={{ overflowX: 'auto' }}>
      <Table aria-rowcount={keys.length + 1} layout="fixed" miw={isReadable ? { sm: READABLE_MIN } : undefined}>
        <Table.Thead>
          <Table.Tr>
            {heading('name', 'Name')}
            {isReadable && (
              <>
                <Table.Th w={WIDTHS.secret} visibleFrom="sm">
                  {word(words, 'secret')}
                </Table.Th>
                <Table.Th w={WIDTHS.header} visibleFrom="sm">
                  {word(words, 'header')}
                </Table.Th>
              </>
            )}
            {heading('standing', 'Status', WIDTHS.standing)}
            {!isReadable && (
              <Table.Th w={WIDTHS.by} visibleFrom="lg">
                Created by
              </Table.Th>
            )}
            {!isReadable && heading('created', 'Created', WIDTHS.day, 'lg')}
            {heading('expires', 'Expires', WIDTHS.day, isReadable ? 'xl' : 'sm')}
            {heading('used', 'Last used', WIDTHS.used, 'sm')}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {before > 0 && <Spacer px={before} />}
          {items.map((item) => {
            const key = keys[item.index];
            if (!key) return null;
            return (
              <KeyRow
                key={item.key}
                index={item.index}
                row={key}
                scope={scope}
                spark={sparks.get(key.id)}
                isReadable={isReadable}
                showsUse={showsUse}
                actorName={actorName}
                measure={rows.measureElement}
              />
            );
          })}
          {after > 0 && <Spacer px={after} />}
        </Table.Tbody>
      </Table>
      {failed && (
        <Text fz="sm" p="sm" role="status">
          How much they were used can’t be told at the moment: {failed.message}
        </Text>
      )}
    </Box>
  );
}

/** One key. While somebody scrolls, only rows that come into sight are drawn. */
const KeyRow = memo(function KeyRow({
  index,
  row,
  scope,
  spark,
  isReadable,
  showsUse,
  actorName,
  measure,
}: {
  index: number;
  row: Wire['Key'];
  scope: Scope;
  spark: Spark | undefined;
  isReadable: boolean;
  showsUse: boolean;
  actorName: (actor: string) => string;
  measure: (row: HTMLTableRowElement | null) => void;
}) {
  return (
    <Table.Tr data-index={index} ref={measure} aria-rowindex={index + 2}>
      <NameCell row={row} scope={scope} />
      {isReadable && <ReadableCells row={row} from="sm" />}
      <Table.Td>
        <Standing standing={row.standing} words={scope.words} />
      </Table.Td>
      {!isReadable && (
        <Table.Td visibleFrom="lg" style={{ overflowWrap: 'anywhere' }}>
          {actorName(row.created_by)}
        </Table.Td>
      )}
      {!isReadable && (
        <Table.Td visibleFrom="lg">
          <When at={row.created_at} form="day" />
        </Table.Td>
      )}
      <Table.Td visibleFrom={isReadable ? 'xl' : 'sm'}>
        <When at={row.expires_at} form="day" />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <When at={lastUsed(row)} form="relative" />
        {showsUse && <Use row={row} spark={spark} />}
      </Table.Td>
    </Table.Tr>
  );
});

/** Whether this person sees this account's secrets again. */
export function showsSecrets(scope: Scope): boolean {
  return rulesOf(scope.api, 'account')?.visibility === 'always' && scope.isMember && scope.may('keys.write');
}

function Spacer({ px }: { px: number }) {
  return (
    <tr aria-hidden>
      <td style={{ height: px, padding: 0 }} />
    </tr>
  );
}

/** The last days of a key that was ever used. */
function Use({ row, spark }: { row: Wire['Key']; spark: Spark | undefined }) {
  const wasUsed = lastUsed(row) !== null || (spark?.total ?? 0) > 0;
  return wasUsed ? <Sparkline spark={spark} /> : null;
}

function NameCell({ row, scope }: { row: Wire['Key']; scope: Scope }) {
  const hint = row.secrets[0]?.hint;
  const hintDiffers = row.name && hint;
  return (
    <Table.Td>
      <Stack gap={2}>
        <Group gap={6}>
          <Link to={`/a/${scope.id}/keys/${row.id}`} className="row-link" style={{ overflowWrap: 'anywhere' }}>
            {keyName(row, scope.words)}
          </Link>
          {row.environment === 'test' && <Tag color="violet">Test</Tag>}
          {row.secrets.length > 1 && <Tag color="blue">Rotating</Tag>}
        </Group>
        {hintDiffers && (
          <Text fz={12} ff="monospace" className="quiet">
            {hint}
          </Text>
        )}
        {row.standing === 'expired' && scope.may('keys.write') && (
          <Text fz={12} className="quiet">
            Not needed any more? Delete it.
          </Text>
        )}
        <Text fz={12} className="quiet" hiddenFrom="sm">
          {lastUsed(row) ? (
            <>
              Used <When at={lastUsed(row)} form="relative" />
            </>
          ) : (
            'Never used'
          )}
          {row.expires_at && (
            <>
              {' · ends '}
              <When at={row.expires_at} form="day" />
            </>
          )}
        </Text>
      </Stack>
    </Table.Td>
  );
}

function Heading({
  column,
  title,
  width,
  from,
  chosen,
  onSort,
}: {
  column: Column;
  title: string;
  width?: number;
  from?: Breakpoint;
  chosen: Selection;
  onSort: (column: Column, down: boolean) => void;
}) {
  const isOn = chosen.column === column;
  const Arrow = chosen.down ? ArrowDown : ArrowUp;
  return (
    <Table.Th w={width} visibleFrom={from} aria-sort={isOn ? (chosen.down ? 'descending' : 'ascending') : 'none'}>
      <button type="button" className="sort" onClick={() => onSort(column, isOn ? !chosen.down : column === 'used')}>
        {title}
        {isOn && <Arrow size={13} aria-hidden />}
      </button>
    </Table.Th>
  );
}
