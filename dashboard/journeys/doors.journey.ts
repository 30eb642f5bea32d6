import { createHmac } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import {
  accountOf,
  api,
  as,
  barriers,
  demo,
  dialog,
  forget,
  leave,
  mailed,
  main,
  menu,
  overflow,
  signIn,
  visit,
} from './browser';
import type { Person } from './world';

afterEach(leave);

/** What an authenticator shows (RFC 6238) so many steps from now. */
function totp(secret: string, steps = 0): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret.replace(/=+$/, '')].map((one) => letters.indexOf(one).toString(2).padStart(5, '0')).join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', Buffer.from(bytes)).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('a wrong password is told, the right one leads back to where somebody wanted to go', async () => {
  const page = await visit();
  await page.goto('/deployment/health');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByLabel('E-mail').fill(demo.operator.email);
  await page.getByRole('textbox', { name: 'Password' }).fill('not the password at all');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').waitFor();
  await signIn(page, demo.operator);
  await page.getByRole('heading', { level: 1, name: 'Health' }).waitFor();
  await page.getByText('Yes', { exact: true }).waitFor();
  await page.getByRole('button', { name: /Settings and signing out/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.goto('/deployment/health');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('T6 a sign-in leads to pages of ours only', async () => {
  const page = await visit();
  await page.goto('/sign-in?to=//elsewhere.example/');
  await signIn(page, demo.operator);
  await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor();
  expect(new URL(page.url()).origin).toBe(demo.control);
});

test('T6 the page may run scripts of ours only, and cookies are out of their reach', async () => {
  const page = await as(demo.operator);
  const answer = await page.request.get('/', { headers: { accept: 'text/html' } });
  const policy = answer.headers()['content-security-policy'] ?? '';
  expect(policy).toContain("script-src 'self';");
  expect(await answer.text()).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/);
  expect(await page.evaluate(() => document.cookie)).toBe('');
  const forged = await page.evaluate(async () => (await fetch('/v1/session', { method: 'DELETE' })).status);
  expect(forged, 'without the header that other origins can’t add').toBe(403);
});

test('r80 the whole reference of the API is served by the program, to anybody, from nowhere else', async () => {
  const page = await visit({ width: 390 });
  await page.goto('/docs');
  const answer = await page.request.get('/openapi.json');
  const document = (await answer.json()) as { paths: Record<string, object>; components: { schemas: object } };
  const operations = Object.values(document.paths).flatMap((item) => Object.keys(item));
  const schemas = Object.keys(document.components.schemas);
  expect(operations.length).toBeGreaterThan(100);
  expect(await page.locator('article').count()).toBe(operations.length + schemas.length);
  await page.locator('nav a[href="#post-v1-keys"]').first().click();
  expect(await page.locator('article[id="post-v1-keys"]').isVisible()).toBe(true);
  expect(await barriers(page)).toEqual([]);
  expect(await overflow(page)).toBe(0);
});

test('invited, joined, an authenticator set up, signed in with it, removed with every key they know', async () => {
  const admin = await as(demo.presets.demo.admin);
  await menu(admin, 'Account', 'People');
  await admin.getByRole('button', { name: 'Add a person' }).click();
  await dialog(admin).getByLabel('Name').fill('Ida Example');
  await dialog(admin).getByLabel('E-mail').fill('ida@example.com');
  await dialog(admin).getByRole('combobox', { name: 'Role' }).click();
  await admin.getByRole('option', { name: 'Developer' }).click();
  await dialog(admin).getByRole('button', { name: 'Add', exact: true }).click();
  await dialog(admin)
    .getByText(/A link went to them by mail/)
    .waitFor();
  await dialog(admin).getByRole('button', { name: 'Done' }).click();
  const link = await mailed('ida@example.com', 'invitation');

  const ida: Person = { email: 'ida@example.com', password: 'quietly seven otters swim' };
  const page = await visit();
  await page.goto(link);
  await page.getByRole('button', { name: 'Look at the invitation' }).click();
  expect(page.url(), 'the link is not left in the address').not.toContain('kwl_');
  await page.getByRole('heading', { name: 'Join Example Shop' }).waitFor();
  await page.getByRole('textbox', { name: 'New password' }).fill('password1234');
  await page.getByRole('button', { name: 'Join' }).click();
  await page
    .getByRole('alert')
    .or(page.getByText(/guess|common|known/i))
    .first()
    .waitFor();
  await page.getByRole('textbox', { name: 'New password' }).fill(ida.password);
  await page.getByRole('button', { name: 'Join' }).click();
  await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();

  await page.getByRole('button', { name: 'Create API key' }).first().click();
  await dialog(page).getByLabel('Name').fill('Made by Ida');
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  await dialog(page).getByRole('button', { name: 'Done' }).click();

  await page.goto('/me');
  await page.getByRole('button', { name: 'Set up an authenticator' }).click();
  await dialog(page)
    .getByRole('img', { name: /QR code/ })
    .waitFor();
  const shared = (
    await dialog(page)
      .getByText(/^[A-Z2-7]{16,}$/)
      .innerText()
  ).trim();
  await dialog(page).getByLabel('The code it shows').fill(totp(shared));
  await dialog(page).getByRole('button', { name: 'Confirm' }).click();
  const codes = (await dialog(page).locator('pre').innerText()).split('\n');
  expect(codes).toHaveLength(10);
  await dialog(page).getByRole('button', { name: 'I have kept them' }).click();
  await page.getByText('It is set up.').waitFor();

  const again = await visit();
  await again.goto('/sign-in');
  await again.getByLabel('E-mail').fill(ida.email);
  await again.getByRole('textbox', { name: 'Password' }).fill(ida.password);
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByLabel('Code of your authenticator').fill(totp(shared, 1));
  await again.getByRole('button', { name: 'Sign in' }).click();
  await again.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();

  await admin.reload();
  await admin.getByRole('button', { name: 'Actions for Ida Example' }).click();
  await admin.getByRole('menuitem', { name: 'Remove' }).click();
  await admin.getByRole('heading', { level: 1, name: 'Remove Ida Example' }).waitFor();
  const row = admin.getByRole('row', { name: /Made by Ida/ });
  await row.getByText('made it').waitFor();
  await row.getByText('Revoke').click();
  await admin.getByRole('button', { name: 'Remove Ida Example' }).click();
  await admin.getByRole('heading', { level: 1, name: 'People' }).waitFor();
  const { status } = await fetch(`${demo.presets.demo.base_url}/hello`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(status).toBe(401);
});

test('a forgotten password: a link comes by mail and works once', async () => {
  const ann = demo.presets.demo.admin;
  const page = await visit();
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Forgot your password?' }).click();
  // The page before has a field of that name, too.
  await page.getByRole('heading', { name: 'A new password' }).waitFor();
  await page.getByLabel('E-mail').fill(ann.email);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor();
  const link = await mailed(ann.email, 'reset');
  await page.goto(link);
  await page.getByRole('textbox', { name: 'New password' }).fill(ann.password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByText('Every sign-in of yours has ended.').waitFor();
  forget(ann);
  await page.goto('/sign-in');
  await page.goto(link);
  await page.getByRole('textbox', { name: 'New password' }).fill('a quiet walk in the hills');
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page
    .getByRole('alert')
    .getByText(/not valid/)
    .waitFor();
});

test('r97 a secret is picked up by a link, once, without signing in', async () => {
  const account_id = await accountOf('demo');
  const body = { account_id, name: 'Handed over', pickup: { recipient: 'Jo of Example Inc.' } };
  const made = await api<{ pickup: { link: string } }>('POST', '/v1/keys', body);
  const page = await visit({ width: 390, height: 844 });
  await page.goto(made.pickup.link);
  await page.getByRole('button', { name: 'Look who it is from' }).click();
  await page.getByText('Jo of Example Inc.').waitFor();
  await page.getByRole('button', { name: 'Show the key' }).click();
  const secret = (await page.locator('[data-secret]').first().innerText()).trim();
  const { status } = await fetch(`${demo.presets.demo.base_url}/hello`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(status).toBe(200);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('heading', { name: 'That was it' }).waitFor();
  expect(await page.content()).not.toContain(secret);
  const late = await visit();
  await late.goto(made.pickup.link);
  await late.getByRole('button', { name: 'Look who it is from' }).click();
  await late.getByRole('alert').waitFor();
});

test('a webhook is added, tried out, seen failing, and deleted', async () => {
  const page = await as(demo.presets.clickyid.admin);
  await menu(page, 'Automation', 'Webhooks');
  await page.getByRole('button', { name: 'Add a webhook' }).click();
  await dialog(page).getByLabel('URL').fill('http://127.0.0.1:9/hook');
  await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  expect(secret).toMatch(/^whsec_/);
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'http://127.0.0.1:9/hook' }).click();
  await page.getByRole('button', { name: 'Send a test' }).click();
  await main(page).getByRole('cell', { name: /none/ }).waitFor();
  await page.getByRole('button', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete webhook' }).click();
  await page.getByText('No webhooks yet').waitFor();
});

test('an operator makes an account, sees the APIs, and is shown no secret of an account', async () => {
  const page = await as(demo.operator);
  await page.getByRole('button', { name: 'Make an account' }).click();
  await dialog(page).getByRole('combobox', { name: 'API' }).click();
  await page.getByRole('option', { name: 'clickyid' }).click();
  await dialog(page).getByLabel('Name').fill('Example Newcomers');
  await dialog(page).getByRole('button', { name: 'Make it' }).click();
  await page.getByText('No API keys yet').waitFor();
  await menu(page, 'Deployment', 'APIs');
  await page.getByRole('cell', { name: 'POST /validate/bulk' }).waitFor();
  await page.goto(`/a/${await accountOf('codat')}/keys`);
  await page.getByRole('row').nth(1).waitFor();
  expect(await page.getByRole('button', { name: /Reveal/ }).count()).toBe(0);
});
