import { Table, type TableProps } from '@mantine/core';
import type { CSSProperties, ReactNode } from 'react';

/** The name of a column; one that only says so to screen readers is not written beside its values either. */
export type Head = string | { title: string; isNumber?: boolean; isHidden?: boolean };

/**
 * A table whose rows are cards on a phone, each value beside its column's name: nothing is scrolled out of reach. Rows
 * have a cell for each column, in their order.
 */
export function Stacked({ heads, children, ...rest }: { heads: Head[]; children: ReactNode } & TableProps) {
  return (
    <Table {...rest} className="stacks" style={labels(heads)}>
      <Table.Thead>
        <Table.Tr>
          {heads.map((head) => {
            const { title, isNumber, isHidden } = whole(head);
            return (
              <Table.Th key={title} ta={isNumber ? 'right' : undefined}>
                {isHidden ? <span className="sr-only">{title}</span> : title}
              </Table.Th>
            );
          })}
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>{children}</Table.Tbody>
    </Table>
  );
}

function whole(head: Head): Exclude<Head, string> {
  return typeof head === 'string' ? { title: head } : head;
}

/** The names, for the style sheet. */
function labels(heads: Head[]): CSSProperties {
  const named = heads.map((head, index) => {
    const { title, isHidden } = whole(head);
    return [`--head-${index + 1}`, isHidden ? 'none' : JSON.stringify(title)];
  });
  return Object.fromEntries(named);
}
