/** A store that stands between a harvester and a bucket, and fails as real ones do. */

import { OutsideError } from "../../lib/base/errors.ts";
import type { Store, Version } from "../../lib/store/store.ts";

/** What goes wrong at a write. */
export const STORE_FAULTS = [
  /** The process is gone before the write. */
  "killed before",
  /** The process is gone after the write, and never hears of it. */
  "killed after",
  /** The store refuses, once. */
  "refused",
  /** The write is done, and the answer is lost. */
  "answer lost",
  /** The write is done, its answer is lost, and the store's client tries it again. */
  "tried again",
  /** The process stands still before the write. */
  "paused",
] as const;
/** A fault of a store by its name. */
export type StoreFault = typeof STORE_FAULTS[number];

/** What goes wrong at which write, from 1 on. */
export interface FaultAt {
  at: number;
  kind: StoreFault;
  /** What happens before a write that is paused, or between one that is done and its end. */
  meanwhile: () => Promise<void>;
}

/** Nothing of this process happens any more. */
export class ProcessDied extends Error {}

/** A Store of one harvester, to a bucket that others use as well. */
export class FaultyStore implements Store {
  readonly name = "faulty";
  readonly isBilled: boolean;
  /** How many writes were tried. */
  writes = 0;
  /** What the last commit was, as JSON. */
  commit = "";
  /** Whether the process that uses it is gone. */
  isDead = false;
  readonly #bucket: Store;
  readonly #fault: FaultAt | null;

  constructor(bucket: Store, fault: FaultAt | null) {
    this.#bucket = bucket;
    this.isBilled = bucket.isBilled;
    this.#fault = fault;
  }

  get: Store["get"] = async (key) => {
    this.#live();
    return await this.#bucket.get(key);
  };
  read: Store["read"] = async (key) => {
    this.#live();
    return await this.#bucket.read(key);
  };
  put: Store["put"] = async (key, bytes, when) => {
    return await this.#write(async () => {
      const version = await this.#bucket.put(key, bytes, when);
      // It is made, whatever becomes of the answer.
      if (key.endsWith("/checkpoint.json")) this.commit = new TextDecoder().decode(bytes);
      return version;
    });
  };
  upload: Store["upload"] = (key, path, options) =>
    this.#write(() => this.#bucket.upload(key, path, options));
  delete: Store["delete"] = async (key, when) => {
    await this.#write(async () => {
      await this.#bucket.delete(key, when);
      return "";
    });
  };
  list: Store["list"] = (prefix, options) => {
    this.#live();
    return this.#bucket.list(prefix, options);
  };

  #live(): void {
    if (this.isDead) throw new ProcessDied();
  }

  async #write(act: () => Promise<Version>): Promise<Version> {
    this.#live();
    const fault = ++this.writes === this.#fault?.at ? this.#fault : null;
    const kind = fault?.kind;
    if (kind === "killed before") this.isDead = true;
    this.#live();
    if (kind === "refused") throw new OutsideError("503 SlowDown");
    if (kind === "paused") await fault?.meanwhile();
    const version = await act();
    if (kind === "killed after") this.isDead = true;
    this.#live();
    if (kind === "answer lost" || kind === "tried again") await fault?.meanwhile();
    if (kind === "answer lost") throw new OutsideError("The connection was reset");
    return kind === "tried again" ? await act() : version;
  }
}
