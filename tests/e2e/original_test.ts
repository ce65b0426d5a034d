import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { CreateBucketCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { type Moto, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { inPlace, type Place } from "./program.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

const ROOT = "collections/test_collection/";
const HARVEST = `${ROOT}harvests/2019/03/09/15/35/07/`;

/** The objects of a collection as the Python original wrote them, from its documents. */
function objects(place: Place, [old, newer]: string[]): Record<string, string | Uint8Array> {
  const [user] = [...place.sandbox.world.users.values()];
  assert.ok(user);
  const credentials = place.sandbox.keys;
  const config = {
    id: "test_collection",
    type: "user_timeline",
    users: { [user.id]: { screen_name: user.screenName, since_id: newer } },
    delete_users_for: ["protected", "suspended", "not_found"],
    timestamp: "2019-03-09T15:35:07.123456",
  };
  const lines = [old, newer].map((id) => `{"id":${id},"id_str":"${id}","full_text":"old"}\n`);
  const tweets = gzipSync(lines.join(""));
  const sha1 = createHash("sha1").update(tweets).digest("hex");
  const changeset = (change_timestamp: string, update: unknown) =>
    JSON.stringify({ change_timestamp, update, delete: [] });
  return {
    [`${ROOT}collection.json`]: JSON.stringify({ ...config, credentials }),
    [`${ROOT}last_harvest.json`]: JSON.stringify({ harvest_id: "2019-03-09T15:35:07.123456" }),
    [`${ROOT}changesets/change-20190309153304.json`]: changeset("2019-03-09T15:33:04.577744", {
      id: "test_collection",
      credentials,
      type: "user_timeline",
    }),
    [`${ROOT}changesets/change-20190309153507.json`]: changeset("2019-03-09T15:35:07.123456", {
      users: { [user.id]: { since_id: newer } },
    }),
    [`${HARVEST}tweets-20190309153508.jsonl.gz`]: tweets,
    [`${HARVEST}manifest-sha1.txt`]: `${sha1} tweets-20190309153508.jsonl.gz\n`,
    [`${HARVEST}users.jsonl`]: `{"id_str":"${user.id}"}\n`,
    [`${HARVEST}user_changes.json`]: JSON.stringify([
      { user_id: user.id, screen_name: user.screenName, change: "screen name changed" },
    ]),
    [`${HARVEST}collection.json`]: JSON.stringify(config),
    [`${HARVEST}harvester.json`]: JSON.stringify({
      collection_id: "test_collection",
      harvest_timestamp: "2019-03-09T15:35:07.123456",
      harvest_end_timestamp: "2019-03-09T15:36:07.123456",
      tweets: 2,
      files: 1,
      file_bytes: tweets.length,
    }),
  };
}

async function inOriginal(use: (place: Place, known: string[]) => Promise<void>): Promise<void> {
  await moto.reset();
  await inPlace(async (place) => {
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    const options = { region: MOTO_REGION, endpoint: moto.url, forcePathStyle: true, credentials };
    const client = new S3Client(options);
    const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
    const Bucket = "twarc-cloud2";
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const [user] = [...place.sandbox.world.users.keys()];
    const statuses = place.sandbox.world.timeline(user ?? "", { count: 12 }).toReversed();
    const known = statuses.slice(0, 2).map(({ id }) => `${id}`);
    for (const [Key, Body] of Object.entries(objects(place, known))) {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    }
    client.destroy();
    Object.assign(place.env, moto.env);
    place.useOneProcess();
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nbucket = twarc-cloud2\n");
    await use(place, known);
  });
}

Deno.test("a bucket of the Python original is read by every command, and harvested further", () =>
  inOriginal(async (place, known) => {
    const id = "test_collection";
    assert.equal(await place.ok("collection", "list"), `Collections:\n${id}\n`);
    const last = await place.ok("harvest", "last", id);
    assert.match(
      last,
      /^test_collection => Bucket: twarc-cloud2\. Harvest timestamp: 2019-03-09T15:35:07/,
    );
    assert.match(last, /Tweets: 2\. Files: 1/);
    assert.match(last, /User \d+ \(\w+\): screen name changed/);
    const changes = await place.ok("collection-config", "changes", id);
    assert.match(changes, /type changed from None to user_timeline on 2019-03-09T15:33:04/);
    assert.ok(!changes.includes(place.sandbox.keys.consumer_secret));
    const dehydrated = await place.ok("collection", "dehydrate", id);
    assert.deepEqual(dehydrated.trimEnd().split("\n"), known);
    await place.ok("collection", "download", id);
    const root = place.path("download", "twarc-cloud2", ...HARVEST.split("/"));
    assert.ok(await Deno.stat(`${root}/tweets-20190309153508.jsonl.gz`));
    assert.ok(await Deno.stat(`${root}/harvester.json`));

    const whole = /^test_collection: intact\. \d harvests?, \d+ tweets/;
    const repaired = await place.ok("collection", "verify", id, "--repair");
    const [inventory, ...report] = repaired.split("\n");
    assert.match(
      inventory ?? "",
      /inventory\.jsonl has 1 harvest and 2 changesets that had no entry\.$/,
    );
    assert.match(report.join("\n"), whole);

    await place.ok("collection-config", "download", id);
    const [, other] = [...place.sandbox.world.users.keys()];
    await place.ok("collection-config", "userids", other ?? "");
    const updated = await place.run("collection-config", "update");
    assert.equal(updated.code, 0, updated.err);
    await place.ok("harvest", "run", "--shutdown", id);
    const all = (await place.ok("collection", "dehydrate", id)).trimEnd().split("\n");
    assert.deepEqual(all.slice(0, 2), known, "What the original collected comes first");
    assert.equal(new Set(all).size, all.length, "Its since_id holds: nothing comes twice");
    const [first = ""] = [...place.sandbox.world.users.keys()];
    const wanted = [first, other ?? ""].flatMap((user) =>
      place.sandbox.world.timeline(user, { count: 1_000 }).map(({ id }) => `${id}`)
    ).filter((tweet) => all.includes(tweet));
    assert.equal(all.length, 12 + 250);
    assert.equal(wanted.length, all.length);
    assert.match(await place.ok("collection", "verify", id), whole);
    assert.match(await place.ok("harvest", "unlock", id), /It was not locked/);
  }));
