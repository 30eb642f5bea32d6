import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, clipboard, demo, dialog, leave, main, menu } from './browser';

const preset = demo.presets.clevertap;
const probe = `${preset.base_url}/1/profile.json?email=jack@gmail.com`;
const status = (secret: string) =>
  call(probe, { 'X-CleverTap-Account-Id': preset.account_id, 'X-CleverTap-Passcode': secret });

afterEach(leave);

/** Settings > Passcodes > + Passcode > Generate Passcode, as far as the passcode is shown. */
async function generate(name: string, days?: number) {
  const page = await as(preset.admin);
  await menu(page, 'Settings', 'Passcodes');
  await page.getByRole('button', { name: 'Passcode', exact: true }).click();
  const generating = page.getByRole('dialog', { name: 'Generate Passcode' });
  await generating.getByLabel('Name').fill(name);
  if (days === undefined) await generating.getByRole('button', { name: 'Forever' }).click();
  else {
    await generating.getByRole('button', { name: 'Set day(s)' }).click();
    await generating.getByRole('textbox', { name: 'Days' }).fill(String(days));
  }
  await generating.getByRole('button', { name: 'Create & View' }).click();
  const shown = page.getByRole('dialog', { name });
  await shown.getByRole('button', { name: 'Done' }).waitFor();
  return { page, shown };
}

test('r7 Settings > Project shows the credentials, to somebody who is signed in', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Settings', 'Project');
  const text = await main(page).innerText();
  expect(text).toContain(preset.account_id);
  expect(text).toContain(preset.base_url);
  const account = await accountOf('clevertap');
  await page.context().clearCookies();
  await page.goto(`/a/${account}/account`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
});

test('r8 + Passcode on that page leads to Passcodes', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Settings', 'Project');
  await page.getByRole('link', { name: '+ Passcode' }).click();
  await page.getByRole('heading', { level: 1, name: 'Passcodes' }).waitFor();
});

test('r13 the regions and their hosts are listed, and which is the account’s', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Settings', 'Project');
  const regions = page.getByRole('region', { name: 'Regions' });
  for (const region of ['aps3', 'eu1', 'in1', 'mec1', 'sg1', 'us1']) {
    await regions.getByRole('cell', { name: `${region}.api.clevertap.com` }).waitFor();
  }
  await regions.getByRole('row', { name: /in1.*this account/ }).waitFor();
});

test('r18 r22 Generate Passcode, Create & View: the passcode is shown and works', async () => {
  const { shown } = await generate('Partner A');
  const secret = (await shown.locator('[data-secret]').first().innerText()).trim();
  expect(secret).toMatch(/^CTP_[0-9A-Z]{32}$/);
  expect(await status(secret)).toBe(200);
});

test('r23 clicking API Key copies it, Done closes the dialog', async () => {
  const { page, shown } = await generate('Partner B');
  await shown.getByRole('button', { name: 'Copy API Key' }).click();
  await shown.getByText('Copied').first().waitFor();
  expect(await status(await clipboard(page))).toBe(200);
  await shown.getByRole('button', { name: 'Done' }).click();
  await shown.waitFor({ state: 'detached' });
});

test('r25 the dialog says: copy and save', async () => {
  const { shown } = await generate('Partner C');
  await shown.getByText('Copy and save this passcode now: it cannot be shown again.').waitFor();
});

test('r26 it appears on the page, with who made it, when it ends and when it was used', async () => {
  const { page, shown } = await generate('Partner D', 100);
  const secret = (await shown.locator('[data-secret]').first().innerText()).trim();
  await shown.getByRole('button', { name: 'Done' }).click();
  const row = page.getByRole('row', { name: /Partner D/ });
  for (const name of ['Active', 'Cem Example', 'never']) await row.getByRole('cell', { name, exact: true }).waitFor();
  expect(await row.getByRole('cell').getByRole('time').count(), 'created and expires').toBe(2);
  expect(await status(secret)).toBe(200);
  await expect
    .poll(
      async () => {
        await page.reload();
        await row.waitFor();
        return row.getByRole('cell', { name: 'just now' }).count();
      },
      { timeout: 15_000 },
    )
    .toBe(1);
});

test('r29 a passcode for ten days is Expiring soon at once', async () => {
  const { page, shown } = await generate('Partner E', 10);
  await shown.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('row', { name: /Partner E.*Expiring soon/ }).waitFor();
});

test('r31 an expired one stays listed, with a hint to delete it', async () => {
  const at = new Date(Date.now() + 1_500).toISOString();
  await api('POST', '/v1/keys', { account_id: await accountOf('clevertap'), name: 'Partner F', expires: { at } });
  const page = await as(preset.admin);
  await menu(page, 'Settings', 'Passcodes');
  const row = page.getByRole('row', { name: /Partner F/ });
  await expect
    .poll(
      async () => {
        await page.reload();
        await row.waitFor();
        return row.getByText('Expired', { exact: true }).count();
      },
      { timeout: 15_000 },
    )
    .toBe(1);
  await row.getByText('Not needed any more? Delete it.').waitFor();
});

test('r32 r33 the edit page is filled in and holds no secret; Update keeps the secret working', async () => {
  const { page, shown } = await generate('Partner G', 40);
  const secret = (await shown.locator('[data-secret]').first().innerText()).trim();
  await shown.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'Partner G' }).click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByRole('heading', { level: 1, name: 'Edit Passcode' }).waitFor();
  const name = main(page).getByLabel('Name');
  expect(await name.inputValue()).toBe('Partner G');
  expect(await page.content()).not.toContain(secret);
  await name.fill('Partner G2');
  await page.getByRole('button', { name: 'Forever' }).click();
  await page.getByRole('button', { name: 'Update' }).click();
  await page.getByRole('heading', { level: 1, name: 'Partner G2' }).waitFor();
  await main(page).getByText('Active').first().waitFor();
  expect(await status(secret)).toBe(200);
});

test('r34 Delete names what happens, offers Disable first for one in use, and the next request is refused', async () => {
  const { page, shown } = await generate('Partner H');
  const secret = (await shown.locator('[data-secret]').first().innerText()).trim();
  await shown.getByRole('button', { name: 'Done' }).click();
  expect(await status(secret)).toBe(200);
  await page.getByRole('link', { name: 'Partner H' }).click();
  await expect
    .poll(
      async () => {
        await page.reload();
        await page.getByRole('heading', { level: 1, name: 'Partner H' }).waitFor();
        return main(page).getByText('just now').count();
      },
      { timeout: 15_000 },
    )
    .toBeGreaterThan(0);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog(page).getByText('Somebody uses it').waitFor();
  const remove = dialog(page).getByRole('button', { name: 'Delete passcode' });
  expect(await remove.isDisabled()).toBe(true);
  await dialog(page)
    .getByRole('button', { name: /Disable it first/ })
    .click();
  await dialog(page).getByRole('button', { name: 'Disable passcode' }).click();
  await main(page).getByText('Disabled').first().waitFor();
  expect(await status(secret)).toBe(401);
  await page.getByRole('button', { name: 'More actions' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await dialog(page).getByRole('button', { name: 'Delete passcode' }).click();
  await page.getByRole('heading', { level: 1, name: 'Passcodes' }).waitFor();
  expect(await page.getByRole('link', { name: 'Partner H' }).count()).toBe(0);
});

test('r38 r42 r43 r45 Settings > Users: grant, the owner reads it again, reset, revoke', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Settings', 'Users');
  const headings = await page.getByRole('columnheader').allInnerTexts();
  for (const title of ['Name', 'Role', 'Email', 'Status', 'Last login', 'Passcode status']) {
    expect(headings).toContain(title);
  }
  const row = page.getByRole('row', { name: /Cem Example/ });
  await row.getByText('None').waitFor();
  await row.getByRole('checkbox').check();
  const tools = page.getByRole('toolbar', { name: 'User passcode' });
  await tools.getByRole('button', { name: 'Grant' }).click();
  await dialog(page).getByRole('button', { name: 'Grant' }).click();
  await dialog(page).getByText('Say how long it is good for.').waitFor();
  await dialog(page).getByRole('button', { name: '90 days' }).click();
  await dialog(page).getByRole('button', { name: 'Grant' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await row.getByText('Active', { exact: true }).nth(1).waitFor();

  const reveal = async () => {
    await menu(page, 'Settings', 'Project');
    const own = page.getByRole('region', { name: 'Your user passcode' });
    await own.getByRole('button', { name: 'Reveal' }).click();
    const secret = (await own.locator('[data-secret]').first().innerText()).trim();
    await own.getByRole('button', { name: 'Hide' }).click();
    return secret;
  };
  const first = await reveal();
  expect(await status(first)).toBe(200);
  expect(await reveal()).toBe(first);

  await menu(page, 'Settings', 'Users');
  await row.getByRole('checkbox').check();
  await tools.getByRole('button', { name: 'Reset Passcode' }).click();
  await dialog(page).getByRole('button', { name: 'Reset Passcode' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  expect(await status(first)).toBe(401);
  const second = await reveal();
  expect(await status(second)).toBe(200);

  await menu(page, 'Settings', 'Users');
  await row.getByRole('checkbox').check();
  await tools.getByRole('button', { name: 'Revoke' }).click();
  const sure = dialog(page).getByRole('checkbox');
  await dialog(page).getByText('Who would notice').or(dialog(page).getByText('Somebody uses it')).waitFor();
  if (await sure.isVisible()) await sure.check();
  await dialog(page).getByRole('button', { name: 'Revoke user passcode' }).click();
  await dialog(page).waitFor({ state: 'detached' });
  await row.getByText('None').waitFor();
  expect(await status(second)).toBe(401);
  await menu(page, 'Settings', 'Project');
  await page.getByText(/You have none. An admin grants a user passcode/).waitFor();
});

test('keys that are none, sent with this account’s id, are told by their cause, and each has its row', async () => {
  const wrong = `${preset.secret.slice(0, -1)}${preset.secret.endsWith('A') ? 'B' : 'A'}`;
  for (let sent = 0; sent < 3; sent++) expect(await status(wrong)).toBe(401);
  for (let sent = 0; sent < 2; sent++) expect(await status('let-me-in')).toBe(401);
  // Whoever knows no account's id is nobody's.
  const nobody = { 'X-CleverTap-Account-Id': 'AAA-AAA-AAAA', 'X-CleverTap-Passcode': 'let-me-in' };
  expect(await call(probe, nobody)).toBe(401);

  const page = await as(preset.admin);
  await menu(page, 'Safety', 'Hygiene');
  const none = page.getByRole('region', { name: 'Keys that are none' });
  const counted = none
    .getByRole('row', { name: /^A typing error, or something cut off 3 \d{4}-\d\d-\d\d$/ })
    .or(none.getByRole('row', { name: /^Not the shape of a key at all 2 \d{4}-\d\d-\d\d$/ }));
  await expect
    .poll(
      async () => {
        await page.reload();
        await page.getByRole('region', { name: 'Passcodes to look at' }).waitFor();
        return counted.count();
      },
      { timeout: 30_000 },
    )
    .toBe(2);
  await none.getByRole('link', { name: 'Requests' }).click();
  await page.getByRole('heading', { level: 1, name: 'Requests' }).waitFor();
  // Those that name no key: a deleted one's, or a replaced secret's, do.
  const row = main(page).getByRole('row', { name: /profile\.json invalid_credentials –/ });
  await expect.poll(() => row.count()).toBe(5);
  await row.first().getByRole('button').click();
  await dialog(page).getByText('malformed').waitFor();
  expect(await dialog(page).innerText()).not.toContain('let-me-in');
});
