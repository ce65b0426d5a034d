/** A bucket whose collection is downloaded while it is harvested, and copies that are looked at as `sha1sum -c` does. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import type { CheckpointState } from "../../lib/bucket/checkpoint_state.ts";
import { download, type DownloadOptions } from "../../lib/cli/collection/download.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

/** The folder of the collection. */
export const ROOT = "collections/c/";
/** The folder of its harvest. */
export const HARVEST = `${ROOT}harvests/2026/01/02/03/04/05/`;

/** A text as bytes. */
export const bytesOf = (text: string) => new TextEncoder().encode(text);
/** A checksum as a manifest has it. */
export const sha1Of = (bytes: Uint8Array) => createHash("sha1").update(bytes).digest("hex");

type State = CheckpointState["state"];
const [PIECE] = bytesOf("p");

/** A harvest of a stream: pieces come, and are merged into segments. */
export class Harvest {
  readonly store = new MemoryStore();
  /** What its manifest lists. */
  readonly listed = new Map<string, Uint8Array>();
  /** Whether its checkpoint is ahead of its manifest, which has whole segments only. */
  readonly hasCheckpoint: boolean;
  #number = 0;

  constructor({ hasCheckpoint = false } = {}) {
    this.hasCheckpoint = hasCheckpoint;
  }

  /** The next piece. */
  async flush(): Promise<void> {
    await this.#add(`piece ${this.#number}`);
    await this.#list();
  }

  /** All pieces as one segment: that is put, then listed, and then they go. */
  async merge(): Promise<void> {
    await this.#merge("harvesting");
  }

  async #merge(state: State): Promise<void> {
    const pieces = [...this.listed].filter(([, bytes]) => bytes[0] === PIECE);
    await this.#add(`segment of ${pieces.length}`);
    for (const [name] of pieces) this.listed.delete(name);
    await this.#list(state);
    for (const [name] of pieces) await this.store.delete(`${HARVEST}${name}`);
  }

  /** One file in the place of another. */
  async replace(key: string): Promise<void> {
    this.listed.delete(key.slice(HARVEST.length));
    await this.flush();
    await this.store.delete(key);
  }

  /** The harvest's end: what tells of it comes after its last manifest. */
  async end(): Promise<void> {
    await this.#merge("finished");
    const info = { files: this.listed.size };
    await this.store.put(`${HARVEST}harvest.json`, bytesOf(JSON.stringify(info)));
    await this.store.put(
      `${ROOT}last_harvest.json`,
      bytesOf(`{"harvest_id":"2026-01-02T03:04:05Z"}`),
    );
    if (this.hasCheckpoint) await this.#commit("settled");
  }

  async #commit(state: State): Promise<void> {
    const options = { collectionId: "c", type: "filter", holder: "here", clock: systemClock };
    const checkpoint = await Checkpoint.open(this.store, options);
    if (checkpoint.state.commits === 0) {
      await checkpoint.begin(Date.UTC(2026, 0, 2, 3, 4, 5), { walks: 1, type: "filter" });
    }
    const files = [...this.listed].map(([name, bytes]) => {
      return { name, sha1: sha1Of(bytes), bytes: bytes.length, tweets: 1 };
    });
    await checkpoint.commit({ files, state });
  }

  async #add(text: string): Promise<void> {
    const name = `tweets-2026010203${String(++this.#number).padStart(4, "0")}.jsonl.gz`;
    await this.store.put(`${HARVEST}${name}`, bytesOf(text));
    this.listed.set(name, bytesOf(text));
  }

  async #list(state: State = "harvesting"): Promise<void> {
    if (this.hasCheckpoint) await this.#commit(state);
    const isBehind = this.hasCheckpoint && state === "harvesting";
    const listed = [...this.listed].filter(([, bytes]) => !isBehind || bytes[0] !== PIECE);
    const rows = listed.map(([name, bytes]) => `${sha1Of(bytes)}  ${name}\n`);
    await this.store.put(`${HARVEST}manifest-sha1.txt`, bytesOf(rows.join("")));
  }
}

/** A collection that is being harvested. */
export async function harvesting(
  options: ConstructorParameters<typeof Harvest>[0] = {},
): Promise<Harvest> {
  const harvest = new Harvest(options);
  await harvest.store.put(`${ROOT}collection.json`, bytesOf('{"id":"c"}'));
  await harvest.store.put(`${HARVEST}collection.json`, bytesOf('{"id":"c"}'));
  for (let i = 0; i < 3; i++) await harvest.flush();
  return harvest;
}

/** Downloads collection `c`. */
export function fetching(
  store: MemoryStore,
  to: string,
  more: Partial<DownloadOptions> = {},
): ReturnType<typeof download> {
  return download({ store, collectionId: "c", to, clean: false, onFile: () => {}, ...more });
}

/** Every file below a folder, with its content as text. */
export async function copyIn(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { name, isDirectory } of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
    if (!isDirectory) files.set(name, await Deno.readTextFile(`${folder}/${name}`));
    else {
      for (const [below, text] of await copyIn(`${folder}/${name}`)) {
        files.set(`${name}/${below}`, text);
      }
    }
  }
  return files;
}

/** Checks every manifest of a copy: what it lists is there, as it lists it. How many files of tweets are listed. */
export function checkSums(copy: Map<string, string>, when = ""): number {
  let listed = 0;
  for (const [path, manifest] of copy) {
    if (!path.endsWith("/manifest-sha1.txt")) continue;
    for (const row of manifest.split("\n").filter(Boolean)) {
      const [, sha1, name] = /^([0-9a-f]{40}) [ *]?(.+)$/.exec(row) ?? assert.fail(row);
      const file = copy.get(path.replace("manifest-sha1.txt", name ?? ""));
      assert.ok(file !== undefined, `${name} is not in the copy ${when}`);
      assert.equal(sha1Of(bytesOf(file)), sha1, `${name} ${when}`);
      if (name?.startsWith("tweets-")) listed++;
    }
  }
  return listed;
}

export { withFolder } from "../fakes/folder.ts";
