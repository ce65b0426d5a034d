/**
 * Append-only lines. Stores cannot append: the newest lines are in a small file that is rewritten, and once it is full
 * it is kept in a folder beside it and another one begins. So the cost of a line does not grow with their number.
 */

import type { Store } from "../store/store.ts";
import { ConflictError } from "../base/errors.ts";
import { pause } from "../base/memory.ts";
import { readEach } from "../store/read_ahead.ts";
import { settledPut } from "../store/settled_put.ts";
import { splitLines } from "./inventory.ts";
import { lineHash } from "./inventory_entry.ts";

/** Bytes from which a file of lines is full. */
const FULL = 65_536;
/** Tries of an append that conflicts with others. */
const TRIES = 20;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Location of the lines. */
export interface Journal {
  store: Store;
  /** The file of the newest lines. */
  key: string;
  /** The folder of the full files, with a `/` at its end. */
  parts: string;
  /** Called before each write; throws if another process has taken over the collection. */
  guard?: () => void | Promise<void>;
}

/**
 * Appends what is computed from the newest lines, which may be nothing, so that it can be retried after any failure.
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
    const added = make(splitLines(text));
    if (added.length === 0) return;
    try {
      const isFull = text.length >= FULL;
      if (isFull) await close(journal, text);
      const before = isFull ? [] : splitLines(text);
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
  // Read the newest first: a file that becomes full meanwhile is read twice, not missed.
  const newest = decoder.decode((await store.get(key))?.bytes);
  const hash = partHash(newest);
  for await (const { found } of readEach(store, parts, (part) => !part.key.endsWith(hash))) {
    yield* splitLines(decoder.decode(found?.bytes));
    await pause();
  }
  yield* splitLines(newest);
}

/** Keeps the full file under a name of its own. Idempotent. */
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

/** Returns the suffix of a full file's name: a hash of its content. */
function partHash(text: string): string {
  return `-${lineHash(text).slice(0, 8)}.jsonl`;
}
