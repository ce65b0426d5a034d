/** A store in memory, whose every step a test can look at or break. */

import { Buffer } from "node:buffer";
import type { Clock } from "../../lib/base/clock.ts";
import { ConflictError, OutsideError } from "../../lib/base/errors.ts";
import { readWhole } from "../../lib/store/expected.ts";
import {
  checkRoom,
  type Got,
  type Listed,
  type Store,
  type UploadOptions,
  type Version,
  type When,
} from "../../lib/store/store.ts";
import { atDisk } from "./disk.ts";

/** What is about to happen in the store. */
export interface Operation {
  method: "get" | "read" | "put" | "upload" | "delete" | "list";
  key: string;
  /** Of the file that is uploaded. */
  path?: string;
}

/** A Store in memory. */
export class MemoryStore implements Store {
  readonly name: string;
  /** As S3 is, and a folder is not. */
  isBilled = true;
  /** Called before each operation; what it throws, the operation throws. */
  before: (operation: Operation) => void | Promise<void> = () => {};
  /** Called after each write; what it throws, the operation throws: its answer is lost. */
  after: (operation: Operation) => void | Promise<void> = () => {};
  /** The store's own clock, where it has one, as S3 does and a folder does not. */
  clock: Pick<Clock, "monotonic"> | undefined;
  readonly #objects = new Map<string, { bytes: Uint8Array; version: Version; at: number }>();
  #versions = 0;

  constructor(name = "memory") {
    this.name = name;
  }

  /** Another store that has what this one has now. */
  copy(): MemoryStore {
    const copy = new MemoryStore(this.name);
    for (const [key, object] of this.#objects) copy.#objects.set(key, object);
    copy.#versions = this.#versions;
    return copy;
  }

  /** Every key, in the order of its bytes. */
  keys(): string[] {
    return [...this.#objects.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  async get(key: string, most?: number): Promise<Got | null> {
    await this.before({ method: "get", key });
    const found = this.#objects.get(key);
    if (!found) return null;
    checkRoom(found.bytes.length, most, key);
    const age = this.clock ? { age: this.clock.monotonic() - found.at } : {};
    return { bytes: found.bytes.slice(), version: found.version, ...age };
  }

  async read(key: string): Promise<ReadableStream<Uint8Array>> {
    await this.before({ method: "read", key });
    const found = this.#objects.get(key);
    if (!found) throw new OutsideError(`There is no ${key}`);
    return new Blob([new Uint8Array(found.bytes)]).stream();
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    await this.before({ method: "put", key });
    const version = this.#write(key, bytes, when);
    await this.after({ method: "put", key });
    return version;
  }

  async upload(
    key: string,
    path: string,
    { when, expected }: UploadOptions = {},
  ): Promise<Version> {
    await this.before({ method: "upload", key, path });
    const bytes = await atDisk(readWhole(path, { size: expected?.bytes ?? 0, expected }));
    const version = this.#write(key, bytes, when);
    await this.after({ method: "upload", key });
    return version;
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    await this.before({ method: "delete", key });
    if (when && this.#objects.get(key)?.version !== when.ifVersion) throw new ConflictError(key);
    this.#objects.delete(key);
  }

  async *list(prefix: string, { folders = false } = {}): AsyncGenerator<Listed> {
    await this.before({ method: "list", key: prefix });
    let last = "";
    for (const key of this.keys()) {
      if (!key.startsWith(prefix)) continue;
      const end = folders ? key.indexOf("/", prefix.length) : -1;
      if (end < 0) {
        const found = this.#objects.get(key);
        if (found) yield { key, size: found.bytes.length, version: found.version };
      } else if (key.slice(0, end + 1) !== last) {
        last = key.slice(0, end + 1);
        yield { key: last, size: 0, version: "" };
      }
    }
  }

  #write(key: string, bytes: Uint8Array, when: When | undefined): Version {
    const found = this.#objects.get(key);
    if (when && "ifAbsent" in when && found) throw new ConflictError(key);
    if (when && "ifVersion" in when && found?.version !== when.ifVersion) {
      throw new ConflictError(key);
    }
    const version = `v${++this.#versions}`;
    const at = this.clock?.monotonic() ?? 0;
    this.#objects.set(key, { bytes: bytes.slice(), version, at });
    return version;
  }
}
