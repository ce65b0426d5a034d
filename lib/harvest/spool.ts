/** The folder for a harvest's temporary files, and the small files that are kept beside the tweets. */

import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { diskError } from "../bucket/disk_error.ts";
import { folderPath, isFolder, s3Name } from "../store/store.ts";
import { withLineFeeds, writeAll } from "./disk.ts";
import { Segment } from "./segment.ts";

/** A note of a cut, by its number. */
const NOTE = /^cut-(\d{1,15})\.json$/;
/** The file that a process has locked for as long as it lives: its number may be another's after it. */
const HELD = "held";

/** A file of lines beside the tweets, as long as it was at one moment: it grows on. */
export interface SideCut {
  /** Its name in the harvest's folder, e.g. `users.jsonl`. */
  name: string;
  bytes: number;
}

/** A harvest's temporary files. */
export class Spool {
  readonly #directory: string;
  /** Bytes of each file of lines, by its name. */
  readonly #sides = new Map<string, number>();
  #held: Deno.FsFile | undefined;

  private constructor(directory: string, held?: Deno.FsFile) {
    this.#directory = directory;
    this.#held = held;
  }

  /**
   * Makes the folder `<parent>/<name>` anew: what a killed harvester left there is cleared, and only
   * the holder of the lease comes here.
   * @throws UserError where it cannot be written.
   */
  static async open(parent: string, name: string): Promise<Spool> {
    const directory = join(parent, name);
    try {
      await Deno.remove(directory, { recursive: true }).catch(ignoreAbsent);
      await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
      const held = await Deno.open(join(directory, HELD), { createNew: true, write: true });
      // Where a file system has no locks, the process is known by its number only.
      await held.lock(true).catch(() => Deno.remove(join(directory, HELD)));
      return new Spool(directory, held);
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** Whether the process whose folder it is lives; null where that cannot be told. */
  static async isHeld(directory: string): Promise<boolean | null> {
    try {
      using held = await Deno.open(join(directory, HELD), { write: true });
      return !await held.tryLock(true);
    } catch {
      return null;
    }
  }

  /** The folder that a harvester left which is gone. */
  static left(directory: string): Spool {
    return new Spool(directory);
  }

  /** Where a file in the folder is. */
  pathOf(name: string): string {
    return join(this.#directory, name);
  }

  /** Opens a new segment. */
  segment(): Promise<Segment> {
    return Segment.open(this.#directory);
  }

  /** Adds lines to a file beside the tweets. */
  async append(name: string, lines: Uint8Array[]): Promise<void> {
    if (lines.length === 0) return;
    const text = withLineFeeds(lines);
    try {
      using file = await Deno.open(this.pathOf(name), { create: true, append: true });
      await writeAll(file, text);
    } catch (cause) {
      throw diskError(cause);
    }
    this.#sides.set(name, (this.#sides.get(name) ?? 0) + text.length);
  }

  /** The files beside the tweets, as long as they are now. */
  sides(): SideCut[] {
    return [...this.#sides].map(([name, bytes]) => ({ name, bytes }));
  }

  /** Whether a file beside the tweets is as long, at least, as it was when it was cut. */
  async has({ name, bytes }: SideCut): Promise<boolean> {
    return await Deno.stat(this.pathOf(name)).then(({ size }) => size >= bytes, () => false);
  }

  /** Gives `use` the path of a file that has what a file beside the tweets had when it was cut. */
  async withCut<T>({ name, bytes }: SideCut, use: (path: string) => Promise<T>): Promise<T> {
    const path = this.pathOf(`${name}.cut`);
    try {
      await pipeline(
        createReadStream(this.pathOf(name), { end: bytes - 1 }),
        createWriteStream(path),
      );
    } catch (cause) {
      throw diskError(cause);
    }
    return await use(path);
  }

  /** Makes what was written to a file durable. */
  async sync(path: string): Promise<void> {
    try {
      using file = await Deno.open(path, { write: true });
      await file.sync();
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** Adds lines to what a file had when it was cut. @returns Its bytes with them. */
  async extend(name: string, bytes: number, lines: Uint8Array[]): Promise<number> {
    try {
      using file = await Deno.open(this.pathOf(name), { create: true, write: true });
      await file.truncate(bytes);
      await file.seek(0, Deno.SeekMode.End);
      await writeAll(file, withLineFeeds(lines));
      return (await file.stat()).size;
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** Notes a cut until it is forgotten: whole, or not at all. */
  async note(number: number, note: unknown): Promise<void> {
    const path = this.pathOf(`cut-${number}.json`);
    try {
      await Deno.writeTextFile(`${path}.new`, JSON.stringify(note));
      await this.sync(`${path}.new`);
      await Deno.rename(`${path}.new`, path);
    } catch (cause) {
      throw diskError(cause);
    }
  }

  /** The notes of cuts, in their order: empty for one that cannot be read, null where the folder cannot be. */
  async notes(): Promise<{ number: number; text: string }[] | null> {
    const entries = await Array.fromAsync(Deno.readDir(this.#directory)).catch(() => null);
    if (!entries) return null;
    const numbers = entries.flatMap(({ name }) => NOTE.exec(name)?.[1] ?? []).map(Number);
    return await Promise.all(
      numbers.toSorted((a, b) => a - b).map(async (number) => {
        const path = this.pathOf(`cut-${number}.json`);
        return { number, text: await Deno.readTextFile(path).catch(() => "") };
      }),
    );
  }

  /** Removes what is on this machine's disk of a cut that is committed, or has another in its place. */
  async forget({ number, tweets }: {
    number: number;
    tweets?: { file: { path: string } };
  }): Promise<void> {
    // The note first: what is noted is there.
    await Deno.remove(this.pathOf(`cut-${number}.json`)).catch(ignoreAbsent);
    if (tweets) await Deno.remove(tweets.file.path).catch(ignoreAbsent);
  }

  /** Leaves the folder, with all that is in it, to the harvester that comes next. */
  leave(): void {
    this.#held?.close();
    this.#held = undefined;
  }

  /** Puts the folder where no harvester looks for it. @returns Its new path. */
  async setAside(): Promise<string> {
    this.leave();
    const aside = `${this.#directory}-damaged`;
    await Deno.rename(this.#directory, aside);
    return aside;
  }

  /** Removes the folder with all that is in it. */
  async close(): Promise<void> {
    this.leave();
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/**
 * The folder for a collection's temporary files: of its own, whatever buckets are harvested here, and by whom: one
 * person may not write where another does.
 */
export function spoolFor(bucket: string, collectionId: string): { parent: string; name: string } {
  const place = isFolder(bucket) ? folderPath(bucket) : s3Name(bucket);
  const parent = join(tmpdir(), `twarc-cloud-${hashOf(homedir()).slice(0, 8)}`);
  return { parent, name: `${hashOf(place)}-${collectionId}` };
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
