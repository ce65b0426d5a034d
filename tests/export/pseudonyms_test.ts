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

Deno.test("links to posts and profiles have the pseudonym of whose they are, other links are as they were", async () => {
  const links = [
    "https://twitter.com/Ada/status/1/photo/1",
    "http://mobile.twitter.com/ada?s=20",
    "https://x.com/ada",
    "https://twitter.com/i/web/status/1",
    "https://netflix.com/ada",
  ];
  const hidden = [
    `https://twitter.com/${hmac("ada")}/status/1/photo/1`,
    `http://mobile.twitter.com/${hmac("ada")}?s=20`,
    `https://x.com/${hmac("ada")}`,
    ...links.slice(3),
  ];
  const urls = JSON.stringify(
    links.map((expanded_url) => ({ expanded_url, url: "https://t.co/a" })),
  );
  const page = `{"data":[{"id":"1","text":"a","author_id":"11","entities":{"urls":${urls}}}]}`;
  const status =
    `{"id":1,"id_str":"1","full_text":"a","user":{"id_str":"11","screen_name":"ada"},"entities":{"urls":${urls}}}`;
  const cells = [
    (await rowsOf("twarc", "2", [page])).rows[0]?.["entities.urls"],
    (await rowsOf("common", "2", [page])).rows[0]?.urls,
    (await rowsOf("4cat", "2", [page])).rows[0]?.urls,
    (await rowsOf("v1", "1.1", [status])).rows[0]?.urls,
  ];
  for (const cell of cells) {
    const found = (cell ?? "").match(/https?:\/\/(?!t\.co)[^\s",\]]+/g);
    assert.deepEqual(found, hidden, cell);
  }
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
