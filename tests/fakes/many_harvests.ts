/** A collection of many small harvests in a folder, with all that this program writes of them: made without harvesting. */

import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { type FileSum, fileSum, lineHash } from "../../lib/bucket/inventory_entry.ts";
import { isoTime } from "../../lib/base/clock.ts";
import { stamp } from "../../lib/base/stamp.ts";
import { folderStamp } from "../../lib/collection/layout.ts";
import { LocalStore } from "../../lib/store/folder/store.ts";
import { MemoryStore } from "./memory_store.ts";

/** When the first harvest began, and how many milliseconds lie between two. */
const [FIRST, BETWEEN] = [Date.UTC(2020, 0, 1), 3_600_000];
/** Entries of a file of the inventory, and lines of one of the coverage, as many as fill it. */
const [ENTRIES, SPANS] = [90, 360];
/** Harvests of which one has a gap. */
const GAP_EVERY = 10;
/** Users that a harvest has seen. */
const USERS = 2;

const encoder = new TextEncoder();
const jsonOf = (value: unknown) => encoder.encode(JSON.stringify(value));
const linesOf = (values: unknown[]) =>
  encoder.encode(values.map((value) => `${JSON.stringify(value)}\n`).join(""));

/** Writes files below a folder. */
async function write(folder: string, files: Record<string, Uint8Array>): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, bytes] of Object.entries(files)) {
    await Deno.writeFile(join(folder, name), bytes);
  }
}

/** The files of one harvest, with its manifest. @param tweets How many it has */
function filesOf(began: number, tweets: number): Record<string, Uint8Array> {
  const lines = Array.from({ length: tweets }, (_, i) => {
    const id = BigInt(began) * 1_000n + BigInt(i);
    return `{"id":${id},"id_str":"${id}","full_text":"a tweet","user":{"id":1,"id_str":"1"}}\n`;
  });
  const packed = gzipSync(lines.join(""));
  const name = `tweets-${stamp(began)}.jsonl.gz`;
  const users = Array.from({ length: USERS }, (_, i) => ({
    id_str: `${i + 1}`,
    screen_name: `user${i + 1}`,
    description: "What a user says of itself. ".repeat(20),
  }));
  const hasGap = (began - FIRST) / BETWEEN % GAP_EVERY === 0;
  const gap = { from: began - 60_000, to: began, why: "The connection was lost" };
  const sides = {
    ...(hasGap ? { "gaps.jsonl": linesOf([gap]) } : {}),
    "users.jsonl": linesOf(users),
    "collection.json": jsonOf({ id: "c", type: "search", search: { query: "a" } }),
    "harvest.json": jsonOf({
      collection_id: "c",
      harvest_timestamp: isoTime(began),
      harvest_end_timestamp: isoTime(began + 1_000),
      tweets,
      files: 1,
      file_bytes: packed.length,
      outcome: "complete",
      users: USERS,
      gaps: hasGap ? 1 : 0,
    }),
  };
  const listed = Object.entries({ [name]: packed, ...sides });
  const manifest = listed.map(([file, bytes]) => `${fileSum(bytes).sha1}  ${file}\n`).join("");
  return { [name]: packed, ...sides, "manifest-sha1.txt": encoder.encode(manifest) };
}

/** Lines that are only added to, with the full files in a folder of their own. */
class Journal {
  readonly #folder: string;
  readonly #name: string;
  readonly #full: number;
  #lines: string[] = [];
  #parts = 0;

  constructor(folder: string, name: string, full: number) {
    [this.#folder, this.#name, this.#full] = [folder, name, full];
  }

  async add(line: string): Promise<void> {
    if (this.#lines.length === this.#full) {
      const first = `${this.#parts++ * this.#full + 1}`.padStart(8, "0");
      const name = `${first}-${lineHash(this.#text()).slice(0, 8)}.jsonl`;
      await write(join(this.#folder, this.#name), { [name]: encoder.encode(this.#text()) });
      this.#lines = [];
    }
    this.#lines.push(line);
  }

  async end(): Promise<void> {
    await write(this.#folder, { [`${this.#name}.jsonl`]: encoder.encode(this.#text()) });
  }

  #text(): string {
    return this.#lines.map((line) => `${line}\n`).join("");
  }
}

/** An inventory, as it grows. */
class Inventory {
  readonly #journal: Journal;
  #entry = 0;
  #before: string | null = null;

  constructor(folder: string) {
    this.#journal = new Journal(folder, "inventory", ENTRIES);
  }

  async add(draft: object, at: number): Promise<void> {
    const entry = { entry: ++this.#entry, at: isoTime(at), ...draft, program: "test" };
    const line = JSON.stringify({ ...entry, before: this.#before });
    this.#before = lineHash(line);
    await this.#journal.add(line);
  }

  end(): Promise<void> {
    return this.#journal.end();
  }
}

/**
 * Makes collection `c` in a bucket: an hour between two harvests, each with some tweets and a change that it made.
 * @param options.known How many of them are there already
 */
export async function manyHarvests(
  bucket: string,
  { harvests, tweets = 10, known = 0 }: { harvests: number; tweets?: number; known?: number },
): Promise<void> {
  const folder = join(bucket, "collections", "c");
  const inventory = new Inventory(folder);
  const coverage = new Journal(folder, "coverage", SPANS);
  let last = FIRST;
  for (let i = 0; i < harvests; i++) {
    const began = last = FIRST + i * BETWEEN;
    const files = filesOf(began, tweets);
    const change = `change-${stamp(began + 1_000)}.json`;
    const changeset = jsonOf({
      update: { search: { since_id: `${began}` } },
      delete: [],
      change_timestamp: isoTime(began + 1_000),
      harvest_timestamp: isoTime(began),
      note: "Changes based on harvester.",
    });
    if (i >= known) {
      await write(join(folder, "harvests", ...folderStamp(began).split("/")), files);
      await write(join(folder, "changesets"), { [change]: changeset });
    }
    const sums = Object.entries(files).map(([name, bytes]): [string, FileSum] => {
      const isTweets = name.startsWith("tweets-");
      return [name, { ...fileSum(bytes), ...(isTweets ? { tweets } : {}) }];
    });
    await inventory.add({
      what: "harvest",
      folder: `harvests/${folderStamp(began)}`,
      tweets,
      files: Object.fromEntries(sums),
      changesets: { [change]: fileSum(changeset) },
    }, began + 1_000);
    await coverage.add(JSON.stringify({
      at: isoTime(began + 1_000),
      what: "harvest",
      from: isoTime(began - BETWEEN),
      to: isoTime(began),
      harvest_timestamp: isoTime(began),
      outcome: "complete",
      tweets,
    }));
  }
  await inventory.end();
  await coverage.end();
  await write(folder, {
    "collection.json": jsonOf({ id: "c", type: "search", search: { query: "a" } }),
    "last_harvest.json": jsonOf({ harvest_id: isoTime(last) }),
  });
}

/** Returns a store in memory with what is in a folder. */
export async function loaded(bucket: string): Promise<MemoryStore> {
  const store = new MemoryStore();
  const local = await LocalStore.open(bucket);
  for await (const { key } of local.list("")) {
    const found = await local.get(key);
    if (found) await store.put(key, found.bytes);
  }
  return store;
}
