/** Buckets as the Python original wrote them: one that it did write, where it is here, and one made by code. */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { MemoryStore } from "./memory_store.ts";

const ROOT = Deno.env.get("TWARC_CLOUD_ORIGINAL_BUCKET") ??
  fileURLToPath(new URL("../../../shared/original-bucket", import.meta.url));
const encoder = new TextEncoder();

/** The objects of a bucket, by their keys. */
export type Objects = Map<string, Uint8Array>;

/** The values of the keys that these buckets have in the clear, as they stand in JSON. */
export const ORIGINAL_SECRET = /"(ck|cs|1-at|ats)"/;

/** The buckets, each with its name. */
export async function originalBuckets(): Promise<[string, Objects][]> {
  const real = await realBucket();
  return [["made by code", madeBucket()], ...real ? [["real", real] as [string, Objects]] : []];
}

/** A store in memory with a bucket's objects. */
export async function storeOf(objects: Objects): Promise<MemoryStore> {
  const store = new MemoryStore();
  for (const [key, bytes] of objects) await store.put(key, bytes);
  return store;
}

/** Writes a bucket into a folder. */
export async function placeIn(folder: string, objects: Objects): Promise<void> {
  for (const [key, bytes] of objects) {
    const path = join(folder, ...key.split("/"));
    await Deno.mkdir(join(path, ".."), { recursive: true });
    await Deno.writeFile(path, bytes);
  }
}

/** The objects of one of its collections, under another id. */
export function renamed(objects: Objects, from: string, to: string): Objects {
  const found: Objects = new Map();
  for (const [key, bytes] of objects) {
    if (!key.startsWith(`collections/${from}/`)) continue;
    const name = key.replace(`collections/${from}/`, `collections/${to}/`);
    const isJson = key.endsWith(".json");
    found.set(name, isJson ? named(bytes, from, to) : bytes);
  }
  return found;
}

function named(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = new TextDecoder().decode(bytes);
  return encoder.encode(
    text.replaceAll(
      new RegExp(`"((?:collection_)?id)": ?${JSON.stringify(from)}`, "g"),
      (_, member) => `${JSON.stringify(member)}: ${JSON.stringify(to)}`,
    ),
  );
}

async function realBucket(): Promise<Objects | null> {
  const objects: Objects = new Map();
  const look = async (folder: string, prefix: string): Promise<void> => {
    for (const { name, isDirectory } of await Array.fromAsync(Deno.readDir(folder))) {
      const [path, key] = [join(folder, name), `${prefix}${name}`];
      if (isDirectory) await look(path, `${key}/`);
      else objects.set(key, await Deno.readFile(path));
    }
  };
  try {
    await look(join(ROOT, "collections"), "collections/");
    return objects;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    // deno-lint-ignore no-console
    console.log(`original-bucket is not here (${ROOT}): what the original wrote is left out`);
    return null;
  }
}

const HARVEST = "harvests/2026/11/28/11/15/40/";
const KEYS = {
  consumer_key: "ck",
  consumer_secret: "cs",
  access_token: "1-at",
  access_token_secret: "ats",
};

/** A collection `people` of two tweets, one `words` of none, and one `live` of one. */
function madeBucket(): Objects {
  const people = { type: "user_timeline", users: { "12": { screen_name: "user_a" } } };
  return new Map([
    ...collection("people", people, ["1101479829856159553", "1101479829856159552"]),
    ...collection("words", { type: "search", search: { query: "x" } }, []),
    ...collection("live", { type: "filter", filter: { track: "x" } }, ["1101479829856159553"]),
  ]);
}

function collection(id: string, of: object, tweets: string[]): [string, Uint8Array][] {
  const root = `collections/${id}/`;
  const began = "2026-11-28T11:15:40.441189";
  const timestamp = "2026-11-28T11:15:39.995602";
  const { consumer_key, access_token } = KEYS;
  const json = (value: unknown) => encoder.encode(JSON.stringify(value, null, 2));
  const lines = tweets.map((one) => `{"id":${one},"id_str":"${one}","full_text":"x"}\n`);
  const file = gzipSync(lines.join(""));
  const sha1 = createHash("sha1").update(file).digest("hex");
  const name = "tweets-20261128111540.jsonl.gz";
  const files = tweets.length > 0 ? 1 : 0;
  const told = {
    collection_id: id,
    harvest_timestamp: began,
    tweets: tweets.length,
    files,
    file_bytes: file.length - 20,
    harvest_end_timestamp: "2026-11-28T11:15:41.129149",
  };
  const change = { update: { keys: KEYS, ...of }, delete: [], change_timestamp: timestamp };
  const own = { id, keys: KEYS, ...of, timestamp };
  const copy = { id, keys: { consumer_key, access_token }, ...of, timestamp };
  const manifest = files > 0 ? `${sha1}  ${name}\n` : "";
  return [
    [`${root}collection.json`, json(own)],
    [`${root}last_harvest.json`, json({ harvest_id: began })],
    [`${root}changesets/change-20261128111539.json`, json(change)],
    [`${root}${HARVEST}collection.json`, json(copy)],
    [`${root}${HARVEST}harvester.json`, json(told)],
    [`${root}${HARVEST}manifest-sha1.txt`, encoder.encode(manifest)],
    ...(files > 0 ? [[`${root}${HARVEST}${name}`, file] as [string, Uint8Array]] : []),
  ];
}
