import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, demo, dialog, forget, leave, main, menu } from './browser';

const preset = demo.presets.demo;
const url = `${preset.base_url}/hello`;

afterEach(leave);

interface Made {
  id: string;
  secret: string;
}

function key(account_id: string, name: string): Promise<Made> {
  return api('POST', '/v1/keys', { account_id, name, limits: [{ name: 'default', limit: 50 }] });
}

test('r78 what is left of a limit moves with the traffic, and is what the rate headers say', async () => {
  const account_id = await accountOf('demo');
  const made = await key(account_id, 'Watched');
  const authorization = `Bearer ${made.secret}`;
  const page = await as(preset.admin, `/a/${account_id}/keys/${made.id}`);
  await page.getByRole('link', { name: 'Watch it live' }).click();
  await page.getByRole('heading', { level: 1, name: 'Live' }).waitFor();
  const row = page.getByRole('row', { name: /^Watched/ });
  await row.getByText('50 of 50', { exact: true }).waitFor();
  for (let sent = 1; sent <= 3; sent++) {
    const answer = await fetch(url, { headers: { authorization } });
    const left = Number(answer.headers.get('x-ratelimit-remaining'));
    expect(left).toBe(50 - sent);
    await row.getByText(`${left} of 50`, { exact: true }).waitFor();
  }
  await page.getByRole('img', { name: '3 requests in the last minute, 3 of them answered well' }).waitFor();
  await row.getByRole('progressbar', { name: 'Left of default: 47 of 50' }).waitFor();
});

test('requests are there as they come, filtered by status, held back and let go', async () => {
  const account_id = await accountOf('demo');
  const made = await key(account_id, 'Followed');
  const authorization = `Bearer ${made.secret}`;
  const page = await as(preset.admin);
  await menu(page, 'Watch', 'Live');
  const requests = page.getByRole('region', { name: 'Requests' });
  await requests.getByText('Following').waitFor();
  await page.getByLabel('Key id').fill(made.id);
  await page.getByRole('row', { name: /^Followed/ }).waitFor();
  await requests.getByText('Following').waitFor();
  const rows = requests.getByRole('button', { name: 'GET /demo/hello' });

  expect(await call(url, { authorization })).toBe(200);
  await expect.poll(() => rows.count()).toBe(1);
  await requests.getByRole('button', { name: 'Pause' }).click();
  await api('POST', `/v1/keys/${made.id}/disable`);
  for (let sent = 0; sent < 2; sent++) expect(await call(url, { authorization })).toBe(401);
  await requests.getByRole('button', { name: 'Go on (2 new)' }).waitFor();
  expect(await rows.count()).toBe(1);
  await requests.getByRole('button', { name: 'Go on (2 new)' }).click();
  await expect.poll(() => rows.count()).toBe(3);
  expect(await requests.getByText('key_disabled').count()).toBe(2);

  await requests.getByLabel('Status').fill('4xx');
  await requests.getByText('No request yet').waitFor();
  await requests.getByText('Following').waitFor();
  await api('POST', `/v1/keys/${made.id}/enable`);
  expect(await call(url, { authorization })).toBe(200);
  await api('POST', `/v1/keys/${made.id}/disable`);
  expect(await call(url, { authorization })).toBe(401);
  await expect.poll(() => rows.count()).toBe(1);
  await rows.click();
  await dialog(page).getByText('401, key_disabled').waitFor();
  expect(await dialog(page).innerText()).not.toContain(made.secret);
});

test('whoever is signed out elsewhere stops watching', async () => {
  const account_id = await accountOf('demo');
  const page = await as(preset.admin, `/a/${account_id}/live`);
  await page.getByText('Following').waitFor();
  forget(preset.admin);
  const other = await as(preset.admin, '/me');
  await other.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('an operator sees the requests of every account as they come', async () => {
  const account_id = await accountOf('demo');
  const made = await key(account_id, 'Seen by operators');
  const page = await as(demo.operator);
  await menu(page, 'All accounts', 'Live everywhere');
  await page.getByText('Following').waitFor();
  expect(await call(url, { authorization: `Bearer ${made.secret}` })).toBe(200);
  await page.getByRole('row', { name: /^Seen by operators/ }).waitFor();
  await main(page).getByRole('button', { name: 'GET /demo/hello' }).first().waitFor();
});

test('a stream that is cut says so, comes back by itself, and tells that something is missing', async () => {
  const account_id = await accountOf('demo');
  const made = await key(account_id, 'Cut off');
  const authorization = `Bearer ${made.secret}`;
  const page = await as(preset.admin, `/a/${account_id}/live?key=${made.id}`, { isCut: true });
  const now = page.getByRole('region', { name: 'Now' });
  const requests = page.getByRole('region', { name: 'Requests' });
  const rows = requests.getByRole('button', { name: 'GET /demo/hello' });
  await requests.getByText('Following').waitFor();
  expect(await call(url, { authorization })).toBe(200);
  await expect.poll(() => rows.count()).toBe(1);
  expect(await requests.getByText(/It broke off/).count()).toBe(0);

  await page.context().setOffline(true);
  await requests.getByText('Broken off: trying again').waitFor();
  await now.getByText('Broken off: trying again').waitFor();
  expect(await call(url, { authorization })).toBe(200);
  const stored = () => api<{ items: unknown[] }>('GET', `/v1/logs?key_id=${made.id}`);
  await expect.poll(async () => (await stored()).items.length, { timeout: 10_000 }).toBe(2);
  await page.context().setOffline(false);
  await requests.getByText('Following').waitFor({ timeout: 30_000 });
  await now.getByText('Watching').waitFor({ timeout: 30_000 });
  await requests.getByText('It broke off, or was out of sight, once: what came meanwhile is not below.').waitFor();
  await now.getByText('what came meanwhile is not in this minute.').waitFor();

  expect(await call(url, { authorization })).toBe(200);
  await expect.poll(() => rows.count()).toBe(2);
  await requests.getByRole('link', { name: 'Requests has all of them.' }).click();
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
});
