import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './styles.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { SIGNED_OUT } from './api/client';
import { Refused } from './api/problem';
import { makeRouter } from './router';
import { ProveProvider } from './session/prove';
import { theme, variables } from './theme';

/** A failed read is tried again this often, where trying can help. */
const RETRIES_MAX = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => {
        const isDecided = error instanceof Refused && error.status >= 400 && error.status < 500;
        return !isDecided && failures < RETRIES_MAX;
      },
    },
  },
});
const router = makeRouter(queries);

/** A sign-in that ended: what was read is forgotten, and signing in leads back here. */
window.addEventListener(SIGNED_OUT, () => {
  const { pathname, href } = router.state.location;
  if (['/sign-in', '/invitation', '/operator', '/setup', '/reset', '/pick-up', '/forgot'].includes(pathname)) return;
  queries.clear();
  void router.navigate({ to: '/sign-in', search: { to: href } });
});

const element = document.getElementById('root');
if (!element) throw new Error('index.html has no #root');
createRoot(element).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <QueryClientProvider client={queries}>
        <ProveProvider>
          <Notifications position="bottom-right" />
          <RouterProvider router={router} />
        </ProveProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
