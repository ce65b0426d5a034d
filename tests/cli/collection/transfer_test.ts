import assert from "node:assert/strict";
import { treeOf } from "../../store/bucket_folder.ts";
import { inOneProcess, type Place } from "../../e2e/program.ts";
import { copyFolder } from "../../fakes/folder.ts";

const SEARCH = { id: "find", type: "search", search: { query: "sandbox" } };

async function json(place: Place, ...args: string[]) {
  return JSON.parse(await place.ok(...args, "--json"));
}

async function ids(place: Place, bucket = "./twarc-cloud-data"): Promise<string[]> {
  return await json(place, "collection", "list", "--bucket", bucket);
}

Deno.test("a collection that is renamed goes on under its new id, with its keys, its schedule and its history", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    const tweets = await place.tweets("find");
    await place.ok(
      "collection",
      "schedule",
      "find",
      "cron(0 10 * * ? *)",
      "--tweets-per-file",
      "7",
    );
    assert.equal(
      await place.ok("collection", "rename", "find", "found"),
      "find was renamed: found in ./twarc-cloud-data\n",
    );
    assert.deepEqual(await ids(place), ["found"]);
    assert.deepEqual(await place.tweets("found"), tweets);
    const [scheduled, ...others] = await json(place, "collection", "scheduled");
    assert.deepEqual([scheduled.collection_id, scheduled.schedule, others], [
      "found",
      "cron(0 10 * * ? *)",
      [],
    ]);
    const path = await place.runnerPath("schedules", "found.json");
    assert.deepEqual(JSON.parse(await Deno.readTextFile(path)).flags, { tweetsPerFile: 7 });
    place.post(3);
    await place.ok("collection", "once", "found", "--wait");
    assert.equal((await place.tweets("found")).length, tweets.length + 3);
    await place.ok("collection", "verify", "found");
    assert.match(
      await place.ok("collection-config", "changes", "found"),
      /^id changed from None to found on/m,
    );
    const names = await Array.fromAsync(
      Deno.readDir(place.path("twarc-cloud-data")),
      ({ name }) => name,
    );
    // What a machine keeps is in no bucket.
    assert.ok(!names.includes("runner"), names.join());
  }));

Deno.test("the last harvest of a renamed or copied collection is that of its own folder", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    await place.ok("collection", "copy", "find", "twin");
    await place.ok("collection", "rename", "find", "found");
    for (const id of ["twin", "found"]) {
      const text = await place.ok("harvest", "last", id);
      assert.match(text, new RegExp(`^${id} => Bucket: `));
      const [, folder = ""] = /^Files are in (.*)$/m.exec(text) ?? [];
      assert.ok((await Deno.stat(place.path(folder))).isDirectory);
      const last = await json(place, "harvest", "last", id);
      assert.deepEqual([last.collection_id, last.location], [id, folder]);
      assert.ok(folder.includes(`/collections/${id}/harvests/`), folder);
      await place.ok("collection", "export", id, "--format", "bagit");
      const path = place.path("export", `${id}.bagit`, "data", "ro-crate-metadata.json");
      const crate: { "@graph": { "@type": string; name: string; result?: unknown[] }[] } = JSON
        .parse(
          await Deno.readTextFile(path),
        );
      const [run] = crate["@graph"].filter((one) => one["@type"] === "CreateAction");
      assert.match(run?.name ?? "", new RegExp(` of ${id}$`));
      assert.ok((run?.result?.length ?? 0) > 0, "its files are its result");
    }
  }));

Deno.test("a collection is copied under another id, and moved to another bucket and back", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    const tweets = await place.tweets("find");
    await place.ok("collection", "copy", "find", "copy", "--no-keys");
    assert.deepEqual(await ids(place), ["copy", "find"]);
    assert.match((await place.run("collection", "once", "copy")).err, /collection keys copy/);
    await place.ok("collection", "move", "find", "--to", "./other");
    assert.deepEqual([await ids(place), await ids(place, "./other")], [["copy"], ["find"]]);
    await place.ok("collection", "verify", "find", "--bucket", "./other");
    assert.equal((await json(place, "bucket", "show", "--bucket", "./other")).format, 1);
    await place.ok(
      "collection",
      "move",
      "find",
      "--bucket",
      "./other",
      "--to",
      "./twarc-cloud-data",
    );
    assert.deepEqual(await ids(place), ["copy", "find"]);
    assert.deepEqual(await place.tweets("find"), tweets);
    await place.ok("collection", "once", "find", "--wait");
    for (
      const [args, says] of [
        [["rename", "find", "copy"], /Collection copy already exists in bucket/],
        [["rename", "find", "find"], /find is there already\. Name another id/],
        [["move", "find", "--to", "./twarc-cloud-data"], /find is there already\. Name another/],
        [["rename", "find", "a b"], /cannot be a collection's id/],
        [["copy", "none", "more"], /There is no collection none/],
      ] as const
    ) {
      const { code, err } = await place.run("collection", ...args);
      assert.equal(code, 1, args.join(" "));
      assert.match(err, says);
    }
    assert.deepEqual(await ids(place), ["copy", "find"]);
  }));

Deno.test("what is moved stays where the new one has faults, unless they are known", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.harvest("find");
    const [folder = ""] = await place.harvests("find");
    await Deno.remove(`${folder}/harvest.json`);
    const { code, err } = await place.run("collection", "move", "find", "--to", "./other");
    assert.equal(code, 1);
    assert.match(err, /\d faults? found in find, so find stays\. .*collection verify find$/m);
    assert.deepEqual(await ids(place), ["find"]);
    await place.ok("collection", "move", "find", "--to", "./other", "--despite-faults");
    assert.deepEqual([await ids(place), await ids(place, "./other")], [[], ["find"]]);
  }));

Deno.test("a folder that was copied under another id is refused with the command that copies it", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    const folder = (id: string) => place.path("twarc-cloud-data", "collections", id);
    await copyFolder(folder("find"), folder("copy"));
    await place.ok("collection-config", "download", "find");
    const file = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    await place.writeJson("collection.json", { ...file, id: "copy" });
    const before = await treeOf(folder("copy"));
    const refused = [
      ["collection-config", "download", "copy"],
      ["collection-config", "changes", "copy"],
      ["collection-config", "update", "--yes"],
      ["collection-config", "update", "--force"],
      ["collection", "add"],
      ["collection", "keys", "copy"],
      ["collection", "once", "copy"],
      ["collection", "schedule", "copy", "rate(1 day)"],
      ["collection", "stop", "copy"],
      ["collection", "filter-stop", "copy"],
      ["collection", "freeze", "copy"],
      ["collection", "unfreeze", "copy", "--note", "go on"],
      ["collection", "rename", "copy", "more"],
      ["collection", "verify", "copy"],
      ["collection", "verify", "copy", "--repair"],
      ["collection", "report", "copy"],
      ["collection", "stats", "copy"],
      ["collection", "coverage", "copy"],
      ["collection", "gaps", "copy"],
      ["collection", "export", "copy"],
      ["collection", "cat", "copy"],
      ["collection", "dehydrate", "copy"],
      ["collection", "download", "copy"],
      ["collection", "compliance", "copy"],
      ["collection", "recover", "copy"],
      ["collection", "redact-keys", "copy", "--yes"],
      ["harvest", "running", "copy"],
      ["harvest", "last", "copy"],
      ["harvest", "unlock", "copy"],
      ["harvest", "logs", "copy"],
    ];
    for (const command of refused) {
      const { code, err } = await place.run(...command);
      assert.equal(code, 1, command.join(" "));
      assert.match(
        err,
        /The folder of collection copy has the configuration of find/,
        command.join(" "),
      );
      assert.match(err, /copy it with: twarc-cloud collection copy find copy$/m);
    }
    assert.deepEqual(await treeOf(folder("copy")), before);
    await Deno.remove(folder("copy"), { recursive: true });
    await place.ok("collection", "copy", "find", "copy");
    await place.ok("collection", "once", "copy", "--wait");
  }));

Deno.test("a rename that was cut while it removed the old one is ended by the same command, and by no other", () =>
  inOneProcess(async (place) => {
    await place.add(SEARCH);
    await place.ok("collection", "copy", "find", "found");
    const { id: bucket } = await json(place, "bucket", "show");
    const path = (...parts: string[]) => place.path("twarc-cloud-data", "collections", ...parts);
    await Deno.remove(path("find", "collection.json"));
    const at = "2026-01-02T03:04:05.000Z";
    await Deno.writeTextFile(
      path("find", "moved.json"),
      JSON.stringify({ bucket, id: "found", at }),
    );
    await Deno.writeTextFile(
      path("found", "transfer.json"),
      JSON.stringify({
        from: { bucket, id: "find" },
        began: at,
        schedule: { expression: "cron(0 10 * * ? *)", flags: {} },
      }),
    );
    const other = await place.run("collection", "rename", "find", "more");
    assert.equal(other.code, 1);
    assert.match(other.err, /find is found of bucket \S+ since 2026/);
    await place.ok("collection", "rename", "find", "found");
    assert.deepEqual(await ids(place), ["found"]);
    assert.deepEqual((await json(place, "collection", "scheduled"))[0].collection_id, "found");
    await place.ok("collection", "verify", "found");
    await assert.rejects(Deno.stat(path("found", "transfer.json")), Deno.errors.NotFound);
  }));
