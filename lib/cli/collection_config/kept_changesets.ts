/**
 * Changesets of a bucket where reading costs, kept in the person's cache: of those that were read before, a listing shows
 * that they are as they were.
 */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { z } from "zod";
import { openFile, removeFile, renameFile } from "../../base/in_use.ts";
import { jsonOrNull } from "../../base/json.ts";
import { writeAll } from "../../base/write_all.ts";
import { splitLines } from "../../format/lines.ts";
import { isChangeset } from "../../collection/layout.ts";
import { keyless } from "../../collection/keyless.ts";
import { ReadAhead } from "../../store/read_ahead.ts";
import type { Got, Listed, Store } from "../../store/store.ts";

const lineSchema = z.object({ key: z.string(), version: z.string(), text: z.string() });
/** A changeset, without keys, and the version that it is of. */
type Kept = z.infer<typeof lineSchema>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Returns the file in a cache for the changesets of a collection. @param endpoint Of a service other than AWS. */
export function keptPath(
  cache: string,
  { store, id, endpoint = "" }: { store: Store; id: string; endpoint?: string | undefined },
): string {
  const hash = createHash("sha256").update(JSON.stringify([endpoint, store.name, id]));
  return join(cache, "changesets", `${hash.digest("hex").slice(0, 32)}.jsonl`);
}

/**
 * Lets `use` read changesets through a store that has those of a file, and keeps what was new in it: without keys. What
 * the disk fails with is ignored, as nothing depends on the file.
 */
export async function withKept<T>(
  store: Store,
  path: string,
  use: (store: Store) => Promise<T>,
): Promise<T> {
  const lines = keptLines(path);
  const next = await NextFile.create(path);
  const changesets = new KeptChangesets(store, lines, next);
  try {
    const used = await use(changesets.store);
    await next?.replace();
    return used;
  } finally {
    await changesets.close();
    await lines.return(undefined);
    await next?.close();
  }
}

/** Objects of a store, of which some need not be read. */
class KeptChangesets {
  readonly store: Store;
  readonly #ahead: ReadAhead;
  readonly #lines: AsyncGenerator<Kept>;
  readonly #next: NextFile | null;
  /** The line that was read last; null at the end. */
  #line: Kept | null | undefined;
  /** Those of the file, until their turn comes. */
  readonly #kept = new Map<string, Got>();
  /** The one whose turn it is. */
  #ready: { key: string; found: Got | null } | undefined;

  constructor(store: Store, lines: AsyncGenerator<Kept>, next: NextFile | null) {
    [this.#ahead, this.#lines, this.#next] = [new ReadAhead(store), lines, next];
    this.store = {
      ...this.#ahead.store,
      get: async (key) => this.#ready?.key === key ? this.#ready.found : await store.get(key),
      list: (prefix) => this.#list(prefix),
    };
  }

  /** Ends what is read ahead. */
  async close(): Promise<void> {
    await this.#ahead.close();
  }

  async *#list(prefix: string): AsyncGenerator<Listed> {
    for await (const listed of this.#ahead.list(prefix, (object) => this.#isNew(object))) {
      const { key } = listed;
      if (isChangeset(key)) {
        const found = this.#kept.get(key) ?? await this.#ahead.store.get(key);
        this.#kept.delete(key);
        this.#ready = { key, found };
        if (found) await this.#next?.add(key, found);
      }
      yield listed;
    }
  }

  /** Returns whether a changeset is to be read; otherwise it is taken out of the file. */
  async #isNew({ key, version }: Listed): Promise<boolean> {
    if (!isChangeset(key)) return false;
    const kept = await this.#readKept(key);
    if (kept?.version !== version) return true;
    this.#kept.set(key, { version, bytes: encoder.encode(kept.text) });
    return false;
  }

  /** Returns the line of a key: both are in the order of their keys. */
  async #readKept(key: string): Promise<Kept | null> {
    while (this.#line === undefined || (this.#line !== null && this.#line.key < key)) {
      const { value } = await this.#lines.next();
      this.#line = value ?? null;
    }
    return this.#line?.key === key ? this.#line : null;
  }
}

/** Yields the valid lines of a file; none where it cannot be read. */
async function* keptLines(path: string): AsyncGenerator<Kept> {
  const file = await openFile(path).catch(() => null);
  if (!file) return;
  using open = file;
  try {
    for await (const { line } of splitLines(open.readable)) {
      const { data } = lineSchema.safeParse(jsonOrNull(line));
      if (data) yield data;
    }
  } catch {
    // The rest is read again.
  }
}

/** The file that replaces the one before, once it is complete. */
class NextFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  #isWhole = true;

  private constructor(path: string, temporary: string, file: Deno.FsFile) {
    [this.#path, this.#temporary, this.#file] = [path, temporary, file];
  }

  /** Makes one beside the other; null where the disk does not allow it. */
  static async create(path: string): Promise<NextFile | null> {
    const temporary = `${path}.${crypto.randomUUID()}.part`;
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await Deno.open(temporary, { write: true, createNew: true, mode: 0o600 });
      return new NextFile(path, temporary, file);
    } catch {
      return null;
    }
  }

  /** Adds a changeset; one that is damaged is left out. */
  async add(key: string, { version, bytes }: Got): Promise<void> {
    const kept = keyless(key, bytes);
    const text = kept && decodeText(kept);
    if (!this.#isWhole || text === null) return;
    const line = encoder.encode(`${JSON.stringify({ key, version, text } satisfies Kept)}\n`);
    try {
      await writeAll(this.#file, line);
    } catch {
      this.#isWhole = false;
    }
  }

  async replace(): Promise<void> {
    if (this.#isWhole) await renameFile(this.#temporary, this.#path).catch(() => {});
  }

  async close(): Promise<void> {
    this.#file.close();
    await removeFile(this.#temporary).catch(() => {});
  }
}

function decodeText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
