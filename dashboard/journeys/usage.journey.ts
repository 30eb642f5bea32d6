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
        await usage.getByRole('img').or(usage.getByText('No requests in this time.')).first().waitFor();
        return usage.getByRole('img', { name: /^10 requests .*, 7 of them answered well$/ }).count();
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  await usage.getByText('10 requests within 30 days.').waitFor();

  // The last ones are on the key's own page, the newest first, and each opens.
  const recent = page.getByRole('region', { name: 'Recent requests' });
  await recent.getByText('key_disabled').first().waitFor();
  expect(await recent.getByRole('button', { name: /^GET .*\/hello$/ }).count()).toBe(8);
  expect(await recent.getByText('key_disabled').count()).toBe(3);
  await recent
    .getByRole('button', { name: /^GET .*\/hello$/ })
    .first()
    .click();
  await dialog(page).getByText('key_disabled').waitFor();
  expect(await dialog(page).innerText()).not.toContain(made.secret);
  await page.keyboard.press('Escape');
  await recent.getByRole('link', { name: 'All its requests' }).waitFor();

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

test('r77 usage over any stretch, by dates, by drawing across a chart, of one outcome: the address tells it all', async () => {
  const account = await accountOf('demo');
  const made = await api<{ secret: string }>('POST', '/v1/keys', { account_id: account, name: 'Stretched' });
  const authorization = `Bearer ${made.secret}`;
  for (let sent = 0; sent < 5; sent++) expect(await call(`${preset.base_url}/hello`, { authorization })).toBe(200);

  const page = await as(preset.admin, `/a/${account}/usage`);
  const chart = (name: RegExp) => main(page).getByRole('img', { name });
  const requests = chart(/^[0-9,]+ requests? from /);
  await expect
    .poll(
      async () => {
        await page.reload();
        await main(page).getByText('No requests in this time').or(requests).first().waitFor();
        return requests.count();
      },
      { timeout: 30_000 },
    )
    .toBe(1);
  await chart(/^Success rate, [0-9.]+ % over the whole stretch$/).waitFor();
  await chart(/^Response times: half within .* ms, 95 of 100 within .* ms, 99 of 100 within .* ms$/).waitFor();
  await main(page).getByText('In steps of 15 minutes.').waitFor();

  // The same as numbers, for whoever can't see a chart.
  await main(page).getByText('As numbers').click();
  const numbers = page.getByRole('region', { name: 'As numbers' });
  await numbers.getByRole('row').nth(1).waitFor();
  expect(await numbers.getByRole('columnheader').allInnerTexts()).toEqual(
    expect.arrayContaining(['From', 'Requests', 'Answered well', 'p50', 'p95', 'p99']),
  );

  await main(page).getByText('90 d', { exact: true }).click();
  await main(page).getByText('In steps of 1 day (UTC).').waitFor();
  expect(new URL(page.url()).searchParams.get('last')).toBe('90d');

  // Dates that make no sense are refused in words, and stay in their fields.
  await main(page).getByText('Dates', { exact: true }).click();
  await page.getByRole('textbox', { name: 'From' }).fill('2026-02-02T10:00');
  await page.getByRole('textbox', { name: 'Until' }).fill('2026-02-02T09:00');
  await page.getByRole('button', { name: 'Show' }).click();
  await main(page).getByText('The end is not after the beginning').waitFor();
  expect(await page.getByRole('textbox', { name: 'From' }).inputValue()).toBe('2026-02-02T10:00');
  await page.getByRole('textbox', { name: 'Until' }).fill('2026-02-04T10:00');
  await page.getByRole('button', { name: 'Show' }).click();
  await main(page).getByText('No requests in this time').waitFor();
  // What was said in Berlin, as an instant.
  expect(new URL(page.url()).searchParams.get('from')).toBe('2026-02-02T09:00:00.000Z');
  // The address opens the same for somebody else.
  const address = new URL(page.url());
  await page.goto(`${address.pathname}${address.search}`);
  await main(page).getByText('No requests in this time').waitFor();
  expect(await page.getByRole('textbox', { name: 'Until' }).inputValue()).toBe('2026-02-04T10:00');

  await main(page).getByText('7 d', { exact: true }).click();
  const box = await requests.boundingBox();
  if (!box) throw new Error('the chart has no place');
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.6, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 2, y, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => new URL(page.url()).searchParams.has('from')).toBe(true);
  const { searchParams } = new URL(page.url());
  const hours = (Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '')) / 3_600_000;
  expect(hours).toBeGreaterThan(48);
  expect(hours).toBeLessThan(96);
  await page.goBack();
  await expect.poll(() => new URL(page.url()).searchParams.get('last')).toBe('7d');

  await main(page).getByRole('button', { name: 'Answered well', exact: true }).click();
  await page.getByRole('group', { name: 'Only' }).waitFor();
  await chart(/^Success rate, 100 % over the whole stretch$/).waitFor();
  expect(await page.getByRole('row', { name: /^Refused/ }).count()).toBe(0);
  await page.getByRole('button', { name: 'Not only Answered well' }).click();
  await expect.poll(() => page.getByRole('group', { name: 'Only' }).count()).toBe(0);

  await page.getByRole('button', { name: 'no route', exact: true }).click();
  await main(page).getByText('Routes of an account are kept in days (UTC).').waitFor();
  await main(page).getByText('In steps of 1 day (UTC).').waitFor();
});
