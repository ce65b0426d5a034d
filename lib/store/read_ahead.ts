/**
 * Reads small objects of a listing before their turn: an answer of S3 takes longer than what is done with it. They are
 * given in the order of the listing, whichever comes first.
 */

import { LargerError } from "../base/errors.ts";
import type { Got, Listed, Store } from "./store.ts";

/** Requests to a store that are under way at a time, which no store takes for an attack. */
export const READS = 8;
/** Bytes up to which an object is read ahead, also if it grows meanwhile: memory holds `READS` of them at most. */
const SMALL = 65_536;

/** Objects of a store, of which some are read ahead. */
export class ReadAhead {
  /** The store, which gives what was read ahead, once. */
  readonly store: Store;
  readonly #store: Store;
  /** Keys to be read, in order. */
  readonly #wanted = new Set<string>();
  /** Reads that run, or have ended and were not asked for yet. */
  readonly #begun = new Map<string, Promise<Got | null | undefined>>();
  #isOver = false;

  constructor(store: Store) {
    this.#store = store;
    this.store = {
      name: store.name,
      isBilled: store.isBilled,
      get: async (key, most) => {
        const found = await this.#take(key);
        return found === undefined ? await store.get(key, most) : found;
      },
      read: async (key) => {
        const found = await this.#take(key);
        return found ? streamOf(found.bytes) : await store.read(key);
      },
      put: (...args) => store.put(...args),
      upload: (...args) => store.upload(...args),
      delete: (...args) => store.delete(...args),
      list: (...args) => store.list(...args),
      passedOver: (prefix) => store.passedOver?.(prefix) ?? new Map(),
    };
  }

  /**
   * Lists objects, and reads those that are small and wanted ahead.
   * @param isWanted Asked in order.
   */
  list(
    prefix: string,
    isWanted: (listed: Listed) => boolean | Promise<boolean>,
  ): AsyncGenerator<Listed> {
    return this.#listAhead(this.#store.list(prefix), isWanted);
  }

  /** Lists the wanted objects only, and reads them ahead however few they are among the others. */
  listWanted(prefix: string, isWanted: (listed: Listed) => boolean): AsyncGenerator<Listed> {
    return this.#listAhead(filtered(this.#store.list(prefix), isWanted), () => true);
  }

  async *#listAhead(
    listing: AsyncIterable<Listed>,
    isWanted: (listed: Listed) => boolean | Promise<boolean>,
  ): AsyncGenerator<Listed> {
    const seen: Listed[] = [];
    for await (const listed of listing) {
      if (listed.size <= SMALL && await isWanted(listed)) this.#wanted.add(listed.key);
      this.#begin();
      if (seen.push(listed) > READS) yield* seen.splice(0, 1);
    }
    yield* seen;
  }

  /** Drops what was read ahead below a prefix, and not asked for. */
  async drop(prefix: string): Promise<void> {
    for (const key of this.#wanted) if (key.startsWith(prefix)) this.#wanted.delete(key);
    const below = [...this.#begun].filter(([key]) => key.startsWith(prefix));
    await Promise.allSettled(below.map(([, found]) => found));
    for (const [key] of below) this.#begun.delete(key);
    this.#begin();
  }

  /** Reads nothing ahead any more, and waits for what is under way. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.drop("");
  }

  /** Begins to read what is wanted next, as far as there is room. */
  #begin(): void {
    for (const key of this.#wanted) {
      if (this.#isOver || this.#begun.size >= READS) return;
      this.#wanted.delete(key);
      const found = this.#store.get(key, SMALL).catch(undefinedIfLarger);
      // It is thrown where the object is asked for; until then no more are begun.
      found.catch(() => void (this.#isOver = true));
      this.#begun.set(key, found);
    }
  }

  /** Returns what was read of an object; undefined where it is to be read in its turn. */
  #take(key: string): Promise<Got | null | undefined> | undefined {
    const found = this.#begun.get(key);
    this.#begun.delete(key);
    this.#wanted.delete(key);
    // Another one begins when this one is there: those under way are never more.
    return found?.finally(() => this.#begin());
  }
}

/**
 * Yields the wanted objects below a prefix with their content, in the order of the listing; null for one that is gone.
 * @throws OutsideError where the store fails.
 */
export async function* readEach(
  store: Store,
  prefix: string,
  isWanted: (listed: Listed) => boolean = () => true,
): AsyncGenerator<{ key: string; found: Got | null }> {
  const ahead = new ReadAhead(store);
  try {
    for await (const listed of ahead.listWanted(prefix, isWanted)) {
      yield { key: listed.key, found: await ahead.store.get(listed.key) };
    }
  } finally {
    await ahead.close();
  }
}

async function* filtered(
  listing: AsyncIterable<Listed>,
  isWanted: (listed: Listed) => boolean,
): AsyncGenerator<Listed> {
  for await (const listed of listing) if (isWanted(listed)) yield listed;
}

function undefinedIfLarger(error: unknown): undefined {
  if (!(error instanceof LargerError)) throw error;
}

function streamOf(bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
}
