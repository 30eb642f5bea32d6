import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, demo, dialog, leave, main, menu } from './browser';

const preset = demo.presets.clevertap;

afterEach(leave);

interface Settings {
  mail: Record<string, boolean>;
  expiry_days: number[];
  time_zone: string;
  own: { mail?: Record<string, boolean>; limit_percents?: number[] | null };
}

test('what an account is told is chosen on its page, and only what was chosen is kept', async () => {
  const account = await accountOf('clevertap');
  const settings = () => api<Settings>('GET', `/v1/accounts/${account}/notice-settings`);
  const page = await as(preset.admin);
  await menu(page, 'Watch', 'Notices');
  await page.getByRole('tab', { name: 'For this account' }).click();
  await page.getByLabel('A key was revoked or deleted').check({ force: true });
  await page.getByRole('combobox', { name: 'Days before a key ends' }).fill('60');
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Time zone' }).fill('Europe/Berlin');
  await page.getByRole('option', { name: 'Europe/Berlin' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The account’s settings are saved.').waitFor();
  const kept = await settings();
  expect([kept.mail['key.revoked'], kept.time_zone]).toEqual([true, 'Europe/Berlin']);
  expect([...kept.expiry_days].sort((a, b) => b - a)).toEqual([60, 30, 7, 1]);
  expect(kept.own.mail).toEqual({ 'key.revoked': true });
  expect(kept.own.limit_percents ?? null).toBeNull();

  await page.getByRole('combobox', { name: 'Days before a key ends' }).fill('900');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save' }).click();
  await main(page).getByRole('alert').waitFor();
  expect((await settings()).expiry_days).toEqual(kept.expiry_days);
});

test('a person chooses when they are mailed, for every kind and for one', async () => {
  const page = await as(preset.admin, `/a/${await accountOf('clevertap')}/notices`);
  const choose = async (label: string, option: string) => {
    await page.getByRole('combobox', { name: label }).click();
    await page.getByRole('option', { name: option }).click();
  };
  await page.getByRole('tab', { name: 'For you' }).click();
  await choose('You are mailed', 'Once a day');
  await choose('Mails of: A key was made or asked for', 'Not at all');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Your choice is saved.').waitFor();
  await page.reload();
  await page.getByRole('tab', { name: 'For you' }).click();
  expect(await page.getByRole('combobox', { name: 'You are mailed' }).inputValue()).toBe('Once a day');
  const one = page.getByRole('combobox', { name: 'Mails of: A key was made or asked for' });
  expect(await one.inputValue()).toBe('Not at all');
});

test('an operator chooses for what concerns no account', async () => {
  const page = await as(demo.operator, '/me');
  const mails = page.getByRole('region', { name: 'Mails to operators' });
  await mails.getByRole('combobox', { name: 'You are mailed' }).click();
  await page.getByRole('option', { name: 'Once a day' }).click();
  await mails.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Your choice is saved.').waitFor();
  await page.reload();
  expect(await mails.getByRole('combobox', { name: 'You are mailed' }).inputValue()).toBe('Once a day');
});

test('reminders of one key’s end are snoozed, and go out again', async () => {
  const account_id = await accountOf('clevertap');
  const body = { account_id, name: 'Ends soon enough', expires: { days: 20 } };
  const made = await api<{ id: string }>('POST', '/v1/keys', body);
  const snoozed = async () => {
    const key = await api<{ snoozed_until?: string | null }>('GET', `/v1/keys/${made.id}`);
    return key.snoozed_until ?? null;
  };
  const page = await as(preset.admin, `/a/${account_id}/keys/${made.id}`);
  const open = async () => {
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Snooze reminders' }).click();
  };
  await open();
  await dialog(page).getByLabel('7 days').check();
  await dialog(page).getByRole('button', { name: 'Snooze', exact: true }).click();
  await main(page)
    .getByText(/held back until/)
    .waitFor();
  const until = new Date((await snoozed()) ?? 0).getTime();
  expect(Math.round((until - Date.now()) / 86_400_000)).toBe(7);
  await open();
  await dialog(page).getByRole('button', { name: 'Remind again' }).click();
  await main(page)
    .getByText(/held back until/)
    .waitFor({ state: 'detached' });
  expect(await snoozed()).toBeNull();
});
