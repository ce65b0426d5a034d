/** A bucket of an S3-compatible store, which may keep fewer promises of a Store than S3. */

import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { AwsAccess } from "../../base/aws.ts";
import { isUnderLease } from "../../collection/layout.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { AccessError, ConflictError } from "../../base/errors.ts";
import { jsonOrNull } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import { S3Store } from "./store.ts";
import {
  isRefusal,
  probeTraits,
  remarkOn,
  type Traits,
  TRAITS_KEY,
  traitsSchema,
} from "./traits.ts";
import type {
  Got,
  Listed,
  OlderVersion,
  Purged,
  Store,
  UploadOptions,
  Version,
  When,
} from "../store.ts";

/** Milliseconds after which a write is checked again, where the store ignores its condition. */
const SETTLE_MS = 1_000;
/** The traits that are assumed where they may not be probed. */
const ALL: Traits = { format: 1, conditions: true, deletions: true, checksums: true };

/**
 * A Store in a bucket of an S3-compatible store. Its traits are probed once, by the first write into the bucket, and
 * recorded there.
 */
export class CompatibleStore implements Store {
  readonly name: string;
  readonly isBilled = true;
  readonly #store: S3Store;
  /** The same bucket, written to without checksums. */
  readonly #plain: S3Store;
  readonly #clock: Clock;
  /** The store for reading: a server may also refuse requests for checksums. */
  #reader: S3Store;
  #noted: Promise<Traits | null> | undefined;
  #traits: Promise<Traits> | undefined;
  #remark: { text: string; isNew: boolean } | null = null;

  /** @param name The bucket's name, without `s3://`. */
  constructor(name: string, access: AwsAccess, clock: Clock = systemClock) {
    this.name = name;
    this.#clock = clock;
    this.#store = new S3Store(name, access, { clock });
    this.#plain = new S3Store(name, access, { clock, checksums: false });
    this.#reader = this.#store;
  }

  /** Closes its connections. */
  close(): void {
    this.#store.close();
    this.#plain.close();
  }

  remark(): { text: string; isNew: boolean } | null {
    return this.#remark;
  }

  async get(key: string, most?: number): Promise<Got | null> {
    const traits = await this.#readNote();
    const found = await this.#reader.get(key, most);
    return found && traits?.conditions === false
      ? { ...found, version: hashVersion(found.bytes) }
      : found;
  }

  async read(key: string): Promise<ReadableStream<Uint8Array>> {
    await this.#readNote();
    return await this.#reader.read(key);
  }

  async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    const { store, isHeld } = await this.#writing();
    if (!when || isHeld) {
      const version = await store.put(key, bytes, when);
      return isHeld ? version : hashVersion(bytes);
    }
    await this.#look(key, when);
    await store.put(key, bytes);
    if (isUnderLease(key)) return hashVersion(bytes);
    // Of two that checked at the same time, the one that wrote first finds the other's.
    await this.#clock.sleep(SETTLE_MS);
    const found = await this.#reader.get(key);
    if (!found || !Buffer.from(found.bytes).equals(bytes)) throw new ConflictError(key);
    return hashVersion(bytes);
  }

  async upload(key: string, path: string, options: UploadOptions = {}): Promise<Version> {
    const { when, ...rest } = options;
    const { store, isHeld } = await this.#writing();
    if (!when || isHeld) return await store.upload(key, path, options);
    await this.#look(key, when);
    return await store.upload(key, path, rest);
  }

  async delete(key: string, when?: { ifVersion: Version }): Promise<void> {
    const { store, isHeld, isDeletionHeld } = await this.#writing();
    if (!when || (isHeld && isDeletionHeld)) return await store.delete(key, when);
    await this.#look(key, when);
    await store.delete(key);
  }

  older(prefix: string, isGarbage: (key: string) => boolean): Promise<OlderVersion[] | null> {
    return this.#store.older(prefix, isGarbage);
  }

  purge(prefix: string, isGarbage: (key: string) => boolean): Promise<Purged> {
    return this.#store.purge(prefix, isGarbage);
  }

  list(prefix: string, options?: { folders?: boolean }): AsyncIterable<Listed> {
    return this.#store.list(prefix, options);
  }

  /** @throws ConflictError where a condition is not met now. */
  async #look(key: string, when: When): Promise<void> {
    const found = await this.#reader.get(key);
    const isMet = "ifAbsent" in when
      ? !found
      : found && [found.version, hashVersion(found.bytes)].includes(when.ifVersion);
    if (!isMet) throw new ConflictError(key);
  }

  /** Returns the store for writing, and whether the server keeps the conditions of writes and deletions. */
  async #writing(): Promise<{ store: S3Store; isHeld: boolean; isDeletionHeld: boolean }> {
    this.#traits ??= this.#findTraits();
    try {
      const { conditions, deletions, checksums } = await this.#traits;
      const store = checksums ? this.#store : this.#plain;
      return { store, isHeld: conditions, isDeletionHeld: deletions };
    } catch (error) {
      // The next write retries.
      this.#traits = undefined;
      throw error;
    }
  }

  async #findTraits(): Promise<Traits> {
    const noted = await this.#readNote();
    const traits = noted ?? await probeTraits({ store: this.#store, plain: this.#plain })
      .catch(allIfForbidden);
    const text = remarkOn(traits, this.name);
    this.#remark = text === null ? null : { text, isNew: !noted };
    if (noted) return noted;
    const store = traits.checksums ? this.#store : this.#plain;
    await store.put(TRAITS_KEY, jsonBytes(traits)).catch(allIfForbidden);
    this.#noted = Promise.resolve(traits);
    return traits;
  }

  /** Returns the recorded traits; null where there are none, or they cannot be read. */
  async #readNote(): Promise<Traits | null> {
    this.#noted ??= this.#findNote();
    try {
      return await this.#noted;
    } catch (error) {
      this.#noted = undefined;
      if (error instanceof AccessError) return null;
      throw error;
    }
  }

  async #findNote(): Promise<Traits | null> {
    const found = await this.#reader.get(TRAITS_KEY).catch((error) => {
      if (!isRefusal(error)) throw error;
      this.#reader = this.#plain;
      return this.#reader.get(TRAITS_KEY);
    });
    const json = found && jsonOrNull(found.bytes);
    return traitsSchema.safeParse(json).data ?? null;
  }
}

/** Assumes all traits where probing is forbidden: the writes that follow show what the store allows. */
function allIfForbidden(error: unknown): Traits {
  if (error instanceof AccessError) return ALL;
  throw error;
}

/** Returns a version derived from the content: the store's own do not match. */
function hashVersion(bytes: Uint8Array): Version {
  return `sha1-${createHash("sha1").update(bytes).digest("hex")}`;
}
