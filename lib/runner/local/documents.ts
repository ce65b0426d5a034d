/** The documents of a runner on this machine: schedules, and harvesters to keep alive. */

import { ConflictError } from "../../base/errors.ts";
import type { Listed, Store, Version, When } from "../../store/store.ts";

/** Small objects under keys below `runner/`. */
export type Documents = Pick<Store, "get" | "put" | "delete" | "list">;

/**
 * Documents in a person's own folder, and those that an earlier version kept in the bucket. Reading shows both, and
 * changes nothing. The first write of one moves it: it is written here under the condition that the other is
 * unchanged, which is deleted then. So of two schedulers, one of them of that version, one carries out a run.
 */
export class MovedDocuments implements Documents {
  readonly #own: Documents;
  readonly #former: Documents;

  constructor(own: Documents, former: Documents) {
    this.#own = own;
    this.#former = former;
  }

  async get(key: string): ReturnType<Store["get"]> {
    return await this.#own.get(key) ?? await this.#former.get(key);
  }

  async *list(prefix: string): AsyncGenerator<Listed> {
    const own = await Array.fromAsync(this.#own.list(prefix));
    yield* own;
    const keys = new Set(own.map(({ key }) => key));
    for await (const listed of this.#former.list(prefix)) if (!keys.has(listed.key)) yield listed;
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    const former = await this.#former.get(key);
    if (!former) return await this.#own.put(key, bytes, when);
    if (await this.#own.get(key)) {
      const version = await this.#own.put(key, bytes, when);
      // The process that moved it was killed before it could delete it.
      await this.#former.delete(key);
      return version;
    }
    if (when && (!("ifVersion" in when) || when.ifVersion !== former.version)) {
      throw new ConflictError(key);
    }
    const version = await this.#own.put(key, bytes, { ifAbsent: true });
    try {
      await this.#former.delete(key, when ? { ifVersion: former.version } : undefined);
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      await this.#own.delete(key, { ifVersion: version });
      throw new ConflictError(key);
    }
    return version;
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    const isOwn = await this.#own.get(key) !== null;
    if (isOwn) await this.#own.delete(key, when);
    await this.#former.delete(key, isOwn ? undefined : when);
  }
}
