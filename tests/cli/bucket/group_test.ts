import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import {
  CreateBucketCommand,
  GetObjectCommand,
  paginateListObjectsV2,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { filesIn } from "../../bench/transfer.ts";
import { inOneProcess, type Place, until } from "../../e2e/program.ts";
import { copyFolder } from "../../fakes/folder.ts";
import { MOTO_REGION, sharedMoto } from "../../peers/moto.ts";
import { personEnv } from "../../shipped.ts";

const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };

async function copied(place: Place): Promise<void> {
  await copyFolder(place.path("twarc-cloud-data"), place.path("copy"));
}

Deno.test("a copy of a bucket ends no harvester of the original, and harvests nothing by itself", () =>
  inOneProcess(async (place) => {
    await place.add(FILTER);
    await place.ok("collection", "filter-start", "live");
    await until(() => Promise.resolve(place.sandbox.streams.size > 0));
    await copied(place);
    const acting = [
      ["collection", "filter-stop", "live"],
      ["collection", "stop", "live", "--now"],
      ["collection", "filter-start", "live"],
      ["scheduler"],
      ["harvest", "unlock", "live", "--force"],
      ["harvest", "run", "--shutdown", "live"],
      ["collection", "verify", "--repair", "live"],
      ["collection-config", "update"],
    ];
    for (const args of acting) {
      const { code, out, err } = await place.run(...args, "--bucket", "./copy");
      assert.equal(code, 1, args.join(" "));
      assert.equal(out, "", args.join(" "));
      assert.match(err, /it is a copy, or has moved\. .*bucket is-copy --bucket \.\/copy/);
    }
    for (
      const args of [
        ["collection", "list"],
        ["collection", "verify", "live"],
        ["collection", "download", "live"],
        ["bucket", "show"],
      ]
    ) await place.ok(...args, "--bucket", "./copy");
    assert.equal(place.sandbox.streams.size, 1);

    const { err } = await place.run("bucket", "is-copy", "--bucket", "./copy");
    assert.match(
      err,
      /^Removed from the copy: 1 lock of harvesters of the other bucket, which continue\.$/m,
    );
    const stop = ["collection", "filter-stop", "live", "--bucket", "./copy"];
    // What the copy has of the stream was cut off where it was copied.
    const { err: first } = await place.run(...stop);
    assert.match(first, /^Its harvester had not stopped in good order/m);
    assert.match((await place.run(...stop)).err, /No harvest of live is running/);
    assert.equal(place.sandbox.streams.size, 1);
    await place.ok("collection", "filter-stop", "live");
    const [own, other] = await Promise.all(
      ["./twarc-cloud-data", "./copy"].map((bucket) =>
        place.ok("bucket", "show", "--json", "--bucket", bucket).then((text) => JSON.parse(text))
      ),
    );
    assert.equal(other.copied_from, own.id);
  }));

Deno.test("each of the two answers to what a copy is lets the command work that asked", () =>
  inOneProcess(async (place) => {
    for (const [answer, name] of [["is-copy", "first"], ["has-moved", "second"]] as const) {
      Object.assign(place.env, personEnv(place.path(`home-${name}`)));
      await place.add({ ...FILTER, id: name });
      await Deno.rename(place.path("twarc-cloud-data"), place.path(name));
      await place.run("collection", "stop", name, "--bucket", `./${name}`);
      await copyFolder(place.path(name), place.path("copy"));
      const stop = ["collection", "filter-stop", name, "--bucket", "./copy"];
      const { err } = await place.run(...stop);
      assert.match(err, new RegExp(`twarc-cloud bucket ${answer} --bucket \\./copy`));
      await place.ok("bucket", answer, "--bucket", "./copy");
      assert.match((await place.run(...stop)).err, new RegExp(`No harvest of ${name} is running`));
      await Deno.remove(place.path("copy"), { recursive: true });
    }
  }));

Deno.test("a schedule stays with the original: a copy has none, and one of its own ends with it alone", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "schedule", "find", "cron(0 0 1 1 ? 2099)");
    await copied(place);
    await place.ok("bucket", "is-copy", "--bucket", "./copy");
    const scheduled = async (bucket: string): Promise<string[]> => {
      const out = await place.ok("collection", "scheduled", "--json", "--bucket", bucket);
      return JSON.parse(out).map((one: { schedule: string }) => one.schedule);
    };
    const [own, other] = ["./twarc-cloud-data", "./copy"];
    assert.deepEqual([await scheduled(own), await scheduled(other)], [
      ["cron(0 0 1 1 ? 2099)"],
      [],
    ]);
    await place.ok("collection", "schedule", "find", "cron(0 0 2 1 ? 2099)", "--bucket", other);
    assert.deepEqual(await scheduled(other), ["cron(0 0 2 1 ? 2099)"]);
    await place.ok("collection", "stop", "find", "--bucket", other);
    assert.deepEqual([await scheduled(own), await scheduled(other)], [
      ["cron(0 0 1 1 ? 2099)"],
      [],
    ]);
  }));

/** Puts all files of a folder into a bucket of S3, and all of that into another folder, as sync tools do. */
async function syncedThroughS3(
  { from, to }: { from: string; to: string },
  { s3, bucket }: { s3: S3Client; bucket: string },
): Promise<void> {
  for (const path of await filesIn(from)) {
    const Key = relative(from, path).replaceAll("\\", "/");
    const Body = await Deno.readFile(path);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
  }
  const pages = paginateListObjectsV2({ client: s3 }, { Bucket: bucket });
  for await (const { Contents = [] } of pages) {
    for (const { Key = "" } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const path = join(to, ...Key.split("/"));
      await Deno.mkdir(dirname(path), { recursive: true });
      await Deno.writeFile(path, await Body?.transformToByteArray() ?? new Uint8Array());
    }
  }
}

Deno.test("a bucket that was synchronized to S3, and from there to a folder, is a copy in both places, and the original is left alone", () =>
  inOneProcess(async (place) => {
    const moto = await sharedMoto();
    Object.assign(place.env, moto.env);
    const s3 = new S3Client({
      region: MOTO_REGION,
      endpoint: moto.url,
      forcePathStyle: true,
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    });
    try {
      const CreateBucketConfiguration = { LocationConstraint: MOTO_REGION } as const;
      await s3.send(new CreateBucketCommand({ Bucket: "synced", CreateBucketConfiguration }));
      await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
      await place.add(FILTER);
      await place.harvest("find");
      await place.ok("collection", "filter-start", "live");
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      const [from, to] = [place.path("twarc-cloud-data"), place.path("back")];
      await syncedThroughS3({ from, to }, { s3, bucket: "synced" });
      for (const bucket of ["s3://synced", "./back"]) {
        for (
          const args of [
            ["collection", "filter-stop", "live"],
            ["collection", "once", "find"],
            ["scheduler"],
          ]
        ) {
          const { code, err } = await place.run(...args, "--bucket", bucket);
          assert.equal(code, 1, `${args.join(" ")} ${bucket}`);
          assert.match(err, /it is a copy, or has moved\. .*bucket is-copy --bucket /);
        }
        const listed = await place.ok("collection", "list", "--bucket", bucket);
        assert.equal(listed, "Collections:\nfind\nlive\n");
        const verified = await place.ok("collection", "verify", "find", "--bucket", bucket);
        assert.match(verified, /^find: intact\. 1 harvest, /);
        await place.ok("bucket", "is-copy", "--bucket", bucket);
        const { err } = await place.run("collection", "verify", "live", "--bucket", bucket);
        assert.doesNotMatch(err, /copy, or has moved/);
      }
      assert.equal(place.sandbox.streams.size, 1, "the original's harvester goes on");
      await place.ok("collection", "filter-stop", "live");
    } finally {
      s3.destroy();
      await moto.close();
    }
  }));
