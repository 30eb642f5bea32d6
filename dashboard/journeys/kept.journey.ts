// Bodies in the log: of the route that keeps them, in the row of the request, without a secret in them.
import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, inject, test } from 'vitest';
import { dialog, leave, main, menu, visit } from './browser';
import { type Deployment, deploy } from './deployment';

let own: Deployment;
let upstream: Server;

/** Answers every request with what was sent to it. */
async function echo(): Promise<number> {
  upstream = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ echoed: Buffer.concat(pieces).toString() }));
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

beforeAll(async () => {
  own = await deploy(
    inject('program'),
    `[apis.shop]
prefixes = ["/shop"]
upstream = "http://127.0.0.1:${await echo()}"
test_upstream = "same"
[[apis.shop.routes]]
path = "/orders"
log_bodies = "1KiB"
[[apis.shop.routes]]
path = "/quiet"
`,
  );
});

afterAll(async () => {
  await own.end();
  await new Promise((resolve) => upstream.close(resolve));
});

afterEach(leave);

interface Made {
  id: string;
  secret: string;
}

async function manage<T>(path: string, body: unknown): Promise<T> {
  const [key] = own.made.match(/kwm_\w+/) ?? [];
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const answer = await fetch(own.control + path, { method: 'POST', headers, body: JSON.stringify(body) });
  expect(answer.status, path).toBe(201);
  return answer.json() as Promise<T>;
}

test('r79 a row of the log opens what was sent and answered, where its route keeps that', async () => {
  const account = await manage<{ id: string }>('/v1/accounts', { api: 'shop', name: 'Corner Shop' });
  const made = await manage<Made>('/v1/keys', { account_id: account.id, name: 'Till' });
  const send = async (path: string, body: string) => {
    const headers = { authorization: `Bearer ${made.secret}` };
    const answer = await fetch(`${own.gateway}/shop${path}`, { method: 'POST', headers, body });
    expect(answer.status).toBe(200);
  };
  await send('/orders', `{"item":"tea","key":"${made.secret}"}`);
  await send('/quiet', '{"item":"coffee"}');

  const page = await visit({ origin: own.control });
  await page.goto(own.link);
  await page.getByLabel('Your name').fill('Ada Example');
  await page.getByLabel('E-mail').fill('ada@example.com');
  await page.getByRole('textbox', { name: 'New password' }).fill('tea of a quiet town');
  await page.getByRole('button', { name: 'Set up' }).click();
  await page.getByRole('heading', { level: 1, name: 'Accounts' }).waitFor();
  await menu(page, 'All accounts', 'All requests');
  const row = (path: string) => main(page).getByRole('button', { name: `POST /shop${path}` });
  await expect
    .poll(
      async () => {
        await page.getByRole('button', { name: 'Read again' }).click();
        return (await row('/orders').count()) + (await row('/quiet').count());
      },
      { timeout: 10_000 },
    )
    .toBe(2);

  await row('/orders').click();
  const sent = dialog(page).getByRole('region', { name: 'what was sent' });
  await sent.getByText('"item":"tea"').waitFor();
  const answered = dialog(page).getByRole('region', { name: 'what was answered' });
  await answered.getByText('"echoed"').waitFor();
  expect(await dialog(page).innerText()).not.toContain(made.secret);
  await page.keyboard.press('Escape');
  await dialog(page).waitFor({ state: 'detached' });
  expect(await row('/orders').evaluate((element) => element === document.activeElement)).toBe(true);

  await row('/quiet').click();
  await dialog(page).getByText('Request id').waitFor();
  await expect.poll(() => dialog(page).getByLabel('Loading').count()).toBe(0);
  expect(
    await dialog(page)
      .getByText(/What was (?:sent|answered)/)
      .count(),
  ).toBe(0);
  expect(await page.content()).not.toContain('coffee');
});
