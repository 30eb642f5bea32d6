// A deployment of one's own: set up from its console's link, with a preset that nobody here has seen.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { dialog, leave, main, menu, visit } from './browser';
import { type Deployment, deploy } from './deployment';
import { type Provider, provider } from './provider';

const PRESET = `
schemes = ["bearer"]
environments = ["live", "test"]
[keys.account]
prefix = "sk_{environment}_"
letters = 60
naming = "required"
[words]
section = "Workshop"
keys_page = "Wrenches"
key = "wrench"
keys = "wrenches"
new_key = "Forge a wrench"
new_key_title = "Forge"
create = "Strike"
secret = "Wrench"
done = "Hang it up"
active = "Sharp"
save_notice = "Take this wrench now."
account_section = "Office"
account_page = "Nameplate"
people_page = "Smiths"
[roles.master]
title = "Master smith"
description = "Everything in the workshop."
permissions = ["*"]
`;

/** The first operator. */
const ADA = { email: 'ada@example.com', password: 'wrenches of a quiet town' };
const HOUR_S = 3_600;

let own: Deployment;
let identities: Provider;

beforeAll(async () => {
  identities = await provider(ADA.email);
  own = await deploy(
    inject('program'),
    `[sign_in.sso.company]
title = "Example Inc."
issuer = "${identities.issuer}"
client_id = "keyward"
client_secret = "what-the-provider-gave"
[apis.forge]
preset = "./forge"
prefixes = ["/forge"]
upstream = "http://127.0.0.1:9"
test_upstream = "same"
[apis.tickets]
preset = "clickyid"
prefixes = ["/tickets"]
environments = ["live"]
upstream = "http://127.0.0.1:9"
`,
    async (folder) => {
      await mkdir(join(folder, 'forge'));
      await writeFile(join(folder, 'forge', 'preset.toml'), PRESET);
    },
  );
});

afterAll(async () => {
  await own.end();
  await identities.close();
});

afterEach(leave);

test('r58 the first operator sets up; a fourth preset shows its own words; test keys are “not offered yet”', async () => {
  const page = await visit({ origin: own.control });
  await page.goto(own.link);
  await page.getByRole('heading', { name: 'Set up Keyward' }).waitFor();
  await page.getByLabel('Your name').fill('Ada Example');
  await page.getByLabel('E-mail').fill(ADA.email);
  await page.getByRole('textbox', { name: 'New password' }).fill(ADA.password);
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByText('No accounts yet').waitFor();

  const account = async (api: string, name: string) => {
    await page.getByRole('button', { name: 'Make an account' }).first().click();
    await dialog(page).getByRole('combobox', { name: 'API' }).click();
    await page.getByRole('option', { name: api }).click();
    await dialog(page).getByLabel('Name').fill(name);
    await dialog(page).getByRole('button', { name: 'Make it' }).click();
  };
  await account('forge', 'Old Forge');
  await page.getByRole('heading', { level: 1, name: 'Wrenches' }).waitFor();
  await page.getByText('No wrenches yet').waitFor();
  await page.getByRole('button', { name: 'Forge a wrench' }).first().click();
  await page.getByRole('dialog', { name: 'Forge' }).getByLabel('Name').fill('Number 12');
  await dialog(page).getByRole('button', { name: 'Strike' }).click();
  await dialog(page).getByRole('button', { name: 'Copy Wrench' }).waitFor();
  await dialog(page).getByText('Take this wrench now.').waitFor();
  await dialog(page).getByRole('button', { name: 'Hang it up' }).click();
  await page.getByRole('row', { name: /Number 12.*Sharp/ }).waitFor();
  await menu(page, 'Office', 'Smiths');
  await page.getByRole('tab', { name: 'Roles' }).click();
  await main(page).getByText('Master smith').waitFor();
  await menu(page, 'Office', 'Nameplate');

  await menu(page, 'Deployment', 'Accounts');
  await account('tickets', 'Tickets Only Live');
  await page.getByText('No API keys yet').waitFor();
  await page.getByRole('button', { name: 'Create API key' }).first().click();
  await dialog(page).getByText('Test keys are not offered yet.').waitFor();
  expect(await dialog(page).getByRole('radio', { name: 'Test' }).isDisabled()).toBe(true);
  expect(await dialog(page).getByRole('radio', { name: 'Live' }).isChecked()).toBe(true);
});

/** Signs in with the provider, which asked who they are an hour ago. */
async function byProvider(): Promise<Page> {
  identities.askedAgo = HOUR_S;
  const page = await visit({ origin: own.control, also: identities.issuer });
  await page.goto('/sign-in');
  await page.getByRole('link', { name: 'Go on with Example Inc.' }).click();
  await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor();
  return page;
}

async function addOperator(page: Page, name: string): Promise<void> {
  await menu(page, 'Deployment', 'Operators');
  await page.getByRole('button', { name: 'Add an operator' }).click();
  await dialog(page).getByLabel('Name').fill(name);
  await dialog(page).getByLabel('E-mail').fill(`${name.toLowerCase()}@example.com`);
  await dialog(page).getByRole('button', { name: 'Add', exact: true }).click();
}

test('a provider’s button signs in; who it asked long ago proves anew who they are', async () => {
  const page = await byProvider();
  const proof = page.getByRole('dialog', { name: 'Is it still you?' });
  await addOperator(page, 'Bea');
  await proof.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog', { name: 'Add an operator' }).getByRole('alert').waitFor();
  await page.reload();
  await page.getByRole('row', { name: /Ada/ }).waitFor();
  expect(await page.getByRole('row', { name: /Bea/ }).count()).toBe(0);

  await addOperator(page, 'Bea');
  await proof.getByRole('textbox', { name: 'Password' }).fill('not the password at all');
  await proof.getByRole('button', { name: 'Go on' }).click();
  await proof.getByRole('alert').waitFor();
  await proof.getByRole('textbox', { name: 'Password' }).fill(ADA.password);
  await proof.getByRole('button', { name: 'Go on' }).click();
  await proof.waitFor({ state: 'detached' });
  await dialog(page).getByRole('button', { name: 'Copy Link to hand over' }).waitFor();
  await dialog(page).getByRole('button', { name: 'Done' }).click();
  await page.getByRole('row', { name: /Bea/ }).waitFor();
});

test('whoever signs in by a provider proves themselves by it too', async () => {
  const page = await byProvider();
  await addOperator(page, 'Cy');
  await page.getByRole('link', { name: 'Or sign in again with Example Inc.' }).click();
  await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor();
  await addOperator(page, 'Cy');
  await dialog(page).getByRole('button', { name: 'Copy Link to hand over' }).waitFor();
});
