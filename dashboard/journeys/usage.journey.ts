import { afterEach, expect, test } from 'vitest';
import { accountOf, api, as, call, demo, dialog, leave, main, menu } from './browser';

const preset = demo.presets.demo;

afterEach(leave);

test('r76 r77 r79 known traffic is counted by account and by key, and each call has its row', async () => {
  const account_id = await accountOf('demo');
  const made = await api<{ id: string; secret: string }>('POST', '/v1/keys', { account_id, name: 'Counted' });
  const authorization = `Bearer ${made.secret}`;
  for (let sent = 0; sent < 7; sent++) expect(await call(`${preset.base_url}/hello`, { authorization })).toBe(200);
  await api('POST', `/v1/keys/${made.id}/disable`);
  for (let sent = 0; sent < 3; sent++) expect(await call(`${preset.base_url}/hello`, { authorization })).toBe(401);

  const page = await as(preset.admin, `/a/${account_id}/keys/${made.id}`);
  const usage = page.getByRole('region', { name: 'Usage' });
  await expect
    .poll(
      async () => {
        await page.reload();
        await usage.waitFor();
        await usage.getByRole('img').or(usage.getByText('No requests in this time.')).waitFor();
        return usage.getByRole('img', { name: /^10 requests .*, 7 of them answered well$/ }).count();
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  await usage.getByText('10 requests within 30 days.').waitFor();

  await menu(page, 'Watch', 'Usage');
  await page.getByRole('row', { name: /Counted/ }).waitFor();
  await page.getByRole('row', { name: /Refused: key_disabled/ }).waitFor();

  await page.goto(`/a/${account_id}/requests?key=${made.id}`);
  await main(page).getByText('key_disabled').first().waitFor();
  expect(
    await main(page)
      .getByRole('button', { name: /^GET .*\/hello$/ })
      .count(),
  ).toBe(10);
  await main(page)
    .getByRole('button', { name: /^GET .*\/hello$/ })
    .first()
    .click();
  await dialog(page).getByText('Request id').waitFor();
  expect(await dialog(page).innerText()).not.toContain(made.secret);
});
