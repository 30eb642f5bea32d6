import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answered } from '../api/client';
import { useView } from '../session/view';

export const RANGES = { day: 1, week: 7, month: 30 } as const;
export type Range = keyof typeof RANGES;
const EVERY_MS = 15_000;

/** Since when a range is, to the minute: the same question is asked once. */
export function since(range: Range): string {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  return new Date(minute - RANGES[range] * 86_400_000).toISOString();
}

/** What happened with one key, in an account, or (for whoever runs the deployment) everywhere or with one API. */
export function useUsage(range: Range, of: { key?: string; api?: string } = {}) {
  const { scope, client, account } = useView();
  return useQuery({
    queryKey: ['usage', account ?? null, of, range],
    enabled: scope === null || scope.may('usage.read'),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
    queryFn: () => {
      const whose = of.key ? { key_id: of.key } : { account_id: account, api: of.api };
      return answered(client.GET('/v1/usage', { params: { query: { ...whose, from: since(range) } } }));
    },
  });
}
