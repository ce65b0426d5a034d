import assert from "node:assert/strict";
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
    assert.equal(out, "Exported to export/find.csv\n");
    assert.match(err, /243 tweets exported, 0 of them retweets\. 0 came again\./);
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
    assert.equal(out, "Exported to export/find.ids\n");
    assert.match(
      err,
      /Error: harvests\/.*\.jsonl\.gz is damaged: .*`twarc-cloud collection verify find`/,
    );
    const ids = (await Deno.readTextFile(place.path("export", "find.ids"))).trimEnd().split("\n");
    assert.equal(ids.length, 3);
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
