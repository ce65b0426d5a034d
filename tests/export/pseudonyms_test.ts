import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { parse } from "csv-parse/sync";
import { openTable } from "../../lib/export/columns.ts";
import { Pseudonyms, readPseudonyms } from "../../lib/export/pseudonyms.ts";
import { CsvWriter } from "../../lib/export/text_writers.ts";
import { madePages } from "../sandbox/v2_pages.ts";
import { exported, madeStatuses } from "./exported.ts";

const KEY = "0123456789abcdef";
const hmac = (text: string) => createHmac("sha256", KEY).update(text).digest("hex").slice(0, 16);

async function rowsOf(columns: string, api: string, lines: string[]) {
  const options = { columns, merge: true, apis: new Set([api]), pseudonyms: new Pseudonyms(KEY) };
  const csv = await exported(lines, (sink) => new CsvWriter(sink, openTable(options)));
  const text = new TextDecoder().decode(csv);
  return { text, rows: parse(text, { columns: true }) as Record<string, string>[] };
}

Deno.test("users have the same pseudonym in every table, and nothing but texts shows who they are", async () => {
  const names = { ada: hmac("ada"), eleven: hmac("11") };
  for (const columns of ["twarc", "common", "4cat"]) {
    const { text, rows } = await rowsOf(columns, "2", madePages());
    const row = rows[0] ?? {};
    assert.equal(row.author_id, names.eleven);
    assert.equal(row["author.username"] ?? row.author_handle ?? row.author, names.ada);
    assert.doesNotMatch(text.replaceAll(/@ada|"\[""@?[0-9a-f]{16}""\]"/g, ""), /\bada\b/, columns);
  }
  const { rows } = await rowsOf("v1", "1.1", madeStatuses());
  assert.equal(rows[0]?.user_id, names.eleven);
  assert.equal(rows[0]?.user_screen_name, names.ada);
  assert.equal(rows[0]?.user_name, "");
  assert.equal(rows[0]?.tweet_url, "");
});

Deno.test("a name has one pseudonym in any case, with another key another one", () => {
  const one = new Pseudonyms(`${KEY}\n`);
  assert.equal(one.of("@Ada"), hmac("ada"));
  assert.notEqual(new Pseudonyms(`${KEY}f`).of("ada"), one.of("ada"));
  assert.throws(() => new Pseudonyms("short\n"), /shorter than 16 characters/);
});

Deno.test("a key gives the same pseudonyms in whatever encoding its file is, and is refused in an unknown one", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/key`;
  const written = async (bytes: Uint8Array) => {
    await Deno.writeFile(path, bytes);
    return (await readPseudonyms(path)).of("ada");
  };
  try {
    // As PowerShell 5.1 writes with `>`.
    const utf16 = () => Buffer.from(`\ufeff${KEY}\r\n`, "utf16le");
    for (const text of [KEY, `${KEY}\n`, `${KEY}\r\n`, `\ufeff${KEY}\r\n`]) {
      assert.equal(await written(Buffer.from(text)), hmac("ada"), JSON.stringify(text));
    }
    assert.equal(await written(utf16()), hmac("ada"));
    assert.equal(await written(utf16().swap16()), hmac("ada"));
    await assert.rejects(written(Buffer.from(`${KEY}ü`, "latin1")), /key is not in UTF-8/);
    await assert.rejects(written(utf16().subarray(2)), /key is not text, or is in UTF-16 without/);
    await Deno.remove(path);
    await assert.rejects(readPseudonyms(path), /The key for pseudonyms .*key cannot be read/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
