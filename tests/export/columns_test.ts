import assert from "node:assert/strict";
import { parse } from "csv-parse/sync";
import { openTable } from "../../lib/export/columns.ts";
import { CsvWriter, JsonlWriter } from "../../lib/export/text_writers.ts";
import { exported } from "./exported.ts";

const LARGE = "9007199254740993";
const ANSWER =
  `{"data":{"id":"20","text":"a","n":${LARGE}},"matching_rules":[{"id":${LARGE},"tag":"b"}]}`;
const STATUS = `{"id":${LARGE},"id_str":"${LARGE}","text":"a","n":${LARGE},"retweeted_status":` +
  `{"id":${LARGE.replace("3", "1")},"id_str":"${LARGE.replace("3", "1")}","text":"b"}}`;

Deno.test("a table has numbers beyond 2^53 with the digits that were sent, in both versions", async () => {
  const tables: [string, string, string][] = [["2", ANSWER, "matching_rules"], [
    "1.1",
    STATUS,
    "id",
  ]];
  for (const [api, line, name] of tables) {
    const table = openTable({ apis: new Set([api]), extra: ["n"], merge: true });
    const bytes = await exported([line], (sink) => new CsvWriter(sink, table));
    const [row]: Record<string, string>[] = parse(new TextDecoder().decode(bytes), {
      columns: true,
    });
    assert.equal(row?.n, LARGE);
    assert.equal(row?.[name], api === "2" ? `[{"id":${LARGE},"tag":"b"}]` : LARGE);
  }
});

Deno.test("such a number is counted as a member that is new, by its name", async () => {
  const table = openTable({ apis: new Set(["2"]), merge: true });
  await exported([ANSWER], (sink) => new CsvWriter(sink, table));
  assert.deepEqual(new Map(table.unknown), new Map([["n", 1]]));
});

Deno.test("what is written anew keeps them too: flattened tweets, and statuses inside of others", async () => {
  const linesOf = async (line: string) => {
    const bytes = await exported([line], (sink) => new JsonlWriter(sink), { referenced: true });
    return new TextDecoder().decode(bytes).trimEnd().split("\n");
  };
  const [flat = ""] = await linesOf(ANSWER);
  assert.match(flat, new RegExp(`"n":${LARGE}.*"matching_rules":\\[{"id":${LARGE},`));
  const inside = /"retweeted_status":(.*)}$/.exec(STATUS)?.[1];
  assert.deepEqual(await linesOf(STATUS), [inside, STATUS]);
});
