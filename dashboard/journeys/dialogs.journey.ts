// The dialogs and what they lead to, as pages are looked at: nobody is shut out, nothing sticks out.
import type { Page } from 'playwright-core';
import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, demo, dialog, leave, main } from './browser';
import { faultsOf, PICTURES, picture, type Seen, settled } from './picture';

const LOOKS: Seen[] = [
  { scheme: 'light', width: 1280 },
  { scheme: 'dark', width: 390 },
  ...(PICTURES
    ? ([
        { scheme: 'dark', width: 1280 },
        { scheme: 'light', width: 390 },
      ] as const)
    : []),
];

afterEach(leave);

/** Looks at what is open, one after the other; what was found wrong is told at the end. */
function lookout({ scheme, width }: Seen) {
  const found: string[] = [];
  const look = async (page: Page, name: string, within: '[role="dialog"]' | 'html' = '[role="dialog"]') => {
    await expect.poll(() => page.getByLabel('Loading').filter({ visible: true }).count()).toBe(0);
    const whole = `dialog-${name}-${scheme}-${width}`;
    await picture(page, whole, within === 'html');
    found.push(...(await faultsOf(page, whole, within)));
  };
  return { found, look };
}

/** What moves would be pictured half way. */
async function still(...args: Parameters<typeof as>): Promise<Page> {
  const page = await as(...args);
  await page.emulateMedia({ reducedMotion: 'reduce', colorScheme: args[2]?.scheme });
  return page;
}

const close = async (page: Page) => {
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
};

const press = (page: Page, name: string) => main(page).getByRole('button', { name, exact: true }).first().click();

for (const seen of LOOKS) {
  const called = `${seen.scheme}, ${seen.width} wide`;

  test(`dialogs of a key: ${called}`, { timeout: 120_000 }, async () => {
    const { found, look } = lookout(seen);
    const preset = demo.presets.clickyid;
    const account = await accountOf('clickyid');
    const page = await still(preset.admin, `/a/${account}/keys`, seen);
    await press(page, 'Create API key');
    await dialog(page).getByRole('button', { name: 'More settings' }).click();
    await dialog(page).getByRole('switch', { name: 'Hand it over by a link' }).click();
    await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
    await dialog(page)
      .getByText(/Name it after the program/)
      .waitFor();
    await look(page, 'create-wrong');
    await dialog(page).getByRole('switch', { name: 'Hand it over by a link' }).click();
    await dialog(page).getByLabel('Name').fill(`Looked at, ${called}`);
    await dialog(page)
      .getByRole('checkbox', { name: /validate:offers/ })
      .check();
    await look(page, 'create');
    await dialog(page).getByRole('button', { name: 'Create', exact: true }).click();
    await dialog(page).getByRole('button', { name: 'Done' }).waitFor();
    await look(page, 'secret');
    const secret = (await dialog(page).locator('[data-secret]').first().innerText()).trim();
    await dialog(page).getByRole('button', { name: 'Done' }).click();

    const authorization = `Bearer ${secret}`;
    expect(await call(`${preset.base_url}/offers`, { authorization })).toBe(200);
    await page.getByRole('link', { name: `Looked at, ${called}` }).click();
    await page.getByRole('heading', { level: 1, name: `Looked at, ${called}` }).waitFor();
    const usage = page.getByRole('region', { name: 'Usage' });
    await expect
      .poll(
        async () => {
          await page.reload();
          await usage.getByRole('img').or(usage.getByText('No requests in this time.')).first().waitFor();
          return usage.getByText('1 request within 30 days.').count();
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    await press(page, 'More actions');
    await page.getByRole('menuitem', { name: 'Revoke' }).click();
    await dialog(page)
      .getByText(/^From: /)
      .waitFor();
    await look(page, 'revoke');
    await close(page);
    await press(page, 'More actions');
    await page.getByRole('menuitem', { name: 'Snooze reminders' }).click();
    await dialog(page).getByRole('radio', { name: '14 days' }).waitFor();
    await look(page, 'snooze');
    await close(page);
    await press(page, 'Rotate');
    await dialog(page).getByText('Both work until then.').waitFor();
    await look(page, 'rotate');
    await dialog(page).getByRole('button', { name: 'Rotate' }).click();
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await main(page).getByRole('heading', { name: 'Rotation under way' }).waitFor();
    await look(page, 'rotating', 'html');

    await page.getByRole('link', { name: 'Edit' }).click();
    await main(page)
      .getByRole('checkbox', { name: /validate:target-groups/ })
      .check();
    await main(page)
      .getByRole('checkbox', { name: /validate:offers/ })
      .uncheck();
    await press(page, 'Save');
    await page.getByRole('dialog', { name: 'It is in use' }).waitFor();
    await look(page, 'narrowed');
    expect(found).toEqual([]);
  });

  test(`dialogs about people and programs: ${called}`, { timeout: 120_000 }, async () => {
    const { found, look } = lookout(seen);
    const account = await accountOf('clickyid');
    const page = await still(demo.presets.clickyid.admin, `/a/${account}/people`, seen);
    await press(page, 'Add a person');
    await dialog(page).getByLabel('E-mail').fill(`${seen.scheme}${seen.width}@example.com`);
    await look(page, 'person');
    await dialog(page).getByLabel('Name').fill(`Jo ${called}`);
    await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
    await dialog(page).getByRole('button', { name: 'Done' }).waitFor();
    await look(page, 'person-added');
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await press(page, `Actions for Jo ${called}`);
    await page.getByRole('menuitem', { name: 'Change the role' }).click();
    await dialog(page).getByRole('combobox', { name: 'Role' }).waitFor();
    await look(page, 'role');
    await close(page);
    await page.getByRole('tab', { name: 'Roles' }).click();
    await press(page, 'Make a role');
    await dialog(page).getByLabel('Name').waitFor();
    await look(page, 'own-role');
    await close(page);
    await look(page, 'roles', 'html');
    const { items } = await api<{ items: { id: string; name: string }[] }>('GET', `/v1/accounts/${account}/people`);
    const admin = items.find((one) => one.name === 'Eve Example');
    await page.goto(`/a/${account}/people/${admin?.id}/remove`);
    await press(page, 'Rotate all');
    await page.getByRole('combobox', { name: 'While programs change over' }).waitFor();
    await look(page, 'leaver', 'html');

    await page.goto(`/a/${account}/webhooks`);
    await press(page, 'Add a webhook');
    await dialog(page).getByRole('switch', { name: 'Told of everything' }).click();
    await dialog(page).getByLabel('URL').fill('https://example.com/hooks/keyward');
    await dialog(page).getByRole('checkbox').first().check();
    await look(page, 'webhook');
    await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
    await dialog(page).getByRole('button', { name: 'Done' }).waitFor();
    await look(page, 'webhook-secret');
    await dialog(page).getByRole('button', { name: 'Done' }).click();
    await page.getByRole('link', { name: 'https://example.com/hooks/keyward' }).first().click();
    await settled(page);
    await look(page, 'webhook-page', 'html');
    await press(page, 'Delete');
    await dialog(page).getByRole('button', { name: 'Delete webhook' }).click();
    await page.getByRole('heading', { level: 1, name: 'Webhooks' }).waitFor();

    await page.goto(`/a/${account}/automation`);
    await press(page, 'Make a management key');
    await dialog(page).getByLabel('Name').fill(`Pipeline, ${called}`);
    await dialog(page).getByRole('checkbox', { name: 'keys.read' }).check();
    await expect.poll(() => dialog(page).getByRole('button', { name: 'Make it' }).isEnabled()).toBe(true);
    await look(page, 'management-key');
    await close(page);
    await page.goto(`/a/${account}/notices`);
    for (const tab of ['For this account', 'For you']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('button', { name: 'Save' }).waitFor();
      await look(page, tab === 'For you' ? 'notices-own' : 'notices-account', 'html');
    }
    expect(found).toEqual([]);
  });

  test(`dialogs of operators, personal keys and the log: ${called}`, { timeout: 120_000 }, async () => {
    const { found, look } = lookout(seen);
    const page = await still(demo.operator, '/deployment/operators', seen);
    await press(page, 'Add an operator');
    await dialog(page).getByLabel('Name').waitFor();
    await look(page, 'operator');
    await close(page);
    await press(page, 'Remove');
    await dialog(page).getByRole('button', { name: 'Remove operator' }).waitFor();
    await look(page, 'operator-removed');
    await close(page);
    await page.goto('/deployment/accounts');
    await press(page, 'Make an account');
    await dialog(page).getByLabel('Name').waitFor();
    await look(page, 'account');
    await close(page);
    await page.goto('/deployment/requests');
    await main(page).getByRole('button', { name: /^GET / }).first().click();
    await dialog(page).getByText('Request id').waitFor();
    await look(page, 'request');
    await close(page);
    if (seen.width < 800) {
      await page.getByRole('button', { name: 'Open the menu' }).click();
      await dialog(page).getByRole('link', { name: 'Accounts' }).waitFor();
      await look(page, 'menu');
      await close(page);
    }

    const { clevertap } = demo.presets;
    const other = await still(clevertap.admin, `/a/${await accountOf('clevertap')}/people`, seen);
    await other.getByRole('checkbox', { name: 'Select Cem Example' }).check();
    await look(other, 'personal', 'html');
    await other.getByRole('toolbar').getByRole('button').first().click();
    await dialog(other).getByRole('group', { name: 'Good for' }).waitFor();
    await look(other, 'grant');
    expect(found).toEqual([]);
  });
}
