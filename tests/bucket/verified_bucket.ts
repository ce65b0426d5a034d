/** A bucket to be verified and mended: a collection of two harvests. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { CheckpointState } from "../../lib/bucket/checkpoint_state.ts";
import type { Verified } from "../../lib/archive/found.ts";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { repair } from "../../lib/archive/repair.ts";
import { verify, type VerifyOptions } from "../../lib/archive/verify.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import { LocalStore } from "../../lib/store/folder/store.ts";
import type { Store } from "../../lib/store/store.ts";

/** Where the collection is. */
export const ROOT = "collections/c/";
/** When its harvests began. */
export const BEGAN = ["2026-01-02T03:04:05.000Z", "2026-01-03T03:04:05.000Z"] as const;
/** Their folders. */
export const FOLDERS = [
  `${ROOT}harvests/2026/01/02/03/04/05/`,
  `${ROOT}harvests/2026/01/03/03/04/05/`,
] as const;
/** The older harvest, and the newer one. */
export const [OLD, NEW] = FOLDERS;
/** The tweets file of each. */
export const FILE = "tweets-20260102030406.jsonl.gz";
const CONFIG = {
  user_timeline: { users: { 12: {} } },
  search: { search: { query: "a" } },
  filter: { filter: { track: "a" } },
};
type CollectionType = keyof typeof CONFIG;

/** A tweet of version 1.1. */
export const v1 = (id: number) => `{"id":${id},"id_str":"${id}"}`;
/** Lines as a tweets file. */
export const zipped = (...lines: string[]) => gzipSync(lines.map((line) => `${line}\n`).join(""));
/** A checksum as a manifest has it. */
export const sha1Of = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");
/** A text as bytes. */
export const text = (content: string) => new TextEncoder().encode(content);
/** What harvest.json says of a harvest of one file. */
export const harvestJson = (began: string, tweets: number, bytes: number) => ({
  collection_id: "c",
  harvest_timestamp: began,
  tweets,
  files: 1,
  file_bytes: bytes,
});

/** A bucket with a collection `c`. */
export class Bucket {
  readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  /** A collection of two harvests of a file each. */
  async fill(type: CollectionType, files: [Uint8Array, Uint8Array]): Promise<void> {
    const keys = { consumer_key: "a", consumer_secret: "b" };
    const tokens = { access_token: "c", access_token_secret: "d" };
    await this.json("collection.json", {
      id: "c",
      type,
      ...CONFIG[type],
      keys: { ...keys, ...tokens },
    });
    for (const [i, bytes] of files.entries()) {
      const folder = FOLDERS[i] ?? assert.fail();
      await this.harvest(folder, bytes, BEGAN[i] ?? assert.fail());
    }
    await this.json("last_harvest.json", { harvest_id: BEGAN[1] });
    await this.checkpoint({}, files[1]);
  }

  async harvest(folder: string, bytes: Uint8Array, began: string): Promise<void> {
    await this.store.put(`${folder}${FILE}`, bytes);
    await this.store.put(`${folder}manifest-sha1.txt`, text(`${sha1Of(bytes)}  ${FILE}\n`));
    const info = harvestJson(began, 2, bytes.length);
    await this.store.put(`${folder}harvest.json`, jsonBytes(info));
    await this.store.put(`${folder}collection.json`, jsonBytes({ id: "c" }));
  }

  async checkpoint(change: Partial<CheckpointState>, bytes: Uint8Array): Promise<void> {
    const counts = {
      walks: 1,
      walks_done: 1,
      users: 0,
      user_changes: 0,
      messages: {},
      undelivered: 0,
      gaps: 0,
    };
    const state: CheckpointState = {
      format: 1,
      holder: "somebody",
      commits: 4,
      state: "settled",
      type: "search",
      began: Date.parse(BEGAN[1]),
      at: Date.parse(BEGAN[1]),
      positions: {},
      files: [{ name: FILE, sha1: sha1Of(bytes), bytes: bytes.length, tweets: 2 }],
      update: { update: {}, delete: [] },
      counts,
      outcome: "complete",
      ...change,
    };
    await this.json("checkpoint.json", state);
  }

  async json(name: string, value: unknown): Promise<void> {
    await this.store.put(`${ROOT}${name}`, jsonBytes(value));
  }

  /** The content of an object as text. */
  async text(key: string): Promise<string> {
    const found = await this.store.get(key);
    return new TextDecoder().decode(found?.bytes ?? assert.fail(`${key} is not there`));
  }

  options(): VerifyOptions {
    const { signal } = new AbortController();
    const [isGone, onFile] = [() => false, () => {}];
    return { store: this.store, clock: systemClock, collectionId: "c", isGone, onFile, signal };
  }

  async verify(): Promise<Verified> {
    return await verify(this.options());
  }

  /** What is wrong, each as `<key below the collection>: <what>`, and whether it can be mended. */
  async faults(): Promise<string[]> {
    return told(await this.verify());
  }

  /** What was mended, and what is wrong then. */
  async repair(): Promise<{ mended: string[]; faults: string[] }> {
    const all: string[] = [];
    const options = this.options();
    const holder = { id: "mender", host: "here", pid: 1 };
    const lease = await acquireLease({ ...options, holder });
    const onMended = (what: string) => void all.push(what.replaceAll(ROOT, ""));
    try {
      const found = await repair({ ...options, lease, holder: holder.id, onMended });
      // What has no inventory yet gets one.
      const mended = all.filter((what) => !what.startsWith("inventory.jsonl has"));
      return { mended, faults: told(found) };
    } finally {
      await lease.release();
    }
  }
}

function told({ faults }: Verified): string[] {
  return faults.map(({ key, says, canBeMended }) =>
    `${key.slice(ROOT.length)}: ${says}${canBeMended ? " (mended)" : ""}`.replaceAll(ROOT, "")
  );
}

/** Gives a test a bucket with one collection, in a folder. */
export async function withBucket(
  use: (bucket: Bucket) => Promise<void>,
  type: CollectionType = "search",
  files: [Uint8Array, Uint8Array] = [zipped(v1(1), v1(2)), zipped(v1(3), v1(4))],
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const bucket = new Bucket(await LocalStore.open(folder));
    await bucket.fill(type, files);
    await use(bucket);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A key below the collection. */
export const below = (folder: string, name: string) => `${folder.slice(ROOT.length)}${name}`;
