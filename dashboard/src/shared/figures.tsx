import { SimpleGrid, Text } from '@mantine/core';

/** A few numbers that a page is about. */
export function Figures({ items }: { items: [string, string][] }) {
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
      {items.map(([name, value]) => (
        <div key={name} className="card" style={{ padding: '0.9rem 1.1rem' }}>
          <Text fz={12} className="quiet">
            {name}
          </Text>
          <Text fz={22} fw={650} style={{ fontVariantNumeric: 'tabular-nums' }}>
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}
