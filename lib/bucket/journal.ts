/**
 * Lines that are only ever added to. Stores have no append: the newest lines are in a small file that is written anew,
 * and once that is full it is kept as it is in a folder beside it, and another one begins. So a line costs the same
 * however many there are.
 */

import type { Store } from "../store/store.ts";
import { ConflictError } from "../base/errors.ts";
import { settledPut } from "../store/settled_put.ts";
import { linesOf } from "./inventory.ts";
import { lineHash } from "./inventory_entry.ts";

/** Bytes from which on a file of lines is full. */
const FULL = 65_536;
/** How often it is tried where others append at the same time. */
const TRIES = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where the lines are. */
export interface Journal {
  store: Store;
  /** The file of the newest lines. */
  key: string;
  /** The folder of the files that are full, with a `/` at its end. */
  parts: string;
  /** Asked before each write: throws where the collection is somebody else's by now. */
  guard?: () => void | Promise<void>;
}

/**
 * Appends what is made of the newest lines; nothing where that is nothing, so that it can be done once more after any
 * failure.
 * @throws OutsideError where the store fails; what the guard throws.
 */
export async function appendLines(
  journal: Journal,
  make: (newest: string[]) => string[],
): Promise<void> {
  const { store, key, guard } = journal;
  for (let tries = 1;; tries++) {
    const found = await store.get(key);
    const text = decoder.decode(found?.bytes);
    const added = make(linesOf(text));
    if (added.length === 0) return;
    try {
      const isFull = text.length >= FULL;
      if (isFull) await close(journal, text);
      const before = isFull ? [] : linesOf(text);
      const bytes = encoder.encode([...before, ...added].map((line) => `${line}\n`).join(""));
      await guard?.();
      const when = found ? { ifVersion: found.version } : { ifAbsent: true } as const;
      await settledPut(store, key, bytes, when);
      return;
    } catch (error) {
      if (!(error instanceof ConflictError) || tries === TRIES) throw error;
    }
  }
}

/** Yields all lines, oldest first. @throws OutsideError where the store fails. */
export async function* readLines({ store, key, parts }: Journal): AsyncGenerator<string> {
  // The newest first: what becomes full meanwhile is in both then.
  const newest = decoder.decode((await store.get(key))?.bytes);
  const hash = partHash(newest);
  for await (const part of store.list(parts)) {
    if (part.key.endsWith(hash)) continue;
    yield* linesOf(decoder.decode((await store.get(part.key))?.bytes));
  }
  yield* linesOf(newest);
}

/** Keeps the file that is full under a name of its own; done twice, it is there once. */
async function close({ store, parts, guard }: Journal, text: string): Promise<void> {
  let count = 0;
  for await (const { key } of store.list(parts)) {
    if (key.endsWith(partHash(text))) return;
    count++;
  }
  await guard?.();
  const key = `${parts}${`${count + 1}`.padStart(8, "0")}${partHash(text)}`;
  await settledPut(store, key, encoder.encode(text), { ifAbsent: true });
}

/** The end of the name of a file that is full, by what is in it. */
function partHash(text: string): string {
  return `-${lineHash(text).slice(0, 8)}.jsonl`;
}
