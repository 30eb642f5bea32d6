import { useState } from 'react';

/**
 * What stands behind the `#` of a link that works once. It is taken out of the address at once, so that it is in no
 * history, and lives only as long as the page that needs it.
 */
export function useLinkToken(): string {
  const [token] = useState(() => {
    const token = window.location.hash.slice(1);
    if (token) window.history.replaceState(window.history.state, '', window.location.pathname);
    return token;
  });
  return token;
}
