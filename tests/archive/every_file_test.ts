import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify } from "../../lib/archive/verify.ts";
import { isoTime } from "../../lib/base/clock.ts";
import { stamp } from "../../lib/base/stamp.ts";
import { sha1Hex } from "../../lib/bucket/inventory_entry.ts";
import { collectionKeys, FILES } from "../../lib/collection/layout.ts";
import { looking } from "../fakes/looking.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const KEYS = collectionKeys("c");
/** When the two harvests began. */
const [ONE, OTHER] = [Date.UTC(2026, 0, 1), Date.UTC(2026, 0, 2)] as const;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const json = (value: unknown) => bytesOf(JSON.stringify(value));
const line = (value: unknown) => bytesOf(`${JSON.stringify(value)}\n`);

/** Every file that a harvest's folder can have, each with something in it that the other harvest's has not. */
function filesOf(began: number): Record<string, Uint8Array> {
  const id = `${began}`;
  const tweets = gzipSync(`{"id":${id},"id_str":"${id}","full_text":"a"}\n`);
  const files: Record<string, Uint8Array> = {
    [`tweets-${stamp(began)}.jsonl.gz`]: tweets,
    [FILES.config]: json({ id: "c", type: "filter", filter: { track: id } }),
    [FILES.users]: line({ id_str: id }),
    [FILES.userChanges]: json([{ user_id: id, change: "screen name found", screen_name: "a" }]),
    [FILES.messages]: line({ limit: { track: began } }),
    [FILES.gaps]: line({ from: began, to: began + 1_000, why: "cut" }),
    [FILES.filled]: line({ from: began, to: began + 500 }),
    [FILES.missing]: line({ id, why: "not found" }),
    [FILES.harvest]: json({
      collection_id: "c",
      harvest_timestamp: isoTime(began),
      harvest_end_timestamp: isoTime(began + 5_000),
      tweets: 1,
      files: 1,
      file_bytes: tweets.length,
      users: 1,
      user_changes: 1,
      messages: { limit: 1 },
      gaps: 1,
      missing: { "not found": 1 },
      outcome: "complete",
    }),
  };
  const sums = Object.entries(files).map(([name, bytes]) => `${sha1Hex(bytes)}  ${name}\n`);
  return { ...files, [FILES.manifest]: bytesOf(sums.join("")) };
}

/** Two harvests with every kind of file, and a change each, as an inventory has them. */
async function collected(): Promise<MemoryStore> {
  const store = new MemoryStore();
  await store.put(KEYS.config, json({ id: "c", type: "filter", filter: { track: "a" } }));
  for (const began of [ONE, OTHER]) {
    for (const [name, bytes] of Object.entries(filesOf(began))) {
      await store.put(`${KEYS.harvest(began)}${name}`, bytes);
    }
    const update = { filter: { track: `${began}` } };
    const change = { update, delete: [], change_timestamp: isoTime(began) };
    await store.put(KEYS.changeset(began), json(change));
  }
  await store.put(KEYS.lastHarvest, json({ harvest_id: isoTime(OTHER) }));
  const options = looking(store);
  const lease = await acquireLease({ ...options, holder: { id: "r", host: "here", pid: 1 } });
  await repair({ ...options, lease, holder: "r", onMended: () => {} });
  await lease.release();
  return store;
}
const WHOLE = await collected();

/** The files, each with the same of the other harvest. */
const PAIRS: [name: string, key: string, other: string][] = [
  ...Object.keys(filesOf(ONE)).map((name): [string, string, string] => [
    name.replace(/\d+/, "*"),
    `${KEYS.harvest(ONE)}${name}`,
    `${KEYS.harvest(OTHER)}${name.replace(stamp(ONE), stamp(OTHER))}`,
  ]),
  ["changeset", KEYS.changeset(ONE), KEYS.changeset(OTHER)],
];

/** Asserts that each of some keys has a fault, whatever is done to the store. */
async function checkFound(damage: (store: MemoryStore) => Promise<unknown>, keys: string[]) {
  const store = WHOLE.copy();
  await damage(store);
  const { faults } = await verify(looking(store));
  const found = new Set(faults.map(({ key }) => key));
  for (const key of keys) assert.ok(found.has(key), `${key}: ${JSON.stringify(faults)}`);
}

async function bytesIn(store: MemoryStore, key: string): Promise<Uint8Array> {
  return (await store.get(key))?.bytes ?? assert.fail(key);
}

Deno.test("the two harvests are whole, and have every kind of file", async () => {
  assert.deepEqual((await verify(looking(WHOLE))).faults, []);
  const names = Object.keys(filesOf(ONE)).filter((name) => !name.startsWith("tweets-"));
  const kinds = Object.values(FILES).filter((name) => name !== FILES.originalHarvest);
  assert.deepEqual(names.toSorted(), kinds.toSorted());
});

for (const [name, key, other] of PAIRS) {
  Deno.test(`${name} is found where it was deleted`, () =>
    checkFound((store) => store.delete(key), [key]));

  Deno.test(`${name} is found where a byte follows that says nothing`, () =>
    checkFound(async (store) => {
      await store.put(key, new Uint8Array([...await bytesIn(store, key), 0x20, 0x0a]));
    }, [key]));

  Deno.test(`${name} is found where it was emptied, or cut short`, async () => {
    for (const part of [0, 0.5]) {
      await checkFound(async (store) => {
        const bytes = await bytesIn(store, key);
        await store.put(key, bytes.slice(0, Math.floor(bytes.length * part)));
      }, [key]);
    }
  });

  Deno.test(`${name} is found in both harvests where it was swapped with the other's`, () =>
    checkFound(async (store) => {
      const [mine, theirs] = [await bytesIn(store, key), await bytesIn(store, other)];
      await store.put(key, theirs);
      await store.put(other, mine);
    }, [key, other]));
}

Deno.test("a harvest in the place of another, whole with its manifest, is found", () =>
  checkFound(async (store) => {
    for (const [name] of Object.entries(filesOf(ONE))) {
      await store.delete(`${KEYS.harvest(ONE)}${name}`);
    }
    for (const [name, bytes] of Object.entries(filesOf(OTHER))) {
      await store.put(`${KEYS.harvest(ONE)}${name}`, bytes);
    }
  }, [`${KEYS.harvest(ONE)}${FILES.manifest}`, `${KEYS.harvest(ONE)}${FILES.harvest}`]));
