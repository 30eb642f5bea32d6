// The keyboard is never nowhere, and nothing that was written is lost.
import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, demo, dialog, leave, main, visit } from './browser';

const preset = demo.presets.clickyid;

afterEach(leave);

/** What the keyboard is on, by its name. */
function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const element = document.activeElement;
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.innerText : undefined;
    return element?.getAttribute('aria-label') ?? label ?? element?.textContent ?? '';
  });
}

async function press(page: Page, name: string): Promise<void> {
  await main(page).getByRole('button', { name, exact: true }).focus();
  await page.keyboard.press('Enter');
}

async function key(name: string): Promise<string> {
  const account_id = await accountOf('clickyid');
  const made = await api<{ id: string }>('POST', '/v1/keys', { account_id, name, scopes: ['validate:offers'] });
  return `/a/${account_id}/keys/${made.id}`;
}

test('the keyboard goes back to what opened a dialog, however that closes', async () => {
  const page = await as(preset.admin, await key('Left and come back to'));
  await press(page, 'More actions');
  await page.getByRole('menuitem', { name: 'Revoke' }).focus();
  await page.keyboard.press('Enter');
  await dialog(page).getByRole('button', { name: 'Revoke API key' }).waitFor();
  await page.keyboard.press('Escape');
  await expect.poll(() => focused(page)).toBe('More actions');

  await press(page, 'Rotate');
  await dialog(page).getByRole('button', { name: 'Cancel' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe('Rotate');

  // What opened it is gone once the deed is done: then the page has the keyboard.
  await press(page, 'More actions');
  await page.getByRole('menuitem', { name: 'Disable' }).focus();
  await page.keyboard.press('Enter');
  await dialog(page).getByRole('button', { name: 'Disable API key' }).click();
  await main(page).getByRole('button', { name: 'Enable' }).waitFor();
  await expect.poll(() => focused(page)).toBe('More actions');

  await page.goto(`/a/${await accountOf('clickyid')}/keys`);
  await press(page, 'Create API key');
  await dialog(page).getByLabel('Name').fill('Made and done with');
  await dialog(page).getByRole('checkbox').first().check();
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).focus();
  await page.keyboard.press('Enter');
  await dialog(page).getByRole('button', { name: 'Done' }).waitFor();
  await expect.poll(() => dialog(page).evaluate((element) => element.contains(document.activeElement))).toBe(true);
  await dialog(page).getByRole('button', { name: 'Done' }).focus();
  await page.keyboard.press('Enter');
  await expect.poll(() => focused(page)).toBe('Create API key');
});

test('a form that is refused keeps what was written, and goes to the first field at fault', async () => {
  const account = await accountOf('clickyid');
  const page = await as(preset.admin, `/a/${account}/keys`);
  await press(page, 'Create API key');
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await expect.poll(() => focused(page)).toMatch(/^Name/);
  await dialog(page).getByLabel('Name').fill('Too little');
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page).getByText('Choose at least one: without a scope it could do nothing.').waitFor();
  await expect.poll(() => focused(page)).toMatch(/^validate:target-groups/);
  await page.keyboard.press('Space');
  await dialog(page)
    .getByRole('textbox', { name: /^Limit/ })
    .fill('0');
  await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
  await dialog(page).getByText('See what is marked.').waitFor();
  await expect.poll(() => focused(page)).toMatch(/^Limit/);
  expect(await dialog(page).getByLabel('Name').inputValue()).toBe('Too little');

  await page.goto(`/a/${account}/people`);
  await press(page, 'Add a person');
  await dialog(page).getByLabel('Name').fill('Eve, again');
  await dialog(page).getByLabel('E-mail').fill(preset.admin.email);
  await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
  await dialog(page).getByText('Another person of this account has this address.').waitFor();
  await expect.poll(() => focused(page)).toBe('Add');
  expect(await dialog(page).getByLabel('Name').inputValue()).toBe('Eve, again');

  await page.goto(`/a/${account}/policy`);
  await page.getByLabel('Most days until a key ends').fill('99999');
  await press(page, 'Save');
  await main(page).getByText('See what is marked.').waitFor();
  expect(await page.getByLabel('Most days until a key ends').inputValue(), 'no other number is saved unasked').toBe(
    '99999',
  );
});

test('whoever may not sign in is told so beside the keyboard', async () => {
  const page = await visit();
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill('nobody@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill('not this one');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await expect.poll(() => focused(page)).toMatch(/^Password/);
  expect(await page.getByLabel('E-mail').inputValue()).toBe('nobody@example.com');
});

test('what is written into a key is not lost when somebody else changes it meanwhile', async () => {
  const path = await key('Changed twice');
  const page = await as(preset.admin, `${path}/edit`);
  await main(page).getByLabel('Name').fill('Written here');
  await api('POST', `/v1/keys/${path.split('/').at(-1)}/disable`);
  await press(page, 'Save');
  await main(page).getByText('Somebody else was quicker').waitFor();
  await main(page).getByText('It was changed meanwhile').waitFor();
  expect(await main(page).getByLabel('Name').inputValue()).toBe('Written here');
  await press(page, 'Begin anew with what it is now');
  expect(await main(page).getByLabel('Name').inputValue()).toBe('Changed twice');
  await main(page).getByLabel('Name').fill('Written once more');
  await press(page, 'Save');
  await page.getByRole('heading', { level: 1, name: 'Written once more' }).waitFor();
  await main(page).getByText('Disabled').first().waitFor();
});

test('who runs no deployment is not led to its pages', async () => {
  const page = await as(preset.admin, '/deployment/operators');
  await page.getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
});
