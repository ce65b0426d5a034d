/** A bucket in S3 and no cluster: harvesters are processes of this machine. */

import assert from "node:assert/strict";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { filesBelow, inPlace, type Place, until } from "./program.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

/** A place whose bucket is in S3, and whose ini has no cluster. */
async function inS3(use: (place: Place) => Promise<void>): Promise<void> {
  await moto.reset();
  const { accessKey: accessKeyId, secretKey: secretAccessKey } = MOTO_KEYS;
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ region: MOTO_REGION, endpoint: moto.url, credentials });
  const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
  await client.send(new CreateBucketCommand({ Bucket: "tweets", CreateBucketConfiguration }));
  client.destroy();
  await inPlace(async (place) => {
    Object.assign(place.env, moto.env);
    place.useOneProcess();
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nbucket = tweets\n");
    await use(place);
  });
}

const idle = (place: Place) =>
  until(async () => await place.ok("harvest", "list") === "No running harvests.\n");

Deno.test("a search is harvested once, by a schedule, and its schedule is ended", () =>
  inS3(async (place) => {
    await place.addByCommand({ id: "find", type: "search", search: { query: "sandbox" } });
    assert.match(await place.ok("collection", "once", "find", "--wait"), /^find: complete\./m);
    assert.match(await place.ok("harvest", "logs", "find"), /Harvested \d+ tweets: complete/);

    const scheduled = await place.run("collection", "schedule", "find", "rate(1 minute)");
    assert.equal(scheduled.code, 0, scheduled.err);
    assert.match(scheduled.err, /Keep `twarc-cloud scheduler` running: .* of this bucket/);
    await idle(place);
    // As if the last run was an hour ago.
    const path = await only(place, /\/runner\/schedules\/find\.json$/);
    const kept = JSON.parse(await Deno.readTextFile(path));
    const last_due = new Date(Date.now() - 3_600_000).toISOString();
    await Deno.writeTextFile(path, JSON.stringify({ ...kept, last_due }));
    const before = (await last(place)).harvest_timestamp;
    const scheduler = place.spawn(["scheduler"]);
    try {
      await until(async () => (await last(place)).harvest_timestamp !== before);
      await idle(place);
      assert.match(await place.ok("collection", "scheduled"), /^tweets_find_schedule => rate/m);
    } finally {
      scheduler.kill("SIGTERM");
      await scheduler.output();
    }
    assert.equal(await place.ok("collection", "stop", "find"), "Stopped\n");
    assert.equal(await place.ok("collection", "scheduled"), "No scheduled collections.\n");
    for (const file of [/\/runner\/secret$/, /\/runner\/logs\/find\.log$/]) {
      assert.match(await only(place, file), /\/buckets\/tweets-[0-9a-f]{12}\//);
    }
  }));

Deno.test("a bucket that is not there is named by the scheduler, which does not serve it", () =>
  inS3(async (place) => {
    const { code, err } = await place.run("scheduler", "--bucket", "nobody");
    assert.equal(code, 1);
    assert.match(err, /bucket nobody failed: the bucket does not exist\. Check bucket/);
  }));

Deno.test("a stream is started, shown, kept alive and stopped", () =>
  inS3(async (place) => {
    await place.addByCommand({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    await until(() => Promise.resolve(place.sandbox.streams.size > 0));
    place.post(2);
    await until(async () => (await place.running("live")).tweets === 2);
    assert.match(await place.ok("harvest", "list"), /^live => Bucket: tweets\. Status: RUNNING$/m);
    const kept = JSON.parse(await Deno.readTextFile(await only(place, /\/kept\/live\.json$/)));
    assert.equal(kept.state, "running");
    assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
    assert.equal(await place.ok("harvest", "list"), "No running harvests.\n");
    const { tweets } = await last(place, "live");
    assert.equal(tweets, 2);
  }));

async function last(place: Place, id = "find") {
  return JSON.parse(await place.ok("harvest", "last", id, "--json"));
}

/** The one file of the place with such a path. */
async function only(place: Place, pattern: RegExp): Promise<string> {
  const found = (await Array.fromAsync(filesBelow(place.folder))).filter((path) =>
    pattern.test(path)
  );
  assert.equal(found.length, 1, found.join(", "));
  return found[0] ?? "";
}
