import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { answered, type Wire } from '../../api/client';
import type { operations } from '../../api/schema';
import { type Scope, useScope } from '../../session/scope';

const PAGE_MAX = 200;
/** Most keys that a list holds. Where there are more, the server looks for what somebody wants to see of them. */
export const KEYS_MAX = 20_000;
const STALE_MS = 60_000;

/** What the server shall look for among keys. */
export type Narrowed = Pick<KeyQuery, 'search' | 'standing' | 'environment'>;
type KeyQuery = NonNullable<operations['list_keys']['parameters']['query']>;

/**
 * Every key of the account and kind that fits, a page after the other: search and order then need no server.
 * `isCut` says that there are more than a list holds. Nothing is read for `null`.
 */
export function useKeys(kind: Wire['Kind'], narrowed: Narrowed | null = {}) {
  const scope = useScope();
  const query = useInfiniteQuery({
    queryKey: ['keys', scope.id, kind, narrowed],
    enabled: narrowed !== null,
    // Ten thousand are fifty pages: a glance at another tab is no reason to read them anew. Changes are.
    staleTime: STALE_MS,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => readPage(scope, { ...narrowed, kind, cursor: pageParam }, signal),
    getNextPageParam: (page, pages) =>
      pages.length * PAGE_MAX < KEYS_MAX ? (page.next_cursor ?? undefined) : undefined,
  });
  const { hasNextPage, isFetching, fetchNextPage, isError } = query;
  useEffect(() => {
    if (narrowed !== null && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [narrowed, hasNextPage, isFetching, isError, fetchNextPage]);
  const keys = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const isCut = !hasNextPage && query.data?.pages.at(-1)?.next_cursor != null;
  return { keys, query, isCut };
}

function readPage(scope: Scope, asked: KeyQuery, signal: AbortSignal) {
  const query = { ...asked, account_id: scope.id, limit: PAGE_MAX };
  return answered(scope.client.GET('/v1/keys', { params: { query }, signal }));
}

/** The key that a page is about. */
export function keyQuery(scope: Scope, id: string) {
  return {
    queryKey: ['key', scope.id, id],
    queryFn: () => answered(scope.client.GET('/v1/keys/{key_id}', { params: { path: { key_id: id } } })),
  };
}
