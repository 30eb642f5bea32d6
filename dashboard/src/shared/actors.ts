import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { answered, type Wire } from '../api/client';
import { useMe } from '../session/me';
import { type Scope, useScope } from '../session/scope';

const PAGE_MAX = 200;
/** Most people whose names are looked up for a list. */
const PEOPLE_MAX = 2_000;

/** Everybody of an account; who may not see them sees nobody. */
export function usePeople(scope: Scope) {
  return useQuery({
    queryKey: ['people', scope.id],
    enabled: scope.may('people.read'),
    queryFn: async () => {
      const people: Wire['Person'][] = [];
      let cursor: string | undefined;
      do {
        const params = { path: { account_id: scope.id }, query: { limit: PAGE_MAX, cursor } };
        const page = await answered(scope.client.GET('/v1/accounts/{account_id}/people', { params }));
        people.push(...page.items);
        cursor = page.next_cursor ?? undefined;
      } while (cursor !== undefined && people.length < PEOPLE_MAX);
      return people;
    },
  });
}

/** The name of whoever did something: `person:person_…`, `management_key:mk_…`, `key:key_…`, `cli`, `system`. */
export function useActorName(): (actor: string) => string {
  const scope = useScope();
  const me = useMe();
  const people = usePeople(scope).data;
  return useCallback(
    (actor: string) => {
      const [kind, id = ''] = actor.split(':');
      if (id === me.id) return me.name;
      if (kind === 'person') return people?.find((person) => person.id === id)?.name ?? 'Somebody';
      if (kind === 'management_key') return 'A management key';
      if (kind === 'key') return 'A key';
      if (kind === 'cli') return 'The command line';
      if (kind === 'system') return 'Keyward';
      return actor;
    },
    [me, people],
  );
}
