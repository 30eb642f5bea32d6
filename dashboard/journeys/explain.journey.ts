import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, demo, dialog, kept, leave, main, menu } from './browser';

const preset = demo.presets.clickyid;

afterEach(leave);

interface Made {
  id: string;
  secret: string;
}

async function key(name: string): Promise<Made> {
  const account_id = await accountOf('clickyid');
  return api('POST', '/v1/keys', { account_id, name, scopes: ['validate:target-groups'] });
}

const command = (path: string, secret: string) =>
  `curl -sS '${preset.base_url}${path}' \\\n  -H 'Authorization: Bearer ${secret}' | jq .`;

test('a pasted command is explained check by check, and its secret is gone afterwards', async () => {
  const made = await key('Explained');
  const page = await as(preset.admin);
  await menu(page, 'Safety', 'Explain a request');
  const field = page.getByLabel('A curl command, or a request id');
  const explain = async (path: string) => {
    await field.fill(command(path, made.secret));
    await page.getByText('What follows | is not looked at.').waitFor();
    await page.getByRole('button', { name: 'Explain', exact: true }).click();
  };

  await explain('/offers');
  await page.getByText('It is refused: 403, insufficient_scope').waitFor();
  await main(page)
    .getByText(/Add the scope on the key’s edit page/)
    .waitFor();
  await page.getByRole('row', { name: /Route and scopes.*validate:offers.* failed/ }).waitFor();
  await page.getByRole('row', { name: /^Key .* passed/ }).waitFor();
  const found = page.getByRole('region', { name: 'What was found' });
  await found.getByText(made.id, { exact: true }).waitFor();
  expect(await found.getByRole('link', { name: 'Explained' }).getAttribute('href')).toContain(`/keys/${made.id}`);
  await found.getByRole('button', { name: 'Copy key id' }).waitFor();
  expect(await field.inputValue()).toBe('');
  expect(await kept(page)).not.toContain(made.secret);

  await explain('/target-groups');
  await page.getByText('It is let in').waitFor();
  await page.getByText('1,000 of 1,000').waitFor();
  expect(await kept(page)).not.toContain(made.secret);
  await field.fill(command('/offers', '$CLICKYID_API_KEY'));
  await page.getByText(/^\$CLICKYID_API_KEY is in single quotes/).waitFor();
});

test('what is no command says why, and nothing is sent', async () => {
  const page = await as(preset.admin, `/a/${await accountOf('clickyid')}/explain`);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.getByLabel('A curl command, or a request id').fill("curl 'https://never.closed.example");
  await page.getByRole('button', { name: 'Explain', exact: true }).click();
  await page.getByText(/is opened and never closed/).waitFor();
  expect(asked.filter((path) => path.startsWith('/v1/explain'))).toEqual([]);
});

test('a request that was refused is explained from its row', async () => {
  const made = await key('Looked up');
  const authorization = `Bearer ${made.secret}`;
  await api('POST', `/v1/keys/${made.id}/disable`);
  expect(await call(`${preset.base_url}/target-groups`, { authorization })).toBe(401);
  await api('POST', `/v1/keys/${made.id}/enable`);
  const page = await as(preset.admin, `/a/${await accountOf('clickyid')}/requests?key=${made.id}`);
  const row = main(page).getByRole('button', { name: /^GET .*\/target-groups$/ });
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Read again' }).click();
        return row.count();
      },
      { timeout: 10_000 },
    )
    .toBe(1);
  await row.click();
  await dialog(page).getByRole('link', { name: 'Explain it: see each check' }).click();
  await page.getByRole('heading', { level: 1, name: 'Explain a request' }).waitFor();
  await page.getByText('It was refused: 401, key_disabled').waitFor();
  await main(page)
    .getByText(/Enable the key on its page/)
    .waitFor();
  const checks = page.getByRole('region', { name: 'Checks at that time' });
  await checks.getByRole('row', { name: /^State The key was disabled\. failed$/ }).waitFor();
  await checks.getByRole('row', { name: /^Key .* passed$/ }).waitFor();
  await checks.getByRole('row', { name: /^Limit .* not looked at$/ }).waitFor();
});
