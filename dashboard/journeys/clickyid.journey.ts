import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, clipboard, demo, dialog, kept, leave, main, menu } from './browser';

const preset = demo.presets.clickyid;
const run = promisify(execFile);
const status = (secret: string, path = '/target-groups') =>
  call(preset.base_url + path, { authorization: `Bearer ${secret}` });

afterEach(leave);

async function form(): Promise<Page> {
  const page = await as(preset.admin);
  await menu(page, 'Team dashboard', 'API keys');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await page.getByRole('dialog', { name: 'Create API key' }).waitFor();
  return page;
}

async function create(name: string, more?: (page: Page) => Promise<void>) {
  const page = await form();
  await dialog(page).getByLabel('Name').fill(name);
  await dialog(page).getByLabel('validate:target-groups').check();
  await more?.(page);
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page).getByRole('button', { name: 'Done' }).waitFor();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  return { page, secret };
}

test('r49 r50 Team dashboard > API keys; a name is required; another account sees nothing of it', async () => {
  const page = await form();
  await dialog(page).getByLabel('validate:offers').check();
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page)
    .getByText(/Name it after the program/)
    .waitFor();
  const other = await as(demo.presets.codat.admin, `/a/${await accountOf('clickyid')}/keys`);
  await other.getByRole('heading', { name: 'This account can’t be shown' }).waitFor();
  await other
    .getByRole('alert')
    .getByText(/no such object/)
    .waitFor();
});

test('r51 r73 the scopes of the catalogue, none chosen beforehand, at least one', async () => {
  const page = await form();
  const boxes = dialog(page)
    .getByRole('group', { name: /Scopes/ })
    .getByRole('checkbox');
  expect(await boxes.count()).toBe(2);
  for (const box of await boxes.all()) expect(await box.isChecked()).toBe(false);
  await dialog(page).getByLabel('Name').fill('No scope');
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page).getByText('Choose at least one: without a scope it could do nothing.').waitFor();
  const { secret } = await create('One scope');
  expect([await status(secret), await status(secret, '/offers')]).toEqual([200, 403]);
});

test('r52 a limit of its own is the one that the gateway tells', async () => {
  const { page, secret } = await create('Limited', async (page) => {
    await dialog(page).getByLabel('Limit: requests per hour').fill('42');
  });
  const answer = await fetch(`${preset.base_url}/target-groups`, { headers: { authorization: `Bearer ${secret}` } });
  expect(answer.headers.get('x-ratelimit-limit')).toBe('42');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'Limited', exact: true }).click();
  await main(page).getByText('42 per hour').waitFor();
});

test('r48 r71 beside the secret: not in clients, in the environment, with a line for .env', async () => {
  const { page, secret } = await create('Warned');
  await dialog(page)
    .getByText(/never in code, in a browser or in an app/)
    .waitFor();
  await dialog(page).getByRole('button', { name: 'Copy line for .env' }).click();
  expect(await clipboard(page)).toBe(`CLICKYID_API_KEY=${secret}`);
});

test('r53 shown once: afterwards it is in no page, address, storage or cache', async () => {
  const { page, secret } = await create('Shown once');
  expect(await page.content()).toContain(secret);
  await page.keyboard.press('Escape');
  expect(await page.content(), 'a slip does not lose it').toContain(secret);
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  expect(await kept(page)).not.toContain(secret);
  const row = page.getByRole('row', { name: /Shown once/ });
  await row.getByText(`ck_live_…${secret.slice(-4)}`).waitFor();
  await row.getByRole('link').click();
  await page.getByRole('heading', { level: 1, name: 'Shown once' }).waitFor();
  expect(await kept(page)).not.toContain(secret);
});

test('the curl line works when pasted, with the secret in the environment', async () => {
  const { page, secret } = await create('Pasted');
  await dialog(page).getByRole('button', { name: 'Copy curl example' }).click();
  const line = await clipboard(page);
  expect(line).not.toContain(secret);
  const env = { ...process.env, CLICKYID_API_KEY: secret, NO_PROXY: '127.0.0.1' };
  const { stdout } = await run('bash', ['-c', `${line} --silent --output /dev/null --write-out '%{http_code}'`], {
    env,
  });
  expect(stdout).toBe('200');
});

test('r74 rotating: both secrets work and show their last use; completing ends the old one', async () => {
  const { page, secret: old } = await create('Rotated');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'Rotated' }).click();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await dialog(page).getByText('1 day', { exact: true }).click();
  await dialog(page).getByRole('button', { name: 'Rotate', exact: true }).click();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  const rotation = page.getByRole('region', { name: 'Rotation under way' });
  await rotation.getByText('The new secret has not been used yet').waitFor();
  expect([await status(old), await status(secret)]).toEqual([200, 200]);
  await expect
    .poll(
      async () => {
        await page.reload();
        await rotation.waitFor();
        return rotation.getByRole('cell', { name: 'just now' }).count();
      },
      { timeout: 15_000 },
    )
    .toBe(2);
  await rotation.getByRole('button', { name: 'End the old secret now' }).click();
  await rotation.waitFor({ state: 'detached' });
  expect([await status(old), await status(secret)]).toEqual([401, 200]);
});

test('r74 the key’s page says when each secret of a rotation was first used', async () => {
  const { page, secret: old } = await create('First used');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  const url = `${preset.base_url}/target-groups`;
  expect(await call(url, { authorization: `Bearer ${old}` })).toBe(200);
  await page.getByRole('link', { name: 'First used' }).click();
  await page.getByRole('button', { name: 'Rotate' }).click();
  await dialog(page).getByRole('button', { name: 'Rotate', exact: true }).click();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  await dialog(page).getByRole('button', { name: 'Done' }).click();

  const rotation = page.getByRole('region', { name: 'Rotation under way' });
  const firstUsed = (of: string, mark: 'old' | 'new') =>
    rotation
      .getByRole('row', { name: new RegExp(`${of.slice(-4)} ${mark}`) })
      .getByRole('cell')
      .nth(2);
  await expect.poll(() => firstUsed(old, 'old').innerText()).toMatch(/\d\d:\d\d$/);
  expect(await firstUsed(secret, 'new').innerText()).toBe('never');
  await rotation.getByText('The new secret has not been used yet').waitFor();

  expect(await call(url, { authorization: `Bearer ${secret}` })).toBe(200);
  await page.reload();
  await expect.poll(() => firstUsed(secret, 'new').innerText()).toMatch(/\d\d:\d\d$/);
  await rotation.getByText('The old secret can go').waitFor();
});

test('find by secret says whose it is and forgets what was asked', async () => {
  const { page, secret } = await create('Lost');
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await menu(page, 'Safety', 'Find by secret');
  await page.getByLabel('The whole secret').fill(secret);
  await page.getByRole('button', { name: 'Find', exact: true }).click();
  await page.getByRole('status').getByText('Lost').waitFor();
  expect(await kept(page)).not.toContain(secret);
});

test('a second admin approves: pending, approved, collected', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Safety', 'Policy');
  const approval = main(page).getByRole('group', { name: 'A second admin must approve these' });
  await approval.getByLabel('validate:offers').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The policy is saved.').waitFor();
  await menu(page, 'Team dashboard', 'API keys');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await dialog(page).getByLabel('Name').fill('Needs two');
  await dialog(page).getByText('needs approval').waitFor();
  await dialog(page)
    .getByRole('checkbox', { name: /validate:offers/ })
    .check();
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page)
    .getByText(/waits for a second admin/)
    .waitFor();
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('row', { name: /Needs two.*Awaiting approval/ }).waitFor();
  await page.getByRole('link', { name: 'Needs two' }).click();
  await page.getByText(/your own request/).waitFor();

  const operator = await as(demo.operator, new URL(page.url()).pathname);
  await operator.getByRole('button', { name: 'Approve' }).click();
  await operator.getByText('Its secret waits').waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Collect the secret' }).click();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  expect(await status(secret, '/offers')).toBe(200);
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await menu(page, 'Safety', 'Policy');
  await approval.getByLabel('validate:offers').uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The policy is saved.').waitFor();
});

test('r73 a scope that a key was never used for is shown, and taken away in one step', async () => {
  const scopes = ['validate:target-groups', 'validate:offers'];
  const made = await api<{ id: string; secret: string }>('POST', '/v1/keys', {
    account_id: await accountOf('clickyid'),
    name: 'Wider than needed',
    scopes,
  });
  expect(await status(made.secret)).toBe(200);
  const page = await as(preset.admin);
  await menu(page, 'Safety', 'Hygiene');
  const row = page.getByRole('row', { name: /Wider than needed/ });
  const unused = row.getByText('never used: validate:offers');
  await expect
    .poll(
      async () => {
        await page.reload();
        await row.waitFor();
        return unused.count();
      },
      { timeout: 20_000 },
    )
    .toBe(1);
  expect(await row.getByText('never used: validate:target-groups').count()).toBe(0);
  await row.getByRole('button', { name: 'Take them away from Wider than needed' }).click();
  await dialog(page).getByRole('button', { name: 'Take 1 scope away' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await unused.waitFor({ state: 'detached' });
  const left = await api<{ scopes: string[] }>('GET', `/v1/keys/${made.id}`);
  expect(left.scopes).toEqual(['validate:target-groups']);
  expect([await status(made.secret), await status(made.secret, '/offers')]).toEqual([200, 403]);
});
