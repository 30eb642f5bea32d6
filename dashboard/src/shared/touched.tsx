import { Table, Text } from '@mantine/core';
import type { Wire } from '../api/client';
import { useScope } from '../session/scope';
import { Standing, When } from '../ui/parts';
import { Stacked } from '../ui/stacked';
import { keyName } from './key-facts';

/** Which keys a change would touch: what a dry run found. */
export function Touched({ found }: { found: Wire['DryRun'] }) {
  const { words } = useScope();
  if (found.keys.length === 0) return <Text fz="sm">No key would be touched.</Text>;
  return (
    <>
      <Stacked heads={['Key', 'Would be', 'Last used']}>
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
      </Stacked>
      {found.more && <Text fz="sm">There are more.</Text>}
    </>
  );
}
