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
import type { Got, Listed, Store } from "../../store/store.ts";

/** Changesets that are read concurrently. */
const WIDTH = 8;

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
    await lines.return(undefined);
    await next?.close();
  }
}

/** Objects of a store, of which some need not be read. */
class KeptChangesets {
  readonly store: Store;
  readonly #store: Store;
  readonly #lines: AsyncGenerator<Kept>;
  readonly #next: NextFile | null;
  /** The line that was read last; null at the end. */
  #line: Kept | null | undefined;
  /** What is to be asked for next. */
  #ready: ReadonlyMap<string, Got | null> = new Map();

  constructor(store: Store, lines: AsyncGenerator<Kept>, next: NextFile | null) {
    [this.#store, this.#lines, this.#next] = [store, lines, next];
    this.store = {
      name: store.name,
      isBilled: store.isBilled,
      get: async (key) =>
        this.#ready.has(key) ? this.#ready.get(key) ?? null : await store.get(key),
      read: (...args) => store.read(...args),
      put: (...args) => store.put(...args),
      upload: (...args) => store.upload(...args),
      delete: (...args) => store.delete(...args),
      list: (prefix) => this.#list(prefix),
    };
  }

  async *#list(prefix: string): AsyncGenerator<Listed> {
    let some: Listed[] = [];
    for await (const listed of this.#store.list(prefix)) {
      some.push(listed);
      if (some.length < WIDTH) continue;
      yield* await this.#prepare(some);
      some = [];
    }
    yield* await this.#prepare(some);
  }

  /** Takes objects out of the file, or reads them. @returns All of them */
  async #prepare(some: Listed[]): Promise<Listed[]> {
    const known: { key: string; kept: Got | null }[] = [];
    for (const { key, version } of some.filter(({ key }) => isChangeset(key))) {
      const kept = await this.#keptOf(key);
      const isSame = kept?.version === version;
      known.push({ key, kept: isSame ? { version, bytes: encoder.encode(kept.text) } : null });
    }
    const found = known.map(async ({ key, kept }) =>
      [key, kept ?? await this.#store.get(key)] as const
    );
    this.#ready = new Map(await Promise.all(found));
    for (const [key, found] of this.#ready) if (found) await this.#next?.add(key, found);
    return some;
  }

  /** Returns the line of a key: both are in the order of their keys. */
  async #keptOf(key: string): Promise<Kept | null> {
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
    const text = kept && textOf(kept);
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

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}
