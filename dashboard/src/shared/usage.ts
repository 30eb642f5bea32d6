import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { answered } from '../api/client';
import { useScope } from '../session/scope';

export const RANGES = { day: 1, week: 7, month: 30 } as const;
export type Range = keyof typeof RANGES;
const EVERY_MS = 15_000;

/** Since when a range is, to the minute: the same question is asked once. */
export function since(range: Range): string {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  return new Date(minute - RANGES[range] * 86_400_000).toISOString();
}

/** What happened in an account, or with one key of it. */
export function useUsage(range: Range, key?: string) {
  const scope = useScope();
  return useQuery({
    queryKey: ['usage', scope.id, key ?? null, range],
    enabled: scope.may('usage.read'),
    refetchInterval: EVERY_MS,
    placeholderData: keepPreviousData,
    queryFn: () => {
      const query = key ? { key_id: key, from: since(range) } : { account_id: scope.id, from: since(range) };
      return answered(scope.client.GET('/v1/usage', { params: { query } }));
    },
  });
}
