import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, clipboard, demo, dialog, leave, main, menu } from './browser';

const preset = demo.presets.codat;
const status = (header: string) => call(`${preset.base_url}/companies`, { authorization: header });
const basic = (secret: string) => `Basic ${Buffer.from(secret).toString('base64')}`;

afterEach(leave);

test('r87 r97 Developers > API keys exists, and the first key is there to be picked up', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Developers', 'API keys');
  const row = page.getByRole('row').nth(1);
  await row.getByRole('button', { name: /Reveal/ }).click();
  await row.getByText(preset.secret).waitFor();
});

test('r84 r85 r88 two columns, key and header, revealed on demand, each with its copy button', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Developers', 'API keys');
  const headings = await page.getByRole('columnheader').allInnerTexts();
  expect(headings).toEqual(expect.arrayContaining(['API key', 'Authorization header']));
  expect(await page.content()).not.toContain(preset.secret);
  const row = page.getByRole('row').nth(1);
  await row.getByRole('button', { name: /Reveal/ }).click();
  await row.getByRole('button', { name: /Copy key of/ }).click();
  const secret = await clipboard(page);
  expect(secret).toBe(preset.secret);
  await row.getByRole('button', { name: /Copy authorization header of/ }).click();
  const header = await clipboard(page);
  expect(header).toBe(basic(secret));
  expect(await status(header)).toBe(200);
  await row.getByRole('button', { name: 'Hide' }).click();
  expect(await page.content()).not.toContain(secret);
  const seen = await api<{ items: unknown[] }>(
    'GET',
    `/v1/audit?action=key.revealed&account_id=${await accountOf('codat')}`,
  );
  expect(seen.items.length).toBeGreaterThan(0);
});

test('r90 r91 the dashboard asks for a name, and that is what tracks its use', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Developers', 'API keys');
  await page.getByRole('button', { name: 'Create API key' }).click();
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page)
    .getByText(/Name it after the program/)
    .waitFor();
  await dialog(page).getByLabel('Name').fill('Nightly import');
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  expect(await status(basic(secret))).toBe(200);
  const row = page.getByRole('row', { name: /Nightly import/ });
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

test('r89 r101 deleting says what it does; the last key stays, and the page says why', async () => {
  const page = await as(preset.admin);
  await menu(page, 'Developers', 'API keys');
  const remove = async (name: string | RegExp) => {
    await page.getByRole('row').getByRole('link', { name }).first().click();
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
  };
  await remove('Nightly import');
  const sure = dialog(page).getByRole('checkbox');
  await dialog(page).getByText('Who would notice').or(dialog(page).getByText('Somebody uses it')).waitFor();
  if (await sure.isVisible()) await sure.check();
  await dialog(page)
    .getByText(/refused like an unknown one, for good/)
    .waitFor();
  await dialog(page).getByRole('button', { name: 'Delete API key' }).click();
  await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
  expect(await page.getByRole('link', { name: 'Nightly import' }).count()).toBe(0);
  await remove(/./);
  await dialog(page)
    .getByRole('alert')
    .getByText(/The last API key can't be deleted/)
    .waitFor();
  expect(await dialog(page).getByRole('button', { name: 'Delete API key' }).isDisabled()).toBe(true);
  expect(await status(basic(preset.secret))).toBe(200);
});

test('r96 r99 who may not see keys finds no page of them; the menu has what one may', async () => {
  const account = await accountOf('codat');
  const people = await api<{ items: { email: string; role: string }[] }>('GET', `/v1/accounts/${account}/people`);
  expect(people.items.find((person) => person.email === 'hana@example.com')?.role).not.toBe('administrator');
  const page = await as(preset.admin);
  await menu(page, 'Account', 'People');
  await page.getByRole('tab', { name: 'Roles' }).click();
  await main(page).getByText('Creates, views, copies and deletes API keys.').waitFor();
});
