/**
 * The inventory of a collection: one entry a line, each with the hash of the previous one, so that later deletions and
 * changes can be detected. Stores cannot append: the newest entries are in a small file that is rewritten, and once it
 * is full it is kept under `inventory/` and another one begins. So the cost of an entry does not grow with the
 * collection.
 */

import { isDeepStrictEqual } from "node:util";
import { type Clock, isoTime } from "../base/clock.ts";
import { ConflictError } from "../base/errors.ts";
import { jsonOrNull } from "../base/json.ts";
import { VERSION } from "../base/version.ts";
import { collectionKeys } from "../collection/layout.ts";
import { settledPut } from "../store/settled_put.ts";
import type { Store } from "../store/store.ts";
import { type Draft, type Entry, entrySchema, type Head, lineHash } from "./inventory_entry.ts";

/** Bytes from which a file of entries is full: some 90 small harvests, or a fortnight of a stream. */
const FULL = 65_536;
/** Tries of an append that conflicts with others. */
const TRIES = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Location of an inventory. */
export interface InventoryPlace {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** Called before each write; throws if another process has taken over the collection. */
  guard?: () => void | Promise<void>;
}

/**
 * Appends entries, except those that the newest entry already states, so that it can be retried after any failure.
 * @returns The last entry.
 * @throws OutsideError where the store fails; what the guard throws.
 */
export async function append(place: InventoryPlace, drafts: Draft[]): Promise<Head> {
  let left = drafts;
  for (let tries = 1;; tries++) {
    const { open, version } = await load(place);
    const { added, rest, bytes } = extendFile(open, left, place.clock);
    if (!bytes) return open.head;
    try {
      if (open.isFull) await close(place, open);
      await place.guard?.();
      const when = version === undefined ? { ifAbsent: true } as const : { ifVersion: version };
      await settledPut(place.store, collectionKeys(place.collectionId).inventory, bytes, when);
    } catch (error) {
      if (!(error instanceof ConflictError) || tries === TRIES) throw error;
      continue;
    }
    if (rest.length === 0) return added;
    [left, tries] = [rest, 0];
  }
}

/** The file of the newest entries. */
interface Open {
  text: string;
  /** Its valid entries. */
  entries: Entry[];
  head: Head;
  isFull: boolean;
}

async function load({ store, collectionId }: InventoryPlace) {
  const found = await store.get(collectionKeys(collectionId).inventory);
  const text = decoder.decode(found?.bytes);
  const lines = splitLines(text);
  const entries = lines.flatMap((line) => parseEntry(line) ?? []);
  const head = findHead(lines) ?? findHead(await lastPart(store, collectionId));
  const isFull = text.length >= FULL && entries.length > 0;
  const open: Open = { text, entries, head: head ?? { entries: 0, sha256: "" }, isFull };
  return { open, version: found?.version };
}

/** Returns the lines of the last full file; none if there is none. */
async function lastPart(store: Store, collectionId: string): Promise<string[]> {
  let last: string | undefined;
  for await (const { key } of store.list(collectionKeys(collectionId).inventoryParts)) last = key;
  const found = last === undefined ? null : await store.get(last);
  return splitLines(decoder.decode(found?.bytes));
}

/** Returns the file with the new drafts appended, as far as it has room; `bytes` is null if nothing is new. */
function extendFile(
  open: Open,
  drafts: Draft[],
  clock: Clock,
): { added: Head; rest: Draft[]; bytes: Uint8Array | null } {
  let { head } = open;
  let text = open.isFull || open.text === "" || open.text.endsWith("\n")
    ? open.isFull ? "" : open.text
    : `${open.text}\n`;
  let isNew = false;
  for (const [i, draft] of drafts.entries()) {
    if (isSaid(draft, open.entries)) continue;
    if (isNew && text.length >= FULL) return finish(drafts.slice(i));
    const before = head.entries === 0 ? null : head.sha256;
    const entry = { entry: head.entries + 1, at: isoTime(clock.now()), ...draft };
    const line = JSON.stringify({ ...entry, program: VERSION, before });
    head = { entries: entry.entry, sha256: lineHash(line) };
    text += `${line}\n`;
    isNew = true;
  }
  return finish([]);

  function finish(rest: Draft[]) {
    return { added: head, rest, bytes: isNew ? encoder.encode(text) : null };
  }
}

/** Returns whether the newest entry on a draft's subject states the same. */
function isSaid(draft: Draft, entries: Entry[]): boolean {
  const { folder } = draft;
  const newest = entries.findLast((entry) =>
    folder === undefined ? isDeepStrictEqual(bare(entry), draft) : entry.folder === folder
  );
  return newest !== undefined && isDeepStrictEqual(bare(newest), draft);
}

function bare({ entry: _, at: _at, program: _program, before: _before, ...draft }: Entry): Draft {
  return draft;
}

/** Keeps the full file under a name of its own. Idempotent. */
async function close({ store, collectionId, guard }: InventoryPlace, open: Open): Promise<void> {
  const first = `${open.entries[0]?.entry ?? 0}`.padStart(8, "0");
  const hash = lineHash(open.text).slice(0, 8);
  const key = `${collectionKeys(collectionId).inventoryParts}${first}-${hash}.jsonl`;
  await guard?.();
  await settledPut(store, key, encoder.encode(open.text), { ifAbsent: true });
}

/** Returns the last entry of some lines; damaged lines at the end count. */
function findHead(lines: string[]): Head | null {
  const last = lines.at(-1);
  if (last === undefined) return null;
  const at = lines.findLastIndex((line) => parseEntry(line) !== null);
  const known = at < 0 ? 0 : parseEntry(lines[at] ?? "")?.entry ?? 0;
  return { entries: known + lines.length - 1 - at, sha256: lineHash(last) };
}

/** Returns the non-empty lines of a file of entries. */
export function splitLines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** Parses an entry; null if it is invalid. */
export function parseEntry(line: string): Entry | null {
  return entrySchema.safeParse(jsonOrNull(line)).data ?? null;
}
