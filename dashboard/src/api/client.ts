import createClient, { type Client } from 'openapi-fetch';
import { refusal } from './problem';
import type { components, paths } from './schema';

/** The wire types, by their names in the OpenAPI document. */
export type Wire = components['schemas'];
export type Api = Client<paths>;

/** Heard when the server says that nobody is signed in any more. */
export const SIGNED_OUT = 'keyward:signed-out';

const clients = new Map<string, Api>();

/** A client that acts in one of the person's accounts, or (without one) as the operator or as themselves. */
export function clientFor(account: string | null): Api {
  const known = clients.get(account ?? '');
  if (known) return known;
  // The first header is one that pages of other origins can't add.
  const headers = { 'Keyward-CSRF': '1', ...(account === null ? {} : { 'Keyward-Account': account }) };
  const made = createClient<paths>({ baseUrl: '/', headers });
  made.use({
    async onResponse({ response }) {
      if (response.status !== 401) return;
      const body: unknown = await response
        .clone()
        .json()
        .catch(() => null);
      const code = typeof body === 'object' && body !== null && 'code' in body ? body.code : '';
      if (code === 'session_ended' || code === 'missing_credentials') window.dispatchEvent(new Event(SIGNED_OUT));
    },
  });
  clients.set(account ?? '', made);
  return made;
}

/** The client of somebody whose account does not matter. */
export const ownClient = clientFor(null);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What was answered; a refusal is thrown. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw refusal(response, error);
  return data as T;
}

/** `If-Match` for an edit: it is refused when somebody else was quicker. */
export function ifMatch(version: number): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}
