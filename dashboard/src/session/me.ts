import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { answered, ownClient, type Wire } from '../api/client';

export type Me = Wire['Me'];

/** Who is signed in. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => answered(ownClient.GET('/v1/me')),
  staleTime: 60_000,
});

/** Who is signed in, on pages that are only shown to somebody who is. */
export function useMe(): Me {
  return useSuspenseQuery(meQuery).data;
}

/** The accounts that somebody belongs to, without those that only invited them. */
export function joined(me: Me): Wire['OwnAccount'][] {
  return me.accounts.filter((account) => account.state === 'active');
}
