// Every page, in both schemes and on a phone: nobody is shut out, nothing sticks out.
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { accountOf, api, as, clipboard, demo, dialog, leave, main, visit } from './browser';
import { faultsOf, PICTURES, picture, settled } from './picture';

/** The most that the first page may weigh on the wire. */
const FIRST_PAGE_BYTES_MAX = 350_000;

const pages: { who: keyof typeof demo.presets | 'operator'; name: string; path: string }[] = [];

beforeAll(async () => {
  const refused = await traffic();
  for (const preset of ['clevertap', 'clickyid', 'codat'] as const) {
    const account = await accountOf(preset);
    const keys = await api<{ items: { id: string }[] }>('GET', `/v1/keys?account_id=${account}&kind=account`);
    const people = await api<{ items: { id: string }[] }>('GET', `/v1/accounts/${account}/people`);
    const all: [string, string][] = [
      ['keys', 'keys'],
      ['key', `keys/${keys.items.at(-1)?.id}`],
      ['edit', `keys/${keys.items.at(-1)?.id}/edit`],
      ['account', 'account'],
      ['people', 'people'],
    ];
    // What does not depend on the preset is looked at once.
    const once: [string, string][] = [
      ['leaver', `people/${people.items[0]?.id}/remove`],
      ['find', 'find'],
      ['usage', 'usage'],
      ['live', 'live'],
      ['requests', 'requests'],
      ['explain', 'explain'],
      ['explained', `explain?request=${refused}`],
      ['notices', 'notices'],
      ['hygiene', 'hygiene'],
      ['policy', 'policy'],
      ['audit', 'audit'],
      ['webhooks', 'webhooks'],
      ['automation', 'automation'],
    ];
    for (const [name, path] of preset === 'clickyid' ? [...all, ...once] : all) {
      pages.push({ who: preset, name: `${preset}-${name}`, path: `/a/${account}/${path}` });
    }
  }
  const deployment = ['accounts', 'apis', 'operators', 'automation', 'outbox', 'audit', 'health'];
  for (const name of [...deployment, 'usage', 'live', 'requests', 'explain']) {
    pages.push({ who: 'operator', name: `deployment-${name}`, path: `/deployment/${name}` });
  }
  pages.push({ who: 'operator', name: 'me', path: '/me' });
});

afterEach(leave);

/** Some calls, so that pages have something to show; the id of a request that was refused. */
async function traffic(): Promise<string> {
  const { base_url, secret } = demo.presets.clickyid;
  const authorization = `Bearer ${secret}`;
  for (const path of ['/target-groups', '/offers', '/nowhere', '/target-groups', '/offers']) {
    await fetch(base_url + path, { headers: { authorization } });
  }
  const answer = await fetch(`${base_url}/nowhere`, { headers: { authorization } });
  return answer.headers.get('x-request-id') ?? '';
}

const person = (who: (typeof pages)[number]['who']) => (who === 'operator' ? demo.operator : demo.presets[who].admin);

async function look(page: Page, name: string): Promise<string[]> {
  await settled(page);
  const isThere = (await page.getByRole('heading', { name: 'There is no such page' }).count()) === 0;
  expect(isThere, `${name} is a page`).toBe(true);
  await picture(page, name, true);
  return faultsOf(page, name);
}

const LOOKS = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 1280 },
  { scheme: 'light', width: 390 },
  // The same colours and the same width once more: for pictures only.
  ...(PICTURES ? [{ scheme: 'dark', width: 390 } as const] : []),
] as const;

/** The pages of one person, one after the other. */
async function walk(who: (typeof pages)[number]['who'], scheme: 'light' | 'dark', width: number): Promise<string[]> {
  const [first, ...rest] = pages.filter((one) => one.who === who);
  if (!first) throw new Error(`no pages of ${who}`);
  const page = await as(person(who), first.path, { scheme, width });
  const found = await look(page, `${first.name}-${scheme}-${width}`);
  for (const { name, path } of rest) {
    await page.goto(path);
    found.push(...(await look(page, `${name}-${scheme}-${width}`)));
  }
  return found;
}

async function walkOutside(scheme: 'light' | 'dark', width: number): Promise<string[]> {
  const found: string[] = [];
  const page = await visit({ scheme, width });
  for (const name of ['sign-in', 'forgot', 'setup', 'invitation', 'reset', 'pick-up']) {
    await page.goto(`/${name}`);
    found.push(...(await look(page, `${name}-${scheme}-${width}`)));
  }
  return found;
}

for (const { scheme, width } of LOOKS) {
  test(`every page is for everybody: ${scheme}, ${width} wide`, { timeout: 240_000 }, async () => {
    const people = ['operator', 'clevertap', 'clickyid', 'codat'] as const;
    const walks = people.map((who) => walk(who, scheme, width));
    const found = await Promise.all([...walks, walkOutside(scheme, width)]);
    expect(found.flat()).toEqual([]);
  });
}

test('r103 Skip to main content is the first thing that the keyboard reaches', async () => {
  const page = await as(demo.presets.codat.admin);
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'Skip to main content' });
  expect(await skip.evaluate((element) => element === document.activeElement)).toBe(true);
  const box = await skip.boundingBox();
  expect(box?.y ?? -1, 'it is seen').toBeGreaterThanOrEqual(0);
  await page.keyboard.press('Enter');
  expect(await main(page).evaluate((element) => element === document.activeElement)).toBe(true);
});

test('by keyboard alone: a key is made, copied and revoked', async () => {
  const page = await as(demo.presets.clickyid.admin);
  await settled(page);
  const press = async (...keys: string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  /** Tabs until the focus is on what has this name. */
  const reach = async (name: RegExp, most = 60) => {
    const label = () =>
      page.evaluate(() => {
        const element = document.activeElement;
        const id = element?.getAttribute('aria-labelledby') ?? '';
        const labels =
          element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((one) => one.innerText) : [];
        return [
          element?.getAttribute('aria-label'),
          ...labels,
          document.getElementById(id)?.innerText,
          element?.textContent,
        ]
          .filter(Boolean)
          .join(' ');
      });
    for (let count = 0; count < most; count++) {
      if (name.test(await label())) return;
      await press('Tab');
    }
    throw new Error(`the keyboard does not reach ${name}; it is at "${await label()}"`);
  };
  await reach(/^Create API key$/);
  await press('Enter');
  await dialog(page).getByLabel('Name').waitFor();
  await reach(/^Name/);
  await page.keyboard.type('By keyboard');
  await reach(/validate:offers/);
  await press('Space');
  await reach(/^Create$/);
  await press('Enter');
  await dialog(page).getByRole('button', { name: 'Done' }).waitFor();
  await reach(/^Copy API key/);
  await press('Enter');
  const secret = await clipboard(page);
  expect(secret).toMatch(/^ck_live_/);
  await reach(/^Done$/);
  await press('Enter');
  await dialog(page).waitFor({ state: 'detached' });
  await reach(/^By keyboard$/);
  await press('Enter');
  await page.getByRole('heading', { level: 1, name: 'By keyboard' }).waitFor();
  await reach(/^More actions$/);
  await press('Enter');
  await page.getByRole('menuitem', { name: 'Revoke' }).waitFor();
  await press('ArrowDown');
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toMatch(/Disable|Revoke/);
  for (let count = 0; count < 4; count++) {
    if ((await page.evaluate(() => document.activeElement?.textContent)) === 'Revoke') break;
    await press('ArrowDown');
  }
  await press('Enter');
  await dialog(page).getByRole('button', { name: 'Revoke API key' }).waitFor();
  await reach(/^Revoke API key$/);
  await press('Enter');
  await dialog(page).waitFor({ state: 'detached' });
  await main(page).getByText('Revoked').first().waitFor();
  const { status } = await fetch(`${demo.presets.clickyid.base_url}/offers`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(status).toBe(401);
});

test('a long list of keys stands still on a phone, whichever rows are near its window', async () => {
  const account_id = await accountOf('clickyid');
  const made: string[] = [];
  for (let number = 0; number < 14; number++) {
    const name = number % 3 === 0 ? `A key with quite a long name ${number}` : `Some key ${number}`;
    const expires = number % 2 === 0 ? 'never' : { days: 20 };
    const key = { account_id, name, scopes: ['validate:offers'], expires };
    made.push((await api<{ id: string }>('POST', '/v1/keys', key)).id);
  }
  const page = await as(demo.presets.clickyid.admin, `/a/${account_id}/keys`, { width: 390 });
  await page.getByRole('link', { name: 'Some key 13' }).waitFor();
  const heights = () =>
    page.evaluate(async () => {
      const seen = new Set<number>();
      for (let frames = 0; frames < 20; frames++) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        seen.add(document.documentElement.scrollHeight);
      }
      return seen.size;
    });
  for (let height = 500; height <= 900; height += 25) {
    await page.setViewportSize({ width: 390, height });
    await expect.poll(heights, { message: `${height} pixels high` }).toBe(1);
  }
  for (const id of made) await api('DELETE', `/v1/keys/${id}`);
});

test('whoever wants less motion gets none', async () => {
  const page = await as(demo.operator);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await page.goto('/me');
  await settled(page);
  const moving = await page.evaluate(
    () =>
      [...document.querySelectorAll('*')].filter((element) => {
        const { animationName, animationDuration, transitionDuration } = getComputedStyle(element);
        const long = (text: string) => text.split(',').some((one) => Number.parseFloat(one) > 0.001);
        return (animationName !== 'none' && long(animationDuration)) || long(transitionDuration);
      }).length,
  );
  expect(moving).toBe(0);
});

// Pages out of a directory do not come as the program serves them.
test.skipIf(process.env.KEYWARD_PAGES)('the first page is light, and everything of it comes compressed', async () => {
  const page = await visit();
  let bytes = 0;
  const plain: string[] = [];
  page.on('response', async (response) => {
    const url = new URL(response.url());
    const length = Number(response.headers()['content-length'] ?? 0);
    bytes += length;
    if (/\.(js|css)$/.test(url.pathname) && length > 1024 && !response.headers()['content-encoding'])
      plain.push(url.pathname);
  });
  await page.goto('/');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.waitForLoadState('networkidle');
  expect(plain).toEqual([]);
  expect(bytes).toBeGreaterThan(10_000);
  expect(bytes).toBeLessThan(FIRST_PAGE_BYTES_MAX);
});
