/**
 * The inventory of a collection: an entry a line, each with the hash of the one before, so that what was deleted or
 * altered later can be known. Stores have no append: the newest entries are in a small file that is written anew, and
 * once that is full it is kept as it is under `inventory/`, and another one begins. So an entry costs the same
 * whatever was collected.
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

/** Bytes from which on a file of entries is full: some 90 small harvests, or a fortnight of a stream. */
const FULL = 65_536;
/** How often it is tried where others append at the same time. */
const TRIES = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where an inventory is. */
export interface InventoryPlace {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** Asked before each write: throws where the collection is somebody else's by now. */
  guard?: () => void | Promise<void>;
}

/**
 * Appends entries; what the newest entry says already is not said again, so that it can be done once more after any
 * failure.
 * @returns The last entry.
 * @throws OutsideError where the store fails; what the guard throws.
 */
export async function append(place: InventoryPlace, drafts: Draft[]): Promise<Head> {
  let left = drafts;
  for (let tries = 1;; tries++) {
    const { open, version } = await load(place);
    const { added, rest, bytes } = extended(open, left, place.clock);
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
  /** Its lines that are entries. */
  entries: Entry[];
  head: Head;
  isFull: boolean;
}

async function load({ store, collectionId }: InventoryPlace) {
  const found = await store.get(collectionKeys(collectionId).inventory);
  const text = decoder.decode(found?.bytes);
  const lines = linesOf(text);
  const entries = lines.flatMap((line) => entryOf(line) ?? []);
  const head = headOf(lines) ?? headOf(await lastPart(store, collectionId));
  const isFull = text.length >= FULL && entries.length > 0;
  const open: Open = { text, entries, head: head ?? { entries: 0, sha256: "" }, isFull };
  return { open, version: found?.version };
}

/** The lines of the last file that is full; none where there is no such file. */
async function lastPart(store: Store, collectionId: string): Promise<string[]> {
  let last: string | undefined;
  for await (const { key } of store.list(collectionKeys(collectionId).inventoryParts)) last = key;
  const found = last === undefined ? null : await store.get(last);
  return linesOf(decoder.decode(found?.bytes));
}

/** The file with what is new of the drafts, as far as it takes them; no bytes where nothing is. */
function extended(
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
    if (isNew && text.length >= FULL) return done(drafts.slice(i));
    const before = head.entries === 0 ? null : head.sha256;
    const entry = { entry: head.entries + 1, at: isoTime(clock.now()), ...draft };
    const line = JSON.stringify({ ...entry, program: VERSION, before });
    head = { entries: entry.entry, sha256: lineHash(line) };
    text += `${line}\n`;
    isNew = true;
  }
  return done([]);

  function done(rest: Draft[]) {
    return { added: head, rest, bytes: isNew ? encoder.encode(text) : null };
  }
}

/** Whether the newest entry of what a draft is about says the same. */
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

/** Keeps the file that is full under a name of its own; done twice, it is there once. */
async function close({ store, collectionId, guard }: InventoryPlace, open: Open): Promise<void> {
  const first = `${open.entries[0]?.entry ?? 0}`.padStart(8, "0");
  const hash = lineHash(open.text).slice(0, 8);
  const key = `${collectionKeys(collectionId).inventoryParts}${first}-${hash}.jsonl`;
  await guard?.();
  await settledPut(store, key, encoder.encode(open.text), { ifAbsent: true });
}

/** The last entry of some lines: behind what is damaged, the numbers go on. */
function headOf(lines: string[]): Head | null {
  const last = lines.at(-1);
  if (last === undefined) return null;
  const at = lines.findLastIndex((line) => entryOf(line) !== null);
  const known = at < 0 ? 0 : entryOf(lines[at] ?? "")?.entry ?? 0;
  return { entries: known + lines.length - 1 - at, sha256: lineHash(last) };
}

/** The lines of a file of entries, without what is empty. */
export function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** What a line says; null where it is no entry. */
export function entryOf(line: string): Entry | null {
  return entrySchema.safeParse(jsonOrNull(line)).data ?? null;
}
