import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import assert from "node:assert/strict";
import { findProfileUsers } from "../../lib/bucket/profile_users.ts";
import { heldKeys, keptKeys, type OtherKeys } from "../../lib/secrets/credentials.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { fingerprint } from "../../lib/collection/changeset.ts";
import { collectionKeys } from "../../lib/collection/layout.ts";
import { ParameterStore } from "../../lib/secrets/parameter_store.ts";
import { S3Store } from "../../lib/store/s3/store.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { isPrivate } from "../fakes/folder.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

const CREDENTIALS = { accessKeyId: "testing", secretAccessKey: "testing" };
const bucket = "tweets";
const keysOf = (who: string) => ({ consumer_key: `${who}-key`, consumer_secret: `${who}-secret` });
const access = () => ({ region: MOTO_REGION, endpoint: moto.url, ...MOTO_KEYS });

/** Puts somebody's keys under a profile; what it was asked before, if anything. */
async function put(
  who: string,
  mayReplace: (other: OtherKeys) => Promise<boolean> = () => Promise.resolve(false),
) {
  const asked: OtherKeys[] = [];
  const kept = await keptKeys(keysOf(who), {
    profile: "main",
    bucket: parseBucket(bucket),
    runner: "ecs",
    aws: access(),
    env: {},
    mayReplace: async (other) => {
      asked.push(other);
      return await mayReplace(other);
    },
  });
  return { kept, asked };
}

const held = async () => {
  const place = { bucket: parseBucket(bucket), runner: "ecs", aws: access(), env: {} } as const;
  return (await heldKeys({ profile: "main" }, place)).consumer_key;
};

Deno.test("keys of another are replaced only by who was asked, with both fingerprints and since when", async () => {
  await moto.reset();
  const began = Date.now();
  assert.deepEqual((await put("anna")).kept, {
    keys: { profile: "main" },
    parameter: "/twarc-cloud/tweets/keys/main",
  });
  const { kept, asked: [other, ...more] } = await put("ben");
  assert.equal(kept, null);
  assert.deepEqual(more, []);
  assert.ok(other && other.theirs !== other.mine);
  assert.match(`${other.theirs} ${other.mine}`, /^sha256:[0-9a-f]{8} sha256:[0-9a-f]{8}$/);
  assert.ok(!JSON.stringify(other).includes("secret"));
  assert.ok(Math.abs(other.since - began) < 60_000);
  assert.equal(other.by, "N/A", "As moto names everybody");
  assert.equal(await held(), "anna-key");
  assert.ok((await put("ben", () => Promise.resolve(true))).kept);
  assert.equal(await held(), "ben-key");
});

Deno.test("one's own keys are put there without a question, and not written twice", async () => {
  await moto.reset();
  const parameters = new ParameterStore(bucket, access());
  const { consumer_key, consumer_secret } = keysOf("anna");
  await parameters.put("keys/main", JSON.stringify({ consumer_secret, consumer_key }));
  const { kept, asked } = await put("anna");
  assert.ok(kept);
  assert.deepEqual(asked, []);
  assert.equal((await parameters.find("keys/main"))?.version, 1);
});

Deno.test("keys that were changed while the person thought about it are asked about again", async () => {
  await moto.reset();
  await put("anna");
  const parameters = new ParameterStore(bucket, access());
  let thought = 0;
  const { asked } = await put("ben", async () => {
    if (thought++ === 0) await parameters.put("keys/main", JSON.stringify(keysOf("clara")));
    return true;
  });
  assert.equal(asked.length, 2);
  assert.notEqual(asked[0]?.theirs, asked[1]?.theirs);
  assert.equal(await held(), "ben-key");
});

Deno.test("what is no keys at all is asked about as well", async () => {
  await moto.reset();
  await new ParameterStore(bucket, access()).put("keys/main", "by hand");
  const { kept, asked: [other] } = await put("ben");
  assert.equal(kept, null);
  assert.equal(other?.theirs, fingerprint("by hand"));
});

Deno.test("the collections that run on a profile are found, whatever else is in the bucket", async () => {
  await moto.reset();
  const client = new S3Client({ ...access(), credentials: CREDENTIALS, forcePathStyle: true });
  const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
  await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration }));
  client.destroy();
  const store = new S3Store(bucket, access());
  try {
    const write = (id: string, text: string) =>
      store.put(collectionKeys(id).config, new TextEncoder().encode(text));
    for (let n = 0; n < 20; n++) await write(`many${n}`, '{"keys": {"profile": "main"}}');
    await write("old", '{"credentials": {"profile": "main"}}');
    await write("other", '{"keys": {"profile": "clara"}}');
    await write("inline", '{"keys": {"consumer_key": "k"}}');
    await write("none", "{}");
    await write("broken", "{");
    const found = await findProfileUsers("main", new Collections(store, systemClock));
    assert.deepEqual(found.length, 21);
    assert.ok(found.includes("old") && found.includes("many19"));
  } finally {
    store.close();
  }
});

Deno.test("keys of harvesters of this machine are in the person's files, for a bucket in S3 too, and no other keys' place is taken", async () => {
  await moto.reset();
  const home = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const env = { HOME: home };
    const place = { bucket: parseBucket(bucket), runner: "local", aws: access(), env } as const;
    const mayReplace = () => Promise.resolve(true);
    const keep = (who: string, profile: string) =>
      keptKeys(keysOf(who), { ...place, profile, mayReplace });
    assert.deepEqual(await keep("anna", "main"), { keys: { profile: "main" } });
    assert.deepEqual(await keep("anna", "main"), { keys: { profile: "main" } });
    assert.deepEqual(await heldKeys({ profile: "main" }, place), keysOf("anna"));
    assert.ok(await isPrivate(`${home}/.twarc`));
    await assert.rejects(keep("ben", "main"), { message: /Your profile main has other keys/ });
    assert.deepEqual(await heldKeys({ profile: "main" }, place), keysOf("anna"));

    // As a version before kept them for whoever harvested by hand.
    const parameters = new ParameterStore(bucket, access());
    await parameters.put("keys/theirs", JSON.stringify(keysOf("clara")));
    assert.deepEqual(await heldKeys({ profile: "theirs" }, place), keysOf("clara"));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
