// The published JavaScript client of Codat's platform API against a running gateway, with only its server URL changed.
//
// Run with `node --test codat.mjs`. The environment gives KEYWARD_CODAT_BASE_URL, KEYWARD_CODAT_SECRET and
// KEYWARD_CLIENTS_ROOT, the folder that holds node_modules. The account should have no other key than the given one.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const { KEYWARD_CODAT_BASE_URL: baseUrl, KEYWARD_CODAT_SECRET: apiKey } = process.env;
assert.ok(baseUrl && apiKey, "KEYWARD_CODAT_BASE_URL and KEYWARD_CODAT_SECRET must be set");

const require = createRequire(`${process.env.KEYWARD_CLIENTS_ROOT ?? import.meta.dirname}/`);
const { CodatPlatform } = require("@codat/platform");
const errors = require("@codat/platform/sdk/models/errors");

const basic = (text) => `Basic ${Buffer.from(text).toString("base64")}`;

// By default the client repeats 429 and 5xx for up to an hour; a test wants to see them.
const client = (authHeader = basic(apiKey)) =>
  new CodatPlatform({ authHeader, serverURL: baseUrl, retryConfig: { strategy: "none" }, timeoutMs: 10_000 });

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  assert.fail("the call should have been refused");
}

// The client's own specification promises JSON with 204, so it throws exactly this error after the deletion.
async function deleteKey(codat, apiKeyId) {
  try {
    await codat.settings.deleteApiKey({ apiKeyId });
  } catch (error) {
    if (error.statusCode !== 204) throw error;
    assert.ok(error instanceof errors.SDKError, String(error));
    assert.match(error.message, /^Unexpected Status or Content-Type/);
    assert.equal(error.body, "");
    assert.equal(error.headers.get("content-type"), null);
  }
}

async function withCreatedKey(name, work) {
  const key = await client().settings.createApiKey({ name });
  try {
    await work(key);
  } finally {
    await deleteKey(client(), key.id).catch((error) => assert.equal(error.statusCode, 404));
  }
}

const listedIds = async () => (await client().settings.listApiKeys()).results.map((key) => key.id);

test("r81 the bare key and both colon forms are accepted", async () => {
  for (const form of [apiKey, `${apiKey}:`, `:${apiKey}`]) {
    const page = await client(basic(form)).companies.list({ pageSize: 1 });
    assert.ok(page.totalResults >= 1);
  }
});

test("r82 r83 missing, wrong and unencoded keys throw the typed 401", async () => {
  for (const header of ["", basic("0".repeat(40)), `Bearer ${apiKey}`, "Basic !!!", `Basic ${apiKey}`]) {
    for (const call of [(c) => c.companies.list({}), (c) => c.settings.listApiKeys()]) {
      const error = await refusal(() => call(client(header)));
      assert.ok(error instanceof errors.ErrorMessage, `${header}: ${error}`);
      assert.equal(error.statusCode, 401);
      assert.equal(error.data$.statusCode, 401);
      assert.match(error.data$.correlationId, /^[0-9a-f]{32}$/);
      assert.ok(error.headers.get("www-authenticate"), "a 401 names the scheme");
    }
  }
});

test("r93 the list holds the key in use", async () => {
  const { results } = await client().settings.listApiKeys();
  assert.ok(results.some((key) => key.apiKey === apiKey));
});

test("r92 a created key is complete, listed and works", async () => {
  await withCreatedKey("made by the JavaScript client", async (key) => {
    assert.match(key.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(key.name, "made by the JavaScript client");
    assert.match(key.apiKey, /^[0-9A-Za-z]{40}$/);
    assert.match(key.createdDate, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    assert.ok((await listedIds()).includes(key.id));
    assert.ok((await client(basic(key.apiKey)).companies.list({})).results.length > 0);
  });
});

test("r90 the name is optional and at most 50 characters", async () => {
  const nameless = await client().settings.createApiKey();
  await deleteKey(client(), nameless.id);
  assert.equal(nameless.name, null);
  const error = await refusal(() => client().settings.createApiKey({ name: "n".repeat(51) }));
  assert.ok(error instanceof errors.ErrorMessage, String(error));
  assert.equal(error.statusCode, 400);
  assert.equal(error.data$.error, "Max string length (50) for `name` reached.");
});

test("r89 r94 a deleted key is refused at once, and an unknown one is 404", async () => {
  await withCreatedKey("short-lived", async (key) => {
    await deleteKey(client(), key.id);
    assert.ok(!(await listedIds()).includes(key.id));
    assert.equal((await refusal(() => client(basic(key.apiKey)).companies.list({}))).statusCode, 401);
    const again = await refusal(() => deleteKey(client(), key.id));
    assert.ok(again instanceof errors.ErrorMessage, String(again));
    assert.equal(again.statusCode, 404);
  });
});

test("r102 a key may delete itself while another remains", async () => {
  await withCreatedKey("deletes itself", async (key) => {
    await deleteKey(client(basic(key.apiKey)), key.id);
    assert.ok(!(await listedIds()).includes(key.id));
  });
});

test("r100 the eleventh key is refused, also when many are made at once", async () => {
  const attempts = await Promise.allSettled(
    Array.from({ length: 12 }, (_, n) => client().settings.createApiKey({ name: `filler ${n}` })),
  );
  const made = attempts.filter((each) => each.status === "fulfilled").map((each) => each.value.id);
  const refused = attempts.filter((each) => each.status === "rejected").map((each) => each.reason);
  try {
    assert.equal((await listedIds()).length, 10);
    assert.ok(refused.length > 0);
    for (const error of refused) {
      assert.ok(error instanceof errors.ErrorMessage, String(error));
      assert.equal(error.statusCode, 409);
      assert.match(error.data$.error, /^Maximum number of API keys reached\./);
    }
  } finally {
    for (const id of made) await deleteKey(client(), id);
  }
});

test("r101 the last key cannot be deleted", async () => {
  const ids = await listedIds();
  assert.equal(ids.length, 1, "the account should have no other key than the given one");
  // 409 is not among the answers that the client expects of this call, hence the generic error class.
  const error = await refusal(() => deleteKey(client(), ids[0]));
  assert.ok(error instanceof errors.SDKError, String(error));
  assert.equal(error.statusCode, 409);
  assert.deepEqual(await listedIds(), ids);
});

test("companies pass through the gateway unchanged", async () => {
  const codat = client();
  const company = await codat.companies.create({ name: "Uptown Cycles 2", tags: { region: "js" } });
  assert.equal((await codat.companies.get({ companyId: company.id })).name, "Uptown Cycles 2");
  const found = await codat.companies.list({ tags: "region=js", pageSize: 10 });
  assert.ok(found.results.some((each) => each.id === company.id));
  const connection = await codat.connections.create({ companyId: company.id, requestBody: { platformKey: "bnkr" } });
  assert.equal(connection.status, "PendingAuth");
  await codat.connections.delete({ companyId: company.id, connectionId: connection.id });
  await codat.companies.delete({ companyId: company.id });
  assert.equal((await refusal(() => codat.companies.get({ companyId: company.id }))).statusCode, 404);
});

test("profile, integrations and settings pass through the gateway", async () => {
  const codat = client();
  assert.ok((await codat.settings.getProfile()).name);
  assert.ok((await codat.settings.getSyncSettings()).settings.length > 0);
  assert.ok((await codat.integrations.list({})).results.length > 0);
  const { results } = await codat.companies.list({ page: 2, pageSize: 10 });
  assert.equal(results.length, 10);
  assert.ok((await codat.connections.list({ companyId: results[0].id })).results.length > 0);
  assert.ok(await codat.refreshData.get({ companyId: results[0].id }));
});
