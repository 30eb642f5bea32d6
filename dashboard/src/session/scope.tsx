import { Anchor } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { createContext, type ReactNode, useContext, useMemo } from 'react';
import { type Api, answered, clientFor, type Wire } from '../api/client';
import { Refused } from '../api/problem';
import { includes, type Permission } from '../lib/permissions';
import type { Words } from '../lib/words';
import { Failure, Page, Waiting } from '../ui/page';
import { useMe } from './me';

/** One account as the person who looks at it may see it. */
export interface Scope {
  id: string;
  account: Wire['Account'];
  api: Wire['Api'];
  words: Words;
  client: Api;
  /** Whether they belong to it; otherwise they run the deployment, and see no secrets. */
  isMember: boolean;
  may: (permission: Permission) => boolean;
}

const ScopeContext = createContext<Scope | null>(null);

export function useScope(): Scope {
  const scope = useContext(ScopeContext);
  if (scope === null) throw new Error('outside of an account');
  return scope;
}

/** The account that a page may be in. */
export function useScopeIfAny(): Scope | null {
  return useContext(ScopeContext);
}

/** The client of a person in an account: members act by their role there, operators from outside. */
export function useAccountClient(id: string): { client: Api; own: Wire['OwnAccount'] | undefined } {
  const me = useMe();
  const own = me.accounts.find((account) => account.account_id === id && account.state === 'active');
  return { client: clientFor(own ? id : null), own };
}

/** Reads what every page of an account needs, then shows it. */
export function AccountScope({
  id,
  children,
}: {
  id: string;
  children: (scope: Scope | null, fallback: ReactNode) => ReactNode;
}) {
  const { client, own } = useAccountClient(id);
  const account = useQuery({
    queryKey: ['account', id],
    queryFn: () => answered(client.GET('/v1/accounts/{account_id}', { params: { path: { account_id: id } } })),
  });
  const apis = useQuery({
    queryKey: ['apis', own ? id : null],
    queryFn: () => answered(client.GET('/v1/apis')),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const api = apis.data?.items.find((one) => one.name === account.data?.api);
  const scope = useMemo<Scope | null>(() => {
    if (!account.data || !api) return null;
    const permissions = own?.permissions ?? ['*'];
    return {
      id,
      account: account.data,
      api,
      words: api.words,
      client,
      isMember: own !== undefined,
      may: (permission) => includes(permissions, permission),
    };
  }, [id, account.data, api, client, own]);

  const error = account.error ?? apis.error ?? (apis.data && account.data && !api ? unconfigured() : null);
  if (scope) return <ScopeContext.Provider value={scope}>{children(scope, null)}</ScopeContext.Provider>;
  return <>{children(null, error ? <AccountFailure error={error} again={() => account.refetch()} /> : <Waiting />)}</>;
}

function AccountFailure({ error, again }: { error: unknown; again: () => void }) {
  const needsTotp = error instanceof Refused && error.code === 'totp_needed';
  return (
    <Page title={needsTotp ? 'This account wants more of you' : 'This account can’t be shown'}>
      <Failure error={error} again={needsTotp ? undefined : again} />
      {needsTotp && (
        <Anchor component={Link} to="/me">
          Set up your authenticator
        </Anchor>
      )}
    </Page>
  );
}

function unconfigured(): Refused {
  return new Refused(404, 'no_api', 'The API of this account is not in the configuration any more.');
}
