// How long the dashboard takes, in a real browser on the machine as it is. Prints a table; asserts only that what it
// measured is what it meant to.
import { cpus } from 'node:os';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { leave, visit } from './browser';
import { type Deployment, deploy } from './deployment';
import { loaded, noteWhen, record, recorded, spread, usable, wheel } from './frames';

const KEYS = 10_000;
/** More than a list holds, with those. */
const MORE = 10_500;
const ROWS = 1_000_000;
/** Keys that are made at the same time. */
const ABREAST = 8;
const LOADS = 5;
const OPERATOR = { name: 'Ada Example', email: 'ada@example.com', password: 'wrenches of a quiet town' };

let own: Deployment;
let account: string;
let state: Awaited<ReturnType<ReturnType<Page['context']>['storageState']>>;
const table: [string, string][] = [];

const CONFIG = `[apis.shop]
prefixes = ["/shop"]
upstream = "http://127.0.0.1:9"
scopes = { "orders.read" = "See orders", "orders.write" = "Change orders" }
[apis.shop.keys.account]
count_max = 21000
`;

async function ask<T>(method: string, path: string, body: unknown): Promise<T> {
  const key = /kwm_\w+/.exec(own.made)?.[0];
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(own.control + path, { method, headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

async function makeKeys(many: number, name: (number: number) => string): Promise<void> {
  const numbers = Array.from({ length: many }, (_, index) => index);
  const make = async () => {
    for (let number = numbers.pop(); number !== undefined; number = numbers.pop()) {
      const tags = [`team-${number % 40}`];
      await ask('POST', '/v1/keys', { account_id: account, name: name(number), scopes: ['orders.read'], tags });
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, make));
}

beforeAll(async () => {
  own = await deploy(inject('program'), CONFIG);
  account = (await ask<{ id: string }>('POST', '/v1/accounts', { api: 'shop', name: 'Ten Thousand' })).id;
  await makeKeys(KEYS, (number) => `Build worker ${number}`);
  const page = await visit({ origin: own.control });
  await page.goto(own.link);
  await page.getByLabel('Your name').fill(OPERATOR.name);
  await page.getByLabel('E-mail').fill(OPERATOR.email);
  await page.getByRole('textbox', { name: 'New password' }).fill(OPERATOR.password);
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor();
  state = await page.context().storageState();
  await leave();
});

afterAll(async () => {
  await own?.end();
  const [cpu] = cpus();
  console.log(`\n${cpus().length} × ${cpu?.model}\n`);
  for (const [what, figure] of table) console.log(`| ${what} | ${figure} |`);
});

afterEach(leave);

const middle = (all: number[]) => Math.round([...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0);

test('cold load', async () => {
  const seen: { usable: number; paint: number; bytes: number }[] = [];
  for (let load = 0; load < LOADS; load++) {
    const page = await visit({ origin: own.control });
    await noteWhen(page, 'input[type="password"]');
    await page.goto('/');
    const at = await usable(page);
    seen.push({ usable: at, ...(await loaded(page)) });
    await page.context().close();
  }
  const bytes = seen[0]?.bytes ?? 0;
  expect(bytes).toBeGreaterThan(10_000);
  table.push([
    'cold load of the sign-in page, nothing cached: first paint',
    `${middle(seen.map((one) => one.paint))} ms`,
  ]);
  table.push(['… until somebody can type', `${middle(seen.map((one) => one.usable))} ms`]);
  table.push(['… over the wire', `${Math.round(bytes / 1_000)} kB`]);
});

test('ten thousand keys', async () => {
  const page = await visit({ origin: own.control }, state);
  await noteWhen(page, 'tbody a.row-link');
  await page.goto(`/a/${account}/keys`);
  table.push([
    `cold load of a list of ${KEYS.toLocaleString('en')} keys: until rows are there`,
    `${Math.round(await usable(page))} ms`,
  ]);
  await page.getByText(`All ${KEYS.toLocaleString('en')}`).waitFor({ timeout: 120_000 });
  const all = await page.evaluate(() => performance.now());
  table.push(['… until every key was read', `${(all / 1_000).toFixed(1)} s`]);

  const field = page.getByRole('textbox', { name: /^Search/ });
  await field.click();
  await record(page);
  await page.keyboard.type('worker 77', { delay: 60 });
  await page.getByRole('row', { name: /Build worker 77 / }).waitFor();
  const typed = await recorded(page);
  table.push(['typing into the filter: from key to paint', spread(typed.events, 'events')]);
  await field.fill('');
  await page.getByRole('row', { name: /Build worker 0 / }).waitFor();

  await record(page);
  await wheel(page, 300, 400);
  const scrolled = await recorded(page);
  table.push(['scrolling through them by wheel: frames', spread(scrolled.frames, 'frames')]);
  expect(await page.evaluate(() => window.scrollY)).toBeGreaterThan(50_000);
  await record(page);
  for (let jump = 0; jump < 40; jump++) {
    await page.evaluate(
      (part) => {
        window.scrollTo(0, document.documentElement.scrollHeight * part);
        return new Promise(requestAnimationFrame);
      },
      (jump * 0.37) % 1,
    );
  }
  table.push(['… and jumping about in them', spread((await recorded(page)).frames, 'frames')]);
  expect(await page.locator('tbody tr').count()).toBeLessThan(120);
});

test('more keys than a list holds: the server looks for those that are not in it', async () => {
  await makeKeys(MORE, (number) => `Later worker ${number}`);
  const page = await visit({ origin: own.control }, state);
  await page.goto(`/a/${account}/keys`);
  await page.getByText('There are more than can be listed').waitFor({ timeout: 120_000 });
  // The oldest: nothing that was read has it.
  const field = page.getByRole('textbox', { name: /^Search/ });
  await field.click();
  await page.keyboard.type('build WORKER 9987');
  const asked = Date.now();
  await page.getByRole('row', { name: /Build worker 9987 / }).waitFor();
  table.push([
    `${(KEYS + MORE).toLocaleString('en')} keys: until one that is not in the list was found`,
    `${((Date.now() - asked) / 1_000).toFixed(1)} s`,
  ]);
  expect(await page.locator('tbody a.row-link').count()).toBe(1);
  expect(await field.inputValue()).toBe('build WORKER 9987');
  await field.fill('no such key');
  await page.getByText('Nothing fits').waitFor();
});

/** A page of a log that never changes, in the shape of the API's own: a million rows would take an hour to make here. */
function sheet(cursor: string | null, limit: number) {
  const from = Number(cursor ?? 0);
  const items = Array.from({ length: Math.min(limit, ROWS - from) }, (_, index) => {
    const number = from + index;
    const refused = number % 9 === 0;
    return {
      at: new Date(Date.UTC(2026, 10, 29) - number * 250).toISOString(),
      source: 'gateway',
      request_id: `req_${String(number).padStart(20, '0')}`,
      account_id: account,
      key_id: 'key_00000000000000000000000000',
      key_name: `Build worker ${number % KEYS}`,
      environment: 'live',
      kind: 'account',
      old_secret: false,
      api: 'shop',
      route: null,
      method: 'GET',
      path: `/shop/orders/${number}`,
      status: refused ? 429 : 200,
      code: refused ? 'rate_limited' : null,
      outcome: refused ? 'refused' : 'success',
      total_us: 900 + (number % 700),
      upstream_us: 800,
      bytes_in: 0,
      bytes_out: 512,
      broke_off: false,
      address: '203.0.113.7',
      agent: 'build/1.0',
      cost: 1,
      remaining: 100,
    };
  });
  const next = from + items.length;
  return { items, next_cursor: next < ROWS ? String(next) : null, missing: [] };
}

test('a million rows of the log', async () => {
  const page = await visit({ origin: own.control }, state);
  await page.context().route('**/v1/logs?*', (route) => {
    const query = new URL(route.request().url()).searchParams;
    return route.fulfill({ json: sheet(query.get('cursor'), Number(query.get('limit'))) });
  });
  await page.goto(`/a/${account}/requests`);
  await page.getByRole('button', { name: 'GET /shop/orders/0', exact: true }).waitFor();

  await record(page);
  await wheel(page, 300, 600);
  table.push([
    'scrolling through the log by wheel, pages read on the way: frames',
    spread((await recorded(page)).frames, 'frames'),
  ]);

  await record(page);
  let scrolls = 0;
  for (;;) {
    const more = await page.evaluate(async () => {
      const more = [...document.querySelectorAll('button')].find((one) =>
        one.innerText.startsWith('Go on after these'),
      );
      if (more) {
        more.click();
        return 'next';
      }
      window.scrollTo(0, document.documentElement.scrollHeight);
      await new Promise(requestAnimationFrame);
      return /\d requests$/.test(document.querySelector('main [role="status"]:last-of-type')?.textContent ?? '');
    });
    if (more === 'next') {
      scrolls += 1;
      await page.getByText('Older rows only.').waitFor();
    }
    if (more === true) break;
  }
  const { frames } = await recorded(page);
  expect(scrolls).toBe(3);
  await page.getByRole('button', { name: `GET /shop/orders/${ROWS - 1}`, exact: true }).waitFor();
  table.push([
    `scrolling through all ${ROWS.toLocaleString('en')} rows, to the last one: frames`,
    spread(frames, 'frames'),
  ]);
  const bytes = await page.evaluate(
    () => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  );
  table.push(['… memory of the page after that', `${Math.round(bytes / 1_000_000)} MB`]);
  expect(await page.locator('tbody tr').count()).toBeLessThan(120);
});
