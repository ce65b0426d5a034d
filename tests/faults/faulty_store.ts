/** A store that stands between a harvester and a bucket, and fails as real ones do. */

import { OutsideError } from "../../lib/errors.ts";
import type { Store, Version } from "../../lib/store/store.ts";

/** What goes wrong at a write. */
export type StoreFault =
  /** The process is gone before the write. */
  | "killed before"
  /** The process is gone after the write, and never hears of it. */
  | "killed after"
  /** The store refuses, once. */
  | "refused"
  /** The write is done, and the answer is lost. */
  | "answer lost"
  /** The process is stopped (SIGSTOP) for as long as another takes over, and then goes on. */
  | "paused";

/** Nothing of this process happens any more. */
export class ProcessDied extends Error {}

/** A Store of one harvester, to a bucket that others use as well. */
export class FaultyStore implements Store {
  readonly name = "faulty";
  /** How many writes were tried. */
  writes = 0;
  /** How many commits were made. */
  commits = 0;
  /** Whether the process that uses it is gone. */
  isDead = false;
  readonly #bucket: Store;
  readonly #fault: { at: number; kind: StoreFault; pause: () => Promise<void> } | null;

  /** @param fault What happens at which write; `pause` is awaited by one that is paused. */
  constructor(
    bucket: Store,
    fault: { at: number; kind: StoreFault; pause: () => Promise<void> } | null,
  ) {
    this.#bucket = bucket;
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
    const version = await this.#write(() => this.#bucket.put(key, bytes, when));
    if (key.endsWith("/checkpoint.json")) this.commits++;
    return version;
  };
  upload: Store["upload"] = (key, path, when) =>
    this.#write(() => this.#bucket.upload(key, path, when));
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
    const kind = ++this.writes === this.#fault?.at ? this.#fault.kind : null;
    if (kind === "killed before") this.isDead = true;
    this.#live();
    if (kind === "refused") throw new OutsideError("503 SlowDown");
    if (kind === "paused") await this.#fault?.pause();
    const version = await act();
    if (kind === "killed after") this.isDead = true;
    this.#live();
    if (kind === "answer lost") throw new OutsideError("The connection was reset");
    return version;
  }
}
