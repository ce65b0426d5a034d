import assert from "node:assert/strict";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { ORIGINAL_SECRET, originalBuckets, renamed } from "../fakes/original_bucket.ts";
import { S3Proxy } from "../faults/s3_proxy.ts";
import { type Moto, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { runsHere } from "../fakes/other_processes.ts";
import { idsOf, inPlace, type Place, tweetsOf, until } from "./program.ts";

let moto: Moto;
let proxy: S3Proxy;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
  proxy = await S3Proxy.start(moto.url);
});
Deno.test.afterAll(async () => {
  await proxy.close();
  await moto.close();
});

const search = { id: "find", type: "search", protected: "collect", search: { query: "sandbox" } };

/** A place whose bucket is in S3, by its ini file. */
async function inBucket(use: (place: Place, moto: Moto) => Promise<void>): Promise<void> {
  await moto.reset();
  const client = clientOf(moto);
  const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
  await client.send(new CreateBucketCommand({ Bucket: "tweets", CreateBucketConfiguration }));
  client.destroy();
  await inPlace(async (place) => {
    Object.assign(place.env, moto.env);
    place.useOneProcess();
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nbucket = tweets\n");
    await use(place, moto);
  });
}

function clientOf(moto: Moto): S3Client {
  const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
  return new S3Client({
    region: MOTO_REGION,
    endpoint: moto.url,
    forcePathStyle: true,
    credentials,
  });
}

Deno.test("a collection in S3 is added, changed, harvested twice, listed, told of and downloaded", () =>
  inBucket(async (place, moto) => {
    await place.addByCommand(search);
    assert.equal(await place.ok("collection", "list"), "Collections:\nfind\n");
    await place.ok("harvest", "run", "--shutdown", "find");
    place.post(3);
    await place.ok("harvest", "run", "--shutdown", "find");
    const last = JSON.parse(await place.ok("harvest", "last", "find", "--json"));
    assert.deepEqual([last.tweets, last.outcome], [3, "complete"]);
    assert.match(await place.ok("collection-config", "changes", "find"), /query changed from None/);
    const out = await place.ok("collection", "download", "find");
    assert.equal(
      out,
      `Collection downloaded to ${join("download", "tweets", "collections", "find")}\n`,
    );
    const root = place.path("download", "tweets", "collections", "find", "harvests");
    const lines: string[] = [];
    for await (const folder of harvestsBelow(root)) lines.push(...await tweetsOf(folder));
    const wanted = place.sandbox.world.search("sandbox", { count: 5_000 });
    assert.deepEqual(idsOf(lines).toSorted(), wanted.map(({ id }) => `${id}`).toSorted());
    const again = await place.run("collection", "download", "find");
    assert.match(
      again.err,
      /0 files \(0B\) downloaded, \d+ skipped/,
      "S3 says that all is the same",
    );

    const client = clientOf(moto);
    const listed = await client.send(new ListObjectsV2Command({ Bucket: "tweets" }));
    client.destroy();
    const keys = listed.Contents?.map(({ Key = "" }) => Key) ?? [];
    assert.ok(!keys.some((key) => key.endsWith("lock.json")), "The lease was given back");
    assert.equal(keys.filter((key) => key.includes("/tweets-")).length, 2);
    await lookFromOutside(place, keys);
    const { code, err } = await place.run("collection", "add");
    assert.equal(code, 1);
    assert.match(err, /Collection find already exists in bucket tweets/);
  }));

/** Every version of every tweets file in the bucket, unpacked. */
async function allVersions(client: S3Client): Promise<string[]> {
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: "tweets" }));
  const texts: string[] = [];
  for (const { Key = "", VersionId } of Versions) {
    if (!Key.includes("/tweets-")) continue;
    const command = new GetObjectCommand({ Bucket: "tweets", Key, VersionId });
    const bytes = await (await client.send(command)).Body?.transformToByteArray();
    texts.push(gunzipSync(bytes ?? assert.fail()).toString());
  }
  return texts;
}

Deno.test("a tweet that is deleted is in no version of any object, of merged pieces neither", () =>
  inBucket(async (place, moto) => {
    const client = clientOf(moto);
    const VersioningConfiguration = { Status: "Enabled" } as const;
    const command = new PutBucketVersioningCommand({ Bucket: "tweets", VersioningConfiguration });
    await client.send(command);
    const filter = { rules: [{ value: "sandbox" }] };
    await place.addByCommand({ id: "live", type: "filter", api: "2", filter });
    const args = ["harvest", "run", "--shutdown", "--flush-secs", "1", "live"];
    const harvest = place.spawn(args);
    await until(() => Promise.resolve(place.sandbox.filtered.size > 0));
    const ids = [...place.post(1)];
    const isThere = async () => {
      const there = (await place.ok("collection", "dehydrate", "live")).split("\n");
      return ids.every((id) => there.includes(id));
    };
    await until(isThere);
    ids.push(...place.post(1));
    await until(isThere);
    await place.end(harvest, "live");
    await harvest.output();
    const [deleted = "", kept = ""] = ids;
    const has = async (id: string) =>
      (await allVersions(client)).filter((text) => text.includes(id));
    assert.ok((await has(deleted)).length >= 2, "The piece is kept beside what it was merged into");
    place.sandbox.world.remove(deleted);
    const out = await place.run("collection", "compliance", "live", "--apply");
    assert.equal(out.code, 0, out.err);
    assert.match(out.err, /\d older versions of such files were deleted, too\./);
    assert.deepEqual(await has(deleted), []);
    assert.equal((await has(kept)).length, 1);
    assert.match(await place.ok("collection", "verify", "live"), /^live: intact/);
    client.destroy();
  }));

/** The texts of all versions of all objects but configurations in force, that have one of the original's keys. */
async function versionsWithKeys(client: S3Client): Promise<string[]> {
  const { Versions = [] } = await client.send(new ListObjectVersionsCommand({ Bucket: "tweets" }));
  const keys: string[] = [];
  for (const { Key = "", VersionId } of Versions) {
    if (/^collections\/[^/]+\/collection\.json$/.test(Key) || Key.endsWith(".gz")) continue;
    const command = new GetObjectCommand({ Bucket: "tweets", Key, VersionId });
    const text = await (await client.send(command)).Body?.transformToString() ?? "";
    if (ORIGINAL_SECRET.test(text)) keys.push(Key);
  }
  return keys;
}

Deno.test("of what the original wrote, under whatever id, redact-keys leaves keys in no version", () =>
  inBucket(async (place, moto) => {
    const client = clientOf(moto);
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(
      new PutBucketVersioningCommand({ Bucket: "tweets", VersioningConfiguration }),
    );
    const [[, objects] = assert.fail()] = await originalBuckets();
    const ids = ["cop24+paris", "été", "two words"];
    for (const id of ids) {
      for (const [Key, Body] of renamed(objects, "words", id)) {
        await client.send(new PutObjectCommand({ Bucket: "tweets", Key, Body }));
      }
    }
    const listed = await place.ok("collection", "list");
    for (const id of ids) {
      assert.ok(listed.includes(`${id}\n`), listed);
      assert.match(await place.ok("collection", "verify", id), /intact/);
      await place.ok("collection", "download", id);
      await Deno.stat(place.path("download", "tweets", "collections", id, "collection.json"));
      assert.ok((await versionsWithKeys(client)).some((key) => key.includes(`/${id}/`)), id);
      const refused = await place.run("collection", "redact-keys", id);
      assert.equal(refused.code, 1, refused.out);
      assert.match(refused.err, /^Error: .* has \d+ keys in \d+ files?\. .*--yes/m);
      assert.ok((await versionsWithKeys(client)).some((key) => key.includes(`/${id}/`)), id);
      const { code, out, err } = await place.run("collection", "redact-keys", id, "--yes");
      assert.equal(code, 0, err);
      assert.match(out, /keys replaced by fingerprints/);
      assert.match(err, /\d+ older versions of such files were deleted, too/);
    }
    assert.deepEqual(await versionsWithKeys(client), []);
    // As if the versions before had not been allowed to be deleted then.
    const keys = [...renamed(objects, "words", "été").keys()];
    const key = keys.find((key) => /changesets/.test(key)) ?? assert.fail();
    const found = await client.send(new GetObjectCommand({ Bucket: "tweets", Key: key }));
    const now = await found.Body?.transformToByteArray() ?? assert.fail();
    const Body = objects.get(key.replace("été", "words")) ?? assert.fail();
    await client.send(new PutObjectCommand({ Bucket: "tweets", Key: key, Body }));
    await client.send(new PutObjectCommand({ Bucket: "tweets", Key: key, Body: now }));
    assert.equal((await versionsWithKeys(client)).length, 1);
    const name = key.slice("collections/été/".length);
    const asked = await place.run("collection", "redact-keys", "été");
    assert.equal(asked.code, 1);
    const kept = "S3 keeps [12] older versions? of such files, the oldest of 20[^ ]+Z";
    assert.match(asked.err, new RegExp(`^${kept}: ${name}$`, "m"));
    assert.match(asked.err, new RegExp(`^Error: été: ${kept}\\. .*--yes`, "m"));
    const again = await place.run("collection", "redact-keys", "été", "--yes", "--json");
    assert.match(again.err, /older versions of such files were deleted, too/);
    const { purged: { since, ...purged }, ...done } = JSON.parse(again.out);
    assert.deepEqual(done, { collection_id: "été", files: [], keys: [], others: [] });
    assert.deepEqual(purged, { older_versions: 2, files: [name], left: null });
    assert.match(since, /^20.*Z$/);
    const nothing = await place.run("collection", "redact-keys", "été");
    assert.match(nothing.out, /^été has no keys in its changesets and harvests\.$/m);
    assert.deepEqual(await versionsWithKeys(client), []);
    client.destroy();
  }));

/** The AWS CLI, where it is installed, sees the same. */
async function lookFromOutside(place: Place, keys: string[]): Promise<void> {
  if (!await runsHere("aws")) return;
  const args = ["s3api", "list-objects-v2", "--bucket", "tweets", "--query", "Contents[].Key"];
  const env = { ...place.env, HOME: Deno.env.get("HOME") ?? "" };
  const options: Deno.CommandOptions = { args: [...args, "--output", "json"], env, stderr: "null" };
  const { success, stdout } = await new Deno.Command("aws", options).output();
  if (success) {
    assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)).toSorted(), keys.toSorted());
  }
}

Deno.test("of two harvesters started at the same time for one collection, one is told that it is locked", () =>
  inBucket(async (place) => {
    await place.addByCommand(search);
    place.sandbox.troubles.add({ kind: "stall", path: "search/tweets", after: 1 });
    // What ends one of them has to know the bucket by the same address.
    place.env.AWS_ENDPOINT_URL = proxy.url;
    const both = [1, 2].map(() => place.spawn(["harvest", "run", "--shutdown", "find"]));
    const first = await Promise.race(both.map((child) => child.status.then(() => child)));
    const { code, stderr } = await first.output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /Error: Collection find is being harvested by/,
    );
    const other = both.find((child) => child !== first) ?? assert.fail();
    await until(() => Promise.resolve(place.sandbox.requests.length >= 2));
    await place.end(other, "find");
    assert.equal((await other.output()).code, 0);
    await place.ok("harvest", "run", "--shutdown", "find");
    await place.ok("collection", "download", "find");
    const root = place.path("download", "tweets", "collections", "find", "harvests");
    const lines: string[] = [];
    for await (const folder of harvestsBelow(root)) lines.push(...await tweetsOf(folder));
    const wanted = place.sandbox.world.search("sandbox", { count: 5_000 });
    assert.deepEqual(idsOf(lines).toSorted(), wanted.map(({ id }) => `${id}`).toSorted());
  }));

for (
  const [what, env, says] of [
    ["no such bucket", {}, /the bucket does not exist\. Check bucket in twarc_cloud\.ini/],
    [
      "no network",
      { AWS_ENDPOINT_URL: "http://127.0.0.1:9", AWS_MAX_ATTEMPTS: "1" },
      /AWS cannot be reached.*network connection/,
    ],
    [
      "no credentials",
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "" },
      /no AWS credentials were found \(Could not load credentials .*\)\. Set AWS_PROFILE/,
    ],
    ["no region", { AWS_REGION: "" }, /no AWS region is set\. Set region in twarc_cloud\.ini/],
  ] as const
) {
  Deno.test(`${what} is one clear line`, () =>
    inBucket(async (place) => {
      const child = place.spawn(["collection", "list", "--bucket", "s3://nobody"], env);
      const { code, stderr } = await child.output();
      const said = new TextDecoder().decode(stderr);
      assert.equal(said.trimEnd().split("\n").length, 1, said);
      assert.match(said, says);
      assert.equal(code, what === "no network" ? 3 : 1);
    }));
}

async function* harvestsBelow(folder: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) yield* harvestsBelow(`${folder}/${name}`);
    else if (name === "manifest-sha1.txt") yield folder;
  }
}

Deno.test("a collection is moved from S3 to a folder and back, and harvested on there", () =>
  inBucket(async (place) => {
    await place.addByCommand(search);
    await place.ok("harvest", "run", "--shutdown", "find");
    await place.ok("collection", "move", "find", "--to", "./here");
    assert.equal(await place.ok("collection", "list"), "No collections.\n");
    await place.ok("collection", "verify", "find", "--bucket", "./here");
    await place.ok("collection", "move", "find", "--bucket", "./here", "--to", "s3://tweets");
    assert.equal(
      await place.ok("collection", "list", "--bucket", "./here"),
      "No collections.\n",
    );
    place.post(2);
    await place.ok("harvest", "run", "--shutdown", "find");
    assert.equal(JSON.parse(await place.ok("harvest", "last", "find", "--json")).tweets, 2);
    await place.ok("collection", "verify", "find");
  }));
