import { type QueryClient, queryOptions } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  useParams,
} from '@tanstack/react-router';
import { Refused } from './api/problem';
import { SignIn } from './features/door/sign-in';
import { COLUMNS, type ListSearch, STANDINGS } from './features/keys/search';
import { joined, type Me, meQuery } from './session/me';
import { AccountScope } from './session/scope';
import { Shell } from './shell/shell';
import { Failure, Page, Waiting } from './ui/page';

interface Context {
  queries: QueryClient;
}

const root = createRootRouteWithContext<Context>()({ component: Outlet, notFoundComponent: NotFound });

const route = <Path extends string>(path: Path, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => root, path, component });

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  component: SignIn,
  validateSearch: (search: Record<string, unknown>): { to?: string } =>
    typeof search.to === 'string' ? { to: search.to } : {},
});

const doors = [
  signIn,
  route(
    '/forgot',
    lazyRouteComponent(() => import('./features/door/reset'), 'Forgot'),
  ),
  route(
    '/reset',
    lazyRouteComponent(() => import('./features/door/reset'), 'Reset'),
  ),
  route(
    '/setup',
    lazyRouteComponent(() => import('./features/door/set-up'), 'SetUp'),
  ),
  route(
    '/invitation',
    lazyRouteComponent(() => import('./features/door/invitation'), 'Invitation'),
  ),
  route(
    '/operator',
    lazyRouteComponent(() => import('./features/door/invitation'), 'Invitation'),
  ),
  route(
    '/pick-up',
    lazyRouteComponent(() => import('./features/door/pick-up'), 'PickUp'),
  ),
];

/** Pages for somebody who is signed in; everybody else is asked to, and comes back. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  component: Outlet,
  beforeLoad: async ({ context, location }) => {
    try {
      const me = await context.queries.ensureQueryData(queryOptions({ ...meQuery, retry: false }));
      return { me };
    } catch (thrown) {
      if (!(thrown instanceof Refused) || thrown.status !== 401) throw thrown;
      throw redirect({ to: '/sign-in', search: location.href === '/' ? {} : { to: location.href } });
    }
  },
  errorComponent: ({ error, reset }) => (
    <main className="door">
      <Failure error={error} again={reset} />
    </main>
  ),
});

/** Where somebody begins: their first account, or the deployment they run. */
function home(me: Me): string {
  const [first] = joined(me);
  if (me.operator) return '/deployment/accounts';
  return first ? `/a/${first.account_id}` : '/me';
}

const index = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: ({ context }) => {
    throw redirect({ to: home(context.me) });
  },
});

const outside = createRoute({
  getParentRoute: () => inside,
  id: 'outside',
  // Its pages ask for what only operators may: nobody else is led to an empty one.
  beforeLoad: ({ context, location }) => {
    if (location.pathname.startsWith('/deployment/') && !context.me.operator) throw redirect({ to: home(context.me) });
  },
  component: () => (
    <Shell scope={null}>
      <Outlet />
    </Shell>
  ),
});

const own = (path: string, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => outside, path, component });

const ownPages = [
  own(
    '/me',
    lazyRouteComponent(() => import('./features/me/page'), 'MePage'),
  ),
  own(
    '/deployment/accounts',
    lazyRouteComponent(() => import('./features/deployment/accounts'), 'AccountList'),
  ),
  own(
    '/deployment/apis',
    lazyRouteComponent(() => import('./features/deployment/apis'), 'ApiList'),
  ),
  own(
    '/deployment/operators',
    lazyRouteComponent(() => import('./features/deployment/operators'), 'Operators'),
  ),
  own(
    '/deployment/outbox',
    lazyRouteComponent(() => import('./features/deployment/outbox'), 'Outbox'),
  ),
  own(
    '/deployment/health',
    lazyRouteComponent(() => import('./features/deployment/health'), 'Health'),
  ),
  own(
    '/deployment/automation',
    lazyRouteComponent(() => import('./features/automation/page'), 'ManagementKeys'),
  ),
  own(
    '/deployment/usage',
    lazyRouteComponent(() => import('./features/usage/page'), 'UsagePage'),
  ),
  own(
    '/deployment/live',
    lazyRouteComponent(() => import('./features/live/page'), 'LivePage'),
  ),
  own(
    '/deployment/requests',
    lazyRouteComponent(() => import('./features/logs/page'), 'LogsPage'),
  ),
  own(
    '/deployment/explain',
    lazyRouteComponent(() => import('./features/explain/page'), 'ExplainPage'),
  ),
  own(
    '/deployment/audit',
    lazyRouteComponent(() => import('./features/audit/page'), 'AuditPage'),
  ),
];

const account = createRoute({ getParentRoute: () => inside, path: '/a/$account', component: InAccount });

function InAccount() {
  const { account: id } = useParams({ strict: false }) as { account: string };
  return (
    <AccountScope key={id} id={id}>
      {(scope, fallback) => <Shell scope={scope}>{fallback ?? <Outlet />}</Shell>}
    </AccountScope>
  );
}

const page = (path: string, component: ReturnType<typeof lazyRouteComponent>) =>
  createRoute({ getParentRoute: () => account, path, component });

const accountPages = [
  createRoute({
    getParentRoute: () => account,
    path: '/',
    component: lazyRouteComponent(() => import('./shell/first-page'), 'FirstPage'),
  }),
  createRoute({
    getParentRoute: () => account,
    path: '/keys',
    component: lazyRouteComponent(() => import('./features/keys/list'), 'KeyList'),
    validateSearch: listSearch,
  }),
  page(
    '/keys/$key',
    lazyRouteComponent(() => import('./features/keys/key-page'), 'KeyPage'),
  ),
  page(
    '/keys/$key/edit',
    lazyRouteComponent(() => import('./features/keys/edit'), 'EditKey'),
  ),
  page(
    '/find',
    lazyRouteComponent(() => import('./features/keys/find'), 'FindKey'),
  ),
  page(
    '/account',
    lazyRouteComponent(() => import('./features/account/page'), 'AccountPage'),
  ),
  page(
    '/people',
    lazyRouteComponent(() => import('./features/people/page'), 'PeoplePage'),
  ),
  page(
    '/people/$person/remove',
    lazyRouteComponent(() => import('./features/people/leaver'), 'Leaver'),
  ),
  page(
    '/usage',
    lazyRouteComponent(() => import('./features/usage/page'), 'UsagePage'),
  ),
  page(
    '/live',
    lazyRouteComponent(() => import('./features/live/page'), 'LivePage'),
  ),
  page(
    '/explain',
    lazyRouteComponent(() => import('./features/explain/page'), 'ExplainPage'),
  ),
  page(
    '/requests',
    lazyRouteComponent(() => import('./features/logs/page'), 'LogsPage'),
  ),
  page(
    '/notices',
    lazyRouteComponent(() => import('./features/notices/page'), 'Notices'),
  ),
  page(
    '/hygiene',
    lazyRouteComponent(() => import('./features/hygiene/page'), 'HygienePage'),
  ),
  page(
    '/policy',
    lazyRouteComponent(() => import('./features/policy/page'), 'PolicyPage'),
  ),
  page(
    '/webhooks',
    lazyRouteComponent(() => import('./features/webhooks/list'), 'WebhookList'),
  ),
  page(
    '/webhooks/$webhook',
    lazyRouteComponent(() => import('./features/webhooks/page'), 'WebhookPage'),
  ),
  page(
    '/automation',
    lazyRouteComponent(() => import('./features/automation/page'), 'ManagementKeys'),
  ),
  page(
    '/audit',
    lazyRouteComponent(() => import('./features/audit/page'), 'AuditPage'),
  ),
];

/** What an address may say of the list of keys; anything else is passed over. */
function listSearch(search: Record<string, unknown>): ListSearch {
  const oneOf = <T extends string>(value: unknown, words: readonly T[]) => words.find((word) => word === value);
  return {
    q: typeof search.q === 'string' ? search.q : undefined,
    standing: oneOf(search.standing, STANDINGS),
    environment: oneOf(search.environment, ['live', 'test'] as const),
    column: oneOf(search.column, COLUMNS),
    down: typeof search.down === 'boolean' ? search.down : undefined,
  };
}

function NotFound() {
  return (
    <main className="door">
      <Page title="There is no such page">
        <a href="/">Go home</a>
      </Page>
    </main>
  );
}

const tree = root.addChildren([
  ...doors,
  inside.addChildren([index, outside.addChildren(ownPages), account.addChildren(accountPages)]),
]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: 'intent',
    defaultPendingComponent: Waiting,
    scrollRestoration: true,
  });
}
