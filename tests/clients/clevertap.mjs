// The published JavaScript client of CleverTap against a running gateway, with only its endpoint changed.
//
// Run with `node --test clevertap.mjs`. The environment gives KEYWARD_CLEVERTAP_BASE_URL,
// KEYWARD_CLEVERTAP_ACCOUNT_ID, KEYWARD_CLEVERTAP_SECRET and KEYWARD_CLIENTS_ROOT, the folder that holds node_modules.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

const {
  KEYWARD_CLEVERTAP_BASE_URL: baseUrl,
  KEYWARD_CLEVERTAP_ACCOUNT_ID: accountId,
  KEYWARD_CLEVERTAP_SECRET: passcode,
} = process.env;
assert.ok(baseUrl && accountId && passcode, "KEYWARD_CLEVERTAP_BASE_URL, _ACCOUNT_ID and _SECRET must be set");

const require = createRequire(`${process.env.KEYWARD_CLIENTS_ROOT ?? import.meta.dirname}/`);
const CleverTap = require("clevertap");

function client(id = accountId, secret = passcode) {
  const clevertap = CleverTap.init(id, secret, CleverTap.REGIONS.INDIA);
  clevertap.api.apiEndpoint = `${baseUrl}/1`;
  return clevertap;
}

test("r46 a profile is found by address, identity and object id", async () => {
  const answer = await client().profile({ email: "jack@gmail.com" });
  assert.equal(answer.status, "success");
  assert.equal(answer.record.email, "jack@gmail.com");
  const { objectId } = answer.record.platformInfo[0];
  assert.deepEqual((await client().profile({ objectId })).record, answer.record);
  assert.deepEqual((await client().profile({ identity: answer.record.identity })).record, answer.record);
});

test("an unknown profile is the upstream's answer in the envelope", async () => {
  const answer = await client().profile({ email: "nobody@example.com" });
  assert.deepEqual([answer.status, answer.code], ["fail", 404]);
});

test("r9 the cursor flow brings every event of the period exactly once", async () => {
  const query = { event_name: "App Launched", from: 20260301, to: 20260305 };
  const events = await client().events(query, { batchSize: 25 });
  assert.equal(events.length, 5 * 12);
  const times = events.map((event) => event.ts);
  assert.ok(times.every((ts) => ts >= 20260301000000 && ts < 20260306000000));
  assert.deepEqual(times, [...times].sort((a, b) => a - b));
  assert.equal(new Set(times).size, times.length);
  assert.ok(events.every((event) => event.profile.objectId && event.event_props));
  assert.deepEqual(await client().events(query, { batchSize: 5_000 }), events);
});

test("the cursor flow of profiles", async () => {
  const query = { event_name: "Charged", from: 20260301, to: 20260307 };
  const profiles = await client().profiles(query, { batchSize: 4 });
  assert.ok(profiles.length > 4);
  assert.equal(new Set(profiles.map((profile) => profile.email)).size, profiles.length);
});

test("uploads are acknowledged batch by batch", async () => {
  const record = (n) => ({ type: "event", identity: `user ${n}`, evtName: "Tested", evtData: { n } });
  const one = await client().upload([record(1)]);
  assert.deepEqual([one.status, one.processed, one.unprocessed], ["success", 1, []]);
  const many = await client().upload(Array.from({ length: 250 }, (_, n) => record(n)));
  assert.deepEqual(many.map((answer) => answer.processed), [100, 100, 50]);
});

test("everything else that the client calls is answered", async () => {
  const clevertap = client();
  const period = { event_name: "Charged", from: 20260101, to: 20260131 };
  const groups = { foo: { property_type: "event_properties", name: "Amount" } };
  const campaign = { name: "hello", segment: "all", content: { title: "Hello!", body: "You." }, devices: ["ios"] };
  const answers = {
    eventsCount: await clevertap.getEventsCount(period),
    profilesCount: await clevertap.getProfilesCount(period),
    top: await clevertap.topPropertyCounts({ ...period, groups }),
    trends: await clevertap.trends({ ...period, groups: { foo: { trend_type: "weekly" } } }),
    now: await clevertap.realTimeCounts({ user_type: true }),
    reports: await clevertap.getMessageReports({ from: "20260101", to: "20260131" }),
    delete: await clevertap.delete({ identity: ["client"] }),
    demerge: await clevertap.demerge({ identities: ["client"] }),
    subscribe: await clevertap.subscribe({ d: [{ type: "email", value: "a@example.com", status: "Resubscribe" }] }),
    disassociate: await clevertap.disassociate({ d: [{ type: "phone", value: "+14155551234" }] }),
    tokens: await clevertap.uploadDeviceTokens([{ type: "token", objectId: "o", tokenData: { id: "t", type: "fcm" } }]),
    create: await clevertap.targets(clevertap.TARGET_CREATE, { ...campaign }),
    estimate: await clevertap.targets(clevertap.TARGET_ESTIMATE, { ...campaign }),
    list: await clevertap.targets(clevertap.TARGET_LIST, { from: 20260101, to: 20260131 }),
    result: await clevertap.targets(clevertap.TARGET_RESULT, { id: 1767225600 }),
    stop: await clevertap.targets(clevertap.TARGET_STOP, { id: 1767225600 }),
  };
  for (const [name, answer] of Object.entries(answers)) assert.equal(answer.status, "success", name);
  assert.equal(answers.eventsCount.count, 31 * 3);
});

test("r1 wrong credentials are answered with the envelope, which the client hands on", async () => {
  for (const wrong of [client(accountId, "wrong"), client("WRONG-ID", passcode)]) {
    const answer = await wrong.profile({ email: "jack@gmail.com" });
    assert.deepEqual([answer.status, answer.code], ["fail", 401]);
    assert.equal(typeof answer.error, "string");
    // Where the client pages, it swallows a refusal: no records.
    assert.deepEqual(await wrong.events({ event_name: "Charged" }), []);
  }
});
