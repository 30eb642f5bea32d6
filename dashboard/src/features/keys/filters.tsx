import { Button, Group, SegmentedControl, TextInput } from '@mantine/core';
import { Search } from 'lucide-react';
import { word } from '../../lib/words';
import { useScope } from '../../session/scope';
import { type ListSearch, STANDINGS } from './search';
import type { countByStanding } from './select';

/** What a list of keys is narrowed by; the counts of each status where all keys are known. */
export function Filters({
  search,
  onChange,
  total,
  counts,
}: {
  search: ListSearch;
  onChange: (change: ListSearch) => void;
  total: number;
  counts: ReturnType<typeof countByStanding> | null;
}) {
  const { words, api } = useScope();
  const standings = STANDINGS.filter((standing) => counts === null || counts.has(standing));
  return (
    <>
      <Group gap="sm">
        <TextInput
          flex="1 1 14rem"
          aria-label={`Search ${word(words, 'keys')}`}
          placeholder="Name, last four letters, tag, scope"
          leftSection={<Search size={16} aria-hidden />}
          defaultValue={search.q ?? ''}
          onChange={(event) => onChange({ q: event.currentTarget.value || undefined })}
        />
        {api.environments.length > 1 && (
          <SegmentedControl
            aria-label="Environment"
            value={search.environment ?? ''}
            onChange={(value) => onChange({ environment: (value || undefined) as ListSearch['environment'] })}
            data={[
              { value: '', label: 'All' },
              { value: 'live', label: 'Live' },
              { value: 'test', label: 'Test' },
            ]}
          />
        )}
      </Group>
      <Group gap={6} role="group" aria-label="Status">
        <Chip isOn={search.standing === undefined} onClick={() => onChange({ standing: undefined })}>
          All {counts && total.toLocaleString('en')}
        </Chip>
        {standings.map((standing) => (
          <Chip key={standing} isOn={search.standing === standing} onClick={() => onChange({ standing })}>
            {word(words, standing)} {counts?.get(standing)?.toLocaleString('en')}
          </Chip>
        ))}
      </Group>
    </>
  );
}

function Chip({ isOn, onClick, children }: { isOn: boolean; onClick: () => void; children: React.ReactNode }) {
  return (
    <Button size="compact-xs" radius="xl" variant={isOn ? 'filled' : 'default'} aria-pressed={isOn} onClick={onClick}>
      {children}
    </Button>
  );
}
