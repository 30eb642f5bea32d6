// A deployment of one's own: set up from its console's link, with a preset that nobody here has seen.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { dialog, leave, main, menu, visit } from './browser';
import { ended, firstLine } from './world';

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

let program: ChildProcess;
let folder: string;
let origin: string;
let link: string;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keyward-fourth-'));
  const [gateway, control, auth] = [await freePort(), await freePort(), await freePort()];
  origin = `http://127.0.0.1:${control}`;
  await mkdir(join(folder, 'forge'));
  await writeFile(join(folder, 'forge', 'preset.toml'), PRESET);
  await writeFile(
    join(folder, 'keyward.toml'),
    `data_dir = "data"
[listen]
gateway = "127.0.0.1:${gateway}"
control = "127.0.0.1:${control}"
auth = "127.0.0.1:${auth}"
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
  );
  const args = ['serve', '--config', join(folder, 'keyward.toml')];
  const options = { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] as ['ignore', 'pipe', 'pipe'] };
  const made = spawn(inject('program'), ['init', '--config', join(folder, 'keyward.toml')], options);
  await new Promise((resolve) => made.once('exit', resolve));
  program = spawn(inject('program'), args, options);
  link = (await firstLine(program, 'stderr', /\/setup#/)).trim();
});

afterAll(async () => {
  await ended(program);
  await rm(folder, { recursive: true, force: true });
});

afterEach(leave);

test('r58 the first operator sets up; a fourth preset shows its own words; test keys are “not offered yet”', async () => {
  const page = await visit({ origin });
  await page.goto(link);
  await page.getByRole('heading', { name: 'Set up Keyward' }).waitFor();
  await page.getByLabel('Your name').fill('Ada Example');
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByRole('textbox', { name: 'New password' }).fill('wrenches of a quiet town');
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
