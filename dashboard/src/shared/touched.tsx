import { Table, Text } from '@mantine/core';
import type { Wire } from '../api/client';
import { useScope } from '../session/scope';
import { Standing, When } from '../ui/parts';
import { keyName } from './key-facts';

/** Which keys a change would touch: what a dry run found. */
export function Touched({ found }: { found: Wire['DryRun'] }) {
  const { words } = useScope();
  if (found.keys.length === 0) return <Text fz="sm">No key would be touched.</Text>;
  return (
    <Table>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Key</Table.Th>
          <Table.Th>Would be</Table.Th>
          <Table.Th>Last used</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {found.keys.map((key) => (
          <Table.Tr key={key.key_id}>
            <Table.Td>
              {keyName(key, words)} <Standing standing={key.standing} words={words} />
            </Table.Td>
            <Table.Td>{key.why}</Table.Td>
            <Table.Td>
              <When at={key.last_used_at} form="relative" />
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
      {found.more && <Table.Caption>and more</Table.Caption>}
    </Table>
  );
}
