import { useQuery } from '@tanstack/react-query';
import { answered, type Wire } from '../api/client';
import type { Scope } from '../session/scope';

/** The roles that people of an account can have: the preset's, and the account's own. */
export function useRoles(scope: Scope): Wire['Role'][] {
  const roles = useQuery({
    queryKey: ['roles', scope.id],
    enabled: scope.may('people.read'),
    queryFn: () =>
      answered(scope.client.GET('/v1/accounts/{account_id}/roles', { params: { path: { account_id: scope.id } } })),
  });
  return roles.data?.items ?? [];
}
