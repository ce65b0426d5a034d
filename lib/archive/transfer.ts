/**
 * Copies a collection to another id, or to another bucket, object by object. Each is read back and compared. A marker
 * in the target names the source until the copy is complete: running it again completes an interrupted copy.
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { DamagedError, OutsideError } from "../base/errors.ts";
import { removeFile } from "../base/in_use.ts";
import { forEachConcurrently } from "../base/some_at_a_time.ts";
import { tap } from "../base/tap.ts";
import { Configuration, laterThan, withoutTimestamp } from "../bucket/configuration.ts";
import { storedSum } from "../bucket/harvest_sums.ts";
import { append } from "../bucket/inventory.ts";
import { diff, isEmpty, omitMembers } from "../collection/changeset.ts";
import { collectionKeys } from "../collection/layout.ts";
import type { Listed, Store } from "../store/store.ts";
import { type End, MARKER, type Marker } from "./transfer_marks.ts";

/** Objects that are copied concurrently. */
const WIDTH = 4;
/** Members of a configuration that hold keys. */
const KEYS = ["keys", "credentials"];

/** A transfer of a collection. */
export interface Transfer {
  from: End;
  to: End;
  marker: Marker;
  clock: Clock;
  /** Whether the keys of the configuration are copied. */
  keys: boolean;
  /** The kind of transfer, for the inventory: `copied`, `renamed`, `moved`. */
  what: string;
  /** Called after each object. */
  onFile: (key: string) => void;
  signal: AbortSignal;
}

/** Totals of a transfer. */
export interface Transferred {
  files: number;
  bytes: number;
  /** Objects that the target already had with the same content. */
  skipped: number;
}

/**
 * Copies a whole collection. Its configuration comes last, with the new id.
 * @throws OutsideError if a store fails, or lost what was put; LockedError if a lease is lost.
 */
export async function transfer(options: Transfer): Promise<Transferred> {
  const { from, to } = options;
  const temporary = await Deno.makeTempDir({ prefix: "twarc-cloud-" });
  try {
    const copier = new ObjectCopier(options, temporary);
    const [source, target] = [collectionKeys(from.collectionId), collectionKeys(to.collectionId)];
    // Left by an interrupted run: it is written last, with its change.
    await to.store.delete(target.config);
    const isKept = (key: string) => [target.lock, `${target.folder}${MARKER}`].includes(key);
    const isLeft = (key: string) => [source.lock, source.config].includes(key);
    const pairs = joinSides(
      { listed: from.store.list(source.folder), folder: source.folder },
      { listed: to.store.list(target.folder), folder: target.folder },
    );
    await forEachConcurrently(pairs, WIDTH, async ({ name, size, there }) => {
      if (size !== null && !isLeft(`${source.folder}${name}`)) {
        await copier.copy(name, size, there);
      } else if (size === null && !isKept(`${target.folder}${name}`)) {
        // The source had it at the beginning, and no longer has it.
        to.lease.check();
        await to.store.delete(`${target.folder}${name}`);
      }
    });
    await copier.copyConfig();
    await writeConfiguration(options);
    return copier.done;
  } finally {
    await removeFile(temporary, { recursive: true }).catch(() => {});
  }
}

/** An object of the source (its size is null if only the target has it), and its size in the target. */
interface Pair {
  name: string;
  size: number | null;
  there: number | null;
}

interface Side {
  listed: AsyncIterable<Listed>;
  folder: string;
}

/** Yields the objects of two folders, by name, in the order of listings. */
async function* joinSides(source: Side, target: Side): AsyncGenerator<Pair> {
  const named = async function* ({ listed, folder }: Side) {
    for await (const { key, size } of listed) {
      if (!key.endsWith("/")) yield { name: key.slice(folder.length), size };
    }
  };
  const [ours, theirs] = [named(source), named(target)];
  let [a, b] = [await ours.next(), await theirs.next()];
  while (!a.done || !b.done) {
    const order = a.done ? 1 : b.done ? -1 : compareNames(a.value.name, b.value.name);
    const [size, there] = [
      order <= 0 ? a.value?.size ?? null : null,
      order >= 0 ? b.value?.size ?? null : null,
    ];
    const name = (order <= 0 ? a.value?.name : b.value?.name) ?? "";
    if (order <= 0) a = await ours.next();
    if (order >= 0) b = await theirs.next();
    yield { name, size, there };
  }
}

function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Copies objects, and compares the results. */
class ObjectCopier {
  readonly done: Transferred = { files: 0, bytes: 0, skipped: 0 };
  readonly #options: Transfer;
  readonly #temporary: string;

  constructor(options: Transfer, temporary: string) {
    this.#options = options;
    this.#temporary = temporary;
  }

  async copy(name: string, size: number, there: number | null): Promise<void> {
    const { from, to, onFile, signal } = this.#options;
    signal.throwIfAborted();
    const source = `${collectionKeys(from.collectionId).folder}${name}`;
    const target = `${collectionKeys(to.collectionId).folder}${name}`;
    if (there === size && await readSha1(from.store, source) === await readSha1(to.store, target)) {
      this.done.skipped++;
      return onFile(name);
    }
    const path = join(this.#temporary, crypto.randomUUID());
    try {
      const hash = createHash("sha1");
      let bytes = 0;
      const content = (await from.store.read(source)).pipeThrough(tap((chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
      }));
      await Deno.writeFile(path, content, { mode: 0o600, createNew: true });
      const sha1 = hash.digest("hex");
      to.lease.check();
      await to.store.upload(target, path, { expected: { bytes, sha1 } });
      if (await readSha1(to.store, target) !== sha1) {
        throw new DamagedError(`${target} is not in bucket ${to.store.name} as it was put there`);
      }
      this.done.files++;
      this.done.bytes += bytes;
    } finally {
      await removeFile(path).catch(() => {});
    }
    onFile(name);
  }

  /** Copies the configuration. */
  async copyConfig(): Promise<void> {
    const { from } = this.#options;
    const { config, folder } = collectionKeys(from.collectionId);
    const found = await from.store.get(config);
    if (!found) throw new OutsideError(`There is no ${config} in bucket ${from.store.name}`);
    await this.copy(config.slice(folder.length), found.bytes.length, null);
  }
}

async function readSha1(store: Store, key: string): Promise<string> {
  return (await storedSum(store, key)).sha1;
}

/** Gives the target its id, as a change, and adds an entry to its inventory. */
async function writeConfiguration(
  { from, to, marker, clock, keys, what }: Transfer,
): Promise<void> {
  const { store, collectionId, lease } = to;
  const configuration = new Configuration(store, collectionId);
  const guard = () => lease.check();
  guard();
  const now = clock.now();
  const base = await configuration.finishHalfDone(await configuration.standing(), now);
  const named = { ...omitMembers(base.json, keys ? [] : KEYS), id: collectionId };
  const change = diff(withoutTimestamp(base.json), withoutTimestamp(named));
  if (!isEmpty(change)) {
    await configuration.change(base, change, Math.max(now, laterThan(base.json)));
  }
  const changesets = Object.fromEntries(configuration.inForce);
  const note = `from ${from.collectionId} of bucket ${marker.from.bucket}`;
  await append({ store, clock, collectionId, guard }, [
    ...(configuration.inForce.size > 0 ? [{ what: "change", changesets }] : []),
    { what, note, since: marker.began },
  ]);
}
