import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { answered, type Wire } from '../api/client';
import { count } from '../lib/words';
import { useScope } from '../session/scope';

const SHOWN = 5;

/** Who called with a key in the last 30 days: who breaks if it ends. Shown to whoever may see single requests. */
export function Callers({ id }: { id: string }) {
  const { client, may } = useScope();
  const callers = useQuery({
    queryKey: ['callers', id],
    enabled: may('logs.read') && may('usage.read'),
    queryFn: () => answered(client.GET('/v1/keys/{key_id}/callers', { params: { path: { key_id: id } } })),
  });
  if (!callers.data || callers.data.requests === 0) return null;
  const { requests, addresses, agents, routes } = callers.data;
  return (
    <Stack gap={2}>
      <Text fz="sm">{count(requests, 'request')} within 30 days.</Text>
      <Names title="From" met={addresses} />
      <Names title="By" met={agents} />
      <Names title="To" met={routes} />
    </Stack>
  );
}

function Names({ title, met }: { title: string; met: Wire['Met'] }) {
  const named = met.items.filter((one) => one.name !== '');
  if (named.length === 0) return null;
  const rest = named.length - SHOWN;
  const names = named.slice(0, SHOWN).map((one) => `${one.name} (${one.requests.toLocaleString('en')})`);
  return (
    <Text fz="sm" style={{ overflowWrap: 'anywhere' }}>
      {title}: {names.join(', ')}
      {rest > 0 && ` and ${rest} more`}
    </Text>
  );
}
