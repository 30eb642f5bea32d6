// Pages that notice what a person would not: faults in the console, requests to elsewhere, scripts that were refused.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import axe, { type AxeResults } from 'axe-core';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { expect, inject } from 'vitest';
import type { Person } from './world';

const WAIT_MS = 10_000;
const told = inject('demo');

/** An API of the demo, with its account's admin. */
function withAdmin(api: keyof typeof told.presets) {
  const admin: Person | undefined = told.people.find((person) => person.api === api);
  if (!admin) throw new Error(`the demo has no admin of ${api}`);
  return { ...told.presets[api], admin };
}

export const demo = {
  ...told,
  presets: {
    demo: withAdmin('demo'),
    clevertap: withAdmin('clevertap'),
    clickyid: withAdmin('clickyid'),
    codat: withAdmin('codat'),
  },
};

let browser: Browser | undefined;
const open = new Set<BrowserContext>();
const faults: string[] = [];
/** Who signed in, and when: what wants a recent sign-in is not asked of an old one, however long all journeys take. */
const cookies = new Map<string, { state: Awaited<ReturnType<BrowserContext['storageState']>>; at: number }>();
const FRESH_MS = 5 * 60_000;

export interface Look {
  scheme?: 'light' | 'dark';
  width?: number;
  height?: number;
  origin?: string;
  /** Another origin that the journey leads to, such as a provider of identities. */
  also?: string;
  /** The journey cuts the connection: what fails for that is no fault. */
  isCut?: boolean;
}

/** What a browser says of a request that found no way, or no end. */
const CUT = /Failed to load resource: net::ERR_(?:INTERNET_DISCONNECTED|CONNECTION_\w+|EMPTY_RESPONSE|INCOMPLETE_\w+)/;

/** Pages out of this directory in place of those that the program was built with: to try them without compiling it. */
const PAGES = process.env.KEYWARD_PAGES;
/** What the program itself answers. */
const PROGRAMS = /^\/(?:v1|docs|openapi\.json|style\.css|readyz|metrics)(?:\/|$)/;

async function servePages(context: BrowserContext, origin: string, folder: string): Promise<void> {
  const told = await fetch(origin, { headers: { accept: 'text/html' } });
  const headers = { 'content-security-policy': told.headers.get('content-security-policy') ?? '' };
  await context.route(
    (url) => url.origin === origin && !PROGRAMS.test(url.pathname),
    (route) => {
      const { pathname } = new URL(route.request().url());
      const path = join(folder, pathname.includes('.') ? pathname : 'index.html');
      // Where the server led elsewhere, the page that came is the program's own, and so are its files.
      return existsSync(path) ? route.fulfill({ path, headers }) : route.continue();
    },
  );
}

/** A page of a visitor, in a browser context of its own. */
export async function visit(
  { scheme = 'light', width = 1280, height = 900, origin = demo.control, also, isCut }: Look = {},
  state?: Awaited<ReturnType<BrowserContext['storageState']>>,
): Promise<Page> {
  browser ??= await chromium.connect(inject('browser'));
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width, height },
    colorScheme: scheme,
    locale: 'en-GB',
    timezoneId: 'Europe/Berlin',
    permissions: ['clipboard-read', 'clipboard-write'],
    storageState: state,
  });
  context.setDefaultTimeout(WAIT_MS);
  open.add(context);
  context.on('request', (request) => {
    const { protocol, origin: asked } = new URL(request.url());
    const isOurs = ['blob:', 'data:'].includes(protocol) || asked === origin || asked === also;
    if (!isOurs) faults.push(`a request to ${request.url()}`);
  });
  if (PAGES) await servePages(context, origin, PAGES);
  const page = await context.newPage();
  page.on('pageerror', (error) => faults.push(`an error in the page: ${error.message}`));
  page.on('console', (message) => {
    // A refusal that the page shows is reported by the browser as well; a broken policy or a React fault is not that.
    const isAnswer = /Failed to load resource: the server responded with a status of 4\d\d/.test(message.text());
    const isExpected = isAnswer || (isCut && CUT.test(message.text()));
    if (message.type() === 'error' && !isExpected) faults.push(`the console says: ${message.text()}`);
  });
  return page;
}

/** A page of somebody who is signed in; each signs in once and keeps the cookie for later journeys. */
export async function as(person: Person, path = '/', look: Look = {}): Promise<Page> {
  const last = cookies.get(person.email);
  const known = last && Date.now() - last.at < FRESH_MS ? last.state : undefined;
  const page = await visit(look, known);
  if (!known) {
    await page.goto('/sign-in');
    await signIn(page, person);
    cookies.set(person.email, { state: await page.context().storageState(), at: Date.now() });
  }
  await page.goto(path);
  await page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

/** Their sign-ins have ended: whoever comes next signs in anew. */
export function forget(person: Person): void {
  cookies.delete(person.email);
}

export async function signIn(page: Page, person: Person): Promise<void> {
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL((url) => url.pathname !== '/sign-in');
}

/** Ends what a journey opened, and fails it for what its pages did unseen. */
export async function leave(): Promise<void> {
  await Promise.all([...open].map((context) => context.close()));
  open.clear();
  const found = faults.splice(0);
  expect(found, 'nothing went wrong unseen').toEqual([]);
}

/** The page's own part, without the menu. */
export const main = (page: Page): Locator => page.getByRole('main');
export const dialog = (page: Page): Locator => page.getByRole('dialog');

/** Goes where the menu leads. */
export async function menu(page: Page, section: string, item: string): Promise<void> {
  const nav = page.getByRole('navigation', { name: 'Main' });
  const part = nav.locator('div', { has: page.getByRole('heading', { name: section, exact: true }) });
  await part.getByRole('link', { name: item, exact: true }).click();
  await page.getByRole('heading', { level: 1, name: item, exact: true }).waitFor();
}

/** The rules that a page breaks badly enough to shut somebody out. */
export async function barriers(page: Page, within = 'html'): Promise<string[]> {
  const expression = `${axe.source}; axe.run(${JSON.stringify(within)}, { resultTypes: ['violations'] })`;
  const results = (await page.evaluate(expression)) as AxeResults;
  const bad = results.violations.filter((one) => one.impact === 'serious' || one.impact === 'critical');
  return bad.flatMap((one) =>
    one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
  );
}

/** Whether the page is wider than its window. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

export function clipboard(page: Page): Promise<string> {
  return page.evaluate(() => navigator.clipboard.readText());
}

/** What the gateway answers to a call with these headers. */
export async function call(url: string, headers: Record<string, string>): Promise<number> {
  return (await fetch(url, { headers })).status;
}

/** The management API, as automation. */
export async function api<T>(method: string, path: string, body?: unknown, key = demo.management_key): Promise<T> {
  const response = await fetch(demo.control + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as T;
}

/** The id of a preset's account in the demo. */
export async function accountOf(preset: keyof typeof demo.presets): Promise<string> {
  const page = await api<{ items: { id: string }[] }>('GET', `/v1/accounts?api=${preset}&external_id=keyward-demo`);
  const [first] = page.items;
  if (!first) throw new Error(`the demo has no account of ${preset}`);
  return first.id;
}

/** The newest link that the demo's inbox has for somebody. */
export async function mailed(to: string, page: string): Promise<string> {
  const find = async () => {
    const inbox = (await (await fetch(`${demo.inbox}/mails`)).json()) as { mails: { to: string; text: string }[] };
    const texts = inbox.mails.filter((mail) => mail.to.includes(to)).map((mail) => mail.text);
    return texts.flatMap((text) => text.match(/https?:\/\/\S+#\S+/g) ?? []).find((link) => link.includes(`/${page}#`));
  };
  await expect.poll(find, { timeout: 15_000 }).toBeTruthy();
  return (await find()) ?? '';
}

/** Everything that a browser keeps of a page, as one text. */
export async function kept(page: Page): Promise<string> {
  const inPage = await page.evaluate(() => {
    const cache: unknown[] = [];
    // The query cache, found as React's own tools find it: by the provider's client.
    const root = document.getElementById('root');
    const name = root && Object.keys(root).find((key) => key.startsWith('__reactContainer'));
    type Fiber = { memoizedProps?: { client?: Client }; child?: Fiber | null; sibling?: Fiber | null };
    type Cache = { getAll: () => { state: unknown; queryKey?: unknown }[] };
    type Client = { getQueryCache?: () => Cache; getMutationCache: () => Cache };
    const visit = (fiber: Fiber | null | undefined, depth: number): void => {
      if (!fiber || depth > 60) return;
      const client = fiber.memoizedProps?.client;
      if (client?.getQueryCache) {
        for (const all of [client.getQueryCache(), client.getMutationCache()]) {
          cache.push(...all.getAll().map((entry) => [entry.queryKey, entry.state]));
        }
        return;
      }
      visit(fiber.child, depth + 1);
      visit(fiber.sibling, depth);
    };
    if (root && name) visit((root as unknown as Record<string, Fiber>)[name], 0);
    return {
      found: cache.length,
      text: JSON.stringify([
        cache,
        { ...localStorage },
        { ...sessionStorage },
        window.name,
        location.href,
        history.state,
        document.documentElement.outerHTML,
      ]),
    };
  });
  expect(inPage.found, 'the query cache was found').toBeGreaterThan(1);
  const databases = await page.evaluate(async () => (await indexedDB.databases()).length);
  expect(databases).toBe(0);
  return inPage.text + JSON.stringify(await page.context().cookies());
}
