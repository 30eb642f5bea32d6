import { type Api, ownClient } from '../api/client';
import { type Scope, useScopeIfAny } from './scope';

/** Where a page is that exists twice: in an account, and over all accounts for whoever runs the deployment. */
export interface View {
  scope: Scope | null;
  client: Api;
  /** The account that is asked for; nothing for all of them. */
  account: string | undefined;
  /** The part of the menu that the page is in, within an account or outside. */
  section: (inAccount: string) => string;
  /** The address of a page beside this one. */
  beside: (page: string) => string;
}

export function useView(): View {
  const scope = useScopeIfAny();
  return {
    scope,
    client: scope?.client ?? ownClient,
    account: scope?.id,
    section: (inAccount) => (scope ? inAccount : 'All accounts'),
    beside: (page) => (scope ? `/a/${scope.id}/${page}` : `/deployment/${page}`),
  };
}
