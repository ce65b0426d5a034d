import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { withTwoFiles } from "./two_harvests.ts";
import { withPages } from "./v2_payloads.ts";

/** The names in a folder. */
async function names(folder: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).toSorted();
}

Deno.test("export writes a table of json2csv's columns of version 1.1, and a document beside it that says what is in it", () =>
  withTwoFiles(async (place) => {
    const { out, err } = await place.run("collection", "export", "find");
    assert.equal(out, `Exported to ${join("export", "find.csv")}\n`);
    assert.match(err, /243 tweets exported, 0 of them retweets\./);
    const rows: Record<string, string>[] = parse(
      await Deno.readTextFile(place.path("export", "find.csv")),
      { columns: true },
    );
    const ids = (await place.ok("collection", "dehydrate", "find")).trimEnd().split("\n");
    assert.deepEqual(rows.map(({ id }) => id), ids);
    assert.match(rows[0]?.text ?? "", /@\w+ #\w+/);
    assert.deepEqual(await names(place.path("export")), ["find.csv", "find.csv.export.json"]);
    const document = JSON.parse(
      await Deno.readTextFile(place.path("export", "find.csv.export.json")),
    );
    assert.equal(document.counts.rows, 243);
  }));

Deno.test("export writes the tweets as they were recorded, or their ids, to standard output as well", () =>
  withTwoFiles(async (place) => {
    const lines = await place.tweets("find");
    const all = ["collection", "export", "find", "--output", "-"];
    assert.equal(await place.ok(...all, "--format", "jsonl"), `${lines.join("\n")}\n`);
    const ids = await place.ok("collection", "dehydrate", "find");
    assert.equal(await place.ok(...all, "--format", "ids"), ids);
    assert.equal(await Deno.stat(place.path("export")).catch(() => null), null);
  }));

Deno.test("a tweets file that is damaged is named, the rest is exported, and the exit code is 1", () =>
  withTwoFiles(async (place, [file]) => {
    await Deno.writeFile(file, (await Deno.readFile(file)).slice(0, 100));
    const { code, out, err } = await place.run("collection", "export", "find", "--format", "ids");
    assert.equal(code, 1);
    assert.equal(out, `Exported to ${join("export", "find.ids")}\n`);
    assert.match(
      err,
      /Error: harvests\/.*\.jsonl\.gz is damaged \(it cannot be read beyond line 0\): .*`twarc-cloud collection verify find`/,
    );
    const ids = (await Deno.readTextFile(place.path("export", "find.ids"))).trimEnd().split("\n");
    assert.equal(ids.length, 3);
  }));

Deno.test("a bag has a damaged file as it is, and names it; a harvest that has such a bag can be read from it", () =>
  withTwoFiles(async (place, [file]) => {
    const bag = ["collection", "export", "find", "--format", "bagit"];
    const whole = await place.run(...bag, "--output", "whole");
    assert.equal(whole.code, 0, whole.err);
    assert.match(whole.err, /The citation lacks title, creators, publisher, year, rights: add it/);
    const inBag = place.path("whole", "data");
    const report = await place.ok("collection", "report", "find");
    assert.equal(await Deno.readTextFile(`${inBag}/reports/find.md`), report);
    // A copy has no keys, which only a harvest needs.
    const copy = await place.ok("collection", "report", "find", "--bucket", inBag);
    assert.match(copy, /243 tweets are recorded/);
    for (const command of ["stats", "gaps", "coverage"]) {
      await place.ok("collection", command, "find", "--bucket", inBag);
    }
    await place.ok("collection", "verify", "find", "--bucket", inBag);
    const again = await place.run(...bag, "--output", "whole");
    assert.equal(again.code, 1);
    assert.match(again.err, /whole already exists/);

    await Deno.writeFile(file, (await Deno.readFile(file)).slice(0, 100));
    const { code, out, err } = await place.run(...bag);
    assert.equal(code, 1, err);
    assert.equal(out, `Exported to ${join("export", "find.bagit")}\n`);
    assert.match(err, /One file is not in the bucket as listed: .*\.jsonl\.gz \(damaged\)/);
    const document = JSON.parse(
      await Deno.readTextFile(place.path("export/find.bagit/export.json")),
    );
    assert.equal(document.lacks.length, 1);
    assert.deepEqual(await names(place.path("export")), ["find.bagit"]);
  }));

Deno.test("export writes twarc-csv's columns of version 2", () =>
  withPages(async (place, pages) => {
    await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
    await place.harvest("find");
    await place.ok("collection", "export", "find");
    const rows: Record<string, string>[] = parse(
      await Deno.readTextFile(place.path("export", "find.csv")),
      { columns: true },
    );
    const ids = new Set((await place.ok("collection", "dehydrate", "find")).trimEnd().split("\n"));
    assert.deepEqual(rows.map(({ id }) => id), [...ids]);
    assert.equal(Object.keys(rows[0] ?? {}).length, 84);
    assert.ok(pages.length > 0);
    assert.ok(rows.some((row) => row["author.username"] === "ada"));
  }));

Deno.test("export makes a folder of Parquet, with what it is in the files, and takes new members as columns", () =>
  withPages(async (place) => {
    await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
    await place.harvest("find");
    const document = JSON.parse(
      await place.ok("collection", "export", "find", "--format", "parquet", "--json"),
    );
    assert.deepEqual(await names(place.path("export", "find")), [
      "_export.json",
      "posts-00000-of-00001.parquet",
    ]);
    assert.match(document.manifests_sha256, /^[0-9a-f]{64}$/);
    await place.ok("collection", "export", "find", "--extra-columns", "lang_guess,note_tweet.text");
    const [header = ""] = (await Deno.readTextFile(place.path("export", "find.csv"))).split("\n");
    assert.ok(header.endsWith("__twarc.version,lang_guess,note_tweet.text"), header);
    await place.ok("collection", "export", "find", "--extra-columns", "auto", "--sample", "3");
    const rows = (await Deno.readTextFile(place.path("export", "find.csv"))).trimEnd();
    assert.equal(parse(rows).length, 4);
  }));

Deno.test("what cannot be exported is refused in one line, and leaves nothing", () =>
  withTwoFiles(async (place) => {
    await Deno.writeTextFile(place.path("short"), "key");
    const refused: [string[], number, RegExp][] = [
      [["none"], 1, /none/],
      [
        ["find", "--columns", "twarc"],
        1,
        /for version 2 of the API, but the tweets are of version 1\.1/,
      ],
      [["find", "--columns", "nonsense"], 1, /"nonsense" is not a column/],
      [["find", "--harvest", "20010101000000"], 1, /find has no harvest 20010101000000/],
      [["find", "--pseudonyms", "nowhere"], 1, /nowhere cannot be read.*openssl/],
      [["find", "--pseudonyms", "short"], 1, /shorter than 16 characters/],
      [["find", "--output", "short/a.csv"], 1, /short\/a\.csv cannot be written/],
      [["find", "--pseudonyms", "short", "--format", "jsonl"], 2, /for csv, parquet and gexf/],
      [["find", "--excel", "--format", "ids"], 2, /--excel is for/],
      [["find", "--raw", "--format", "ids"], 2, /--raw is for/],
      [["find", "--columns", "common", "--format", "jsonl"], 2, /--columns is for/],
      [["find", "--output", "-", "--format", "parquet"], 2, /folder of files/],
      [["find", "--format", "bagit", "--from", "2026-01-01"], 2, /--from is not for bagit/],
      [["find", "--extra-columns", "auto"], 2, /--extra-columns auto is for/],
      [["find", "--from", "yesterday"], 2, /2026-01-31/],
      [["find", "--sample", "0"], 2, /a number of tweets/],
    ];
    for (const [args, code, says] of refused) {
      const ran = await place.run("collection", "export", ...args);
      assert.equal(ran.code, code, `${args.join(" ")}: ${ran.err}`);
      assert.match(ran.err, says);
      assert.equal(ran.out, "");
    }
    assert.equal(await Deno.stat(place.path("export")).catch(() => null), null);
  }));
