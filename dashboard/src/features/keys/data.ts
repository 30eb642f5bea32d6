import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { answered, type Wire } from '../../api/client';
import { type Scope, useScope } from '../../session/scope';

const PAGE_MAX = 200;
/** Most keys that a list holds; beyond that filters of the API are the better tool. */
export const KEYS_MAX = 20_000;
const STALE_MS = 60_000;

/** Every key of the account and kind, a page after the other: search and order then need no server. */
export function useKeys(kind: Wire['Kind']) {
  const scope = useScope();
  const query = useInfiniteQuery({
    queryKey: ['keys', scope.id, kind],
    // Ten thousand are fifty pages: a glance at another tab is no reason to read them anew. Changes are.
    staleTime: STALE_MS,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => readPage(scope, kind, pageParam),
    getNextPageParam: (page, pages) =>
      pages.length * PAGE_MAX < KEYS_MAX ? (page.next_cursor ?? undefined) : undefined,
  });
  const { hasNextPage, isFetching, fetchNextPage, isError } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  const keys = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  return { keys, query };
}

function readPage(scope: Scope, kind: Wire['Kind'], cursor: string | undefined) {
  const query = { account_id: scope.id, kind, limit: PAGE_MAX, cursor };
  return answered(scope.client.GET('/v1/keys', { params: { query } }));
}

/** The key that a page is about. */
export function keyQuery(scope: Scope, id: string) {
  return {
    queryKey: ['key', scope.id, id],
    queryFn: () => answered(scope.client.GET('/v1/keys/{key_id}', { params: { path: { key_id: id } } })),
  };
}
