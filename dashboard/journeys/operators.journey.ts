import { afterEach, expect, test } from 'vitest';
import { api, as, call, demo, leave, main, menu } from './browser';

afterEach(leave);

interface Status {
  decided: number;
  stored: number;
  under_way: number;
  dropped: { records: number }[];
}

test('usage of every account: by API, then its routes and the busiest accounts', async () => {
  const preset = demo.presets.clickyid;
  expect(await call(`${preset.base_url}/target-groups`, { authorization: `Bearer ${preset.secret}` })).toBe(200);
  const page = await as(demo.operator);
  await menu(page, 'All accounts', 'All usage');
  const apis = page.getByRole('region', { name: 'APIs' });
  const asked = apis.getByRole('row', { name: /^clickyid \d+(?:\.\d)? % [1-9]/ });
  await expect
    .poll(
      async () => {
        await page.reload();
        await apis.getByRole('row', { name: /^clickyid (?:–|\d)/ }).waitFor();
        return asked.count();
      },
      { timeout: 20_000 },
    )
    .toBe(1);
  await apis.getByRole('button', { name: 'clickyid' }).click();
  await page
    .getByRole('region', { name: 'Routes' })
    .getByRole('row', { name: /\/target-groups/ })
    .waitFor();
  const accounts = page.getByRole('region', { name: 'Accounts' });
  await accounts.getByRole('link').first().click();
  await main(page).getByRole('heading', { level: 1, name: 'API keys' }).waitFor();
});

test('requests of every account, by API and refused ones alone', async () => {
  expect(await call(`${demo.presets.demo.base_url}/hello`, { authorization: 'Bearer kw_live_nobody' })).toBe(401);
  const page = await as(demo.operator);
  await menu(page, 'All accounts', 'All requests');
  await page.getByRole('combobox', { name: 'API' }).click();
  await page.getByRole('option', { name: 'demo', exact: true }).click();
  await page.getByRole('combobox', { name: 'Outcome' }).click();
  await page.getByRole('option', { name: 'Refused' }).click();
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Read again' }).click();
        return main(page).getByText('invalid_credentials').count();
      },
      { timeout: 10_000 },
    )
    .toBeGreaterThan(0);
  const row = main(page).getByRole('row').nth(1);
  const height = async () => (await row.boundingBox())?.height;
  await expect.poll(height, { message: 'where a row is follows from its number' }).toBe(48);
  await page.getByLabel('Until').fill('2020-01-01T00:00');
  await page.getByText('No requests', { exact: true }).waitFor();
});

test('health says that every decision is stored, under way or counted as dropped', async () => {
  const status = () => api<Status>('GET', '/v1/logs/status');
  await expect.poll(async () => (await status()).under_way).toBe(0);
  const page = await as(demo.operator);
  await menu(page, 'Deployment', 'Health');
  const log = page.getByRole('region', { name: 'Request log' });
  await log.getByText('Written').waitFor();
  const { decided, stored, dropped } = await status();
  expect(decided).toBe(stored + dropped.reduce((all, one) => all + one.records, 0));
  await expect.poll(() => log.locator('dl').innerText()).toContain(`Decided\n${decided.toLocaleString('en')}`);
});
