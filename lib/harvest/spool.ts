/** The folder for a harvest's temporary files, and the small files that are kept beside the tweets. */

import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { diskError } from "../bucket/disk_error.ts";
import { withLineFeeds, writeAll } from "./disk.ts";
import { Segment } from "./segment.ts";

/** A file of lines that grows and is stored whole each time it has grown. */
export interface SideFile {
  /** Its name in the harvest's folder, e.g. `users.jsonl`. */
  name: string;
  path: string;
  lines: number;
  /** Whether it has grown since it was last stored. */
  isNew: boolean;
}

/** A harvest's temporary files. */
export class Spool {
  readonly #directory: string;
  readonly #sides = new Map<string, SideFile>();

  private constructor(directory: string) {
    this.#directory = directory;
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
    } catch (cause) {
      throw diskError(cause);
    }
    return new Spool(directory);
  }

  /** Opens a new segment. */
  segment(): Promise<Segment> {
    return Segment.open(this.#directory);
  }

  /** Adds lines to a side file. */
  async append(name: string, lines: Uint8Array[]): Promise<void> {
    if (lines.length === 0) return;
    const side = this.#sides.get(name) ??
      { name, path: join(this.#directory, name), lines: 0, isNew: false };
    this.#sides.set(name, side);
    try {
      const file = await Deno.open(side.path, { create: true, append: true });
      try {
        await writeAll(file, withLineFeeds(lines));
      } finally {
        file.close();
      }
    } catch (cause) {
      throw diskError(cause);
    }
    side.lines += lines.length;
    side.isNew = true;
  }

  /** The side files that have grown since they were last stored. */
  grown(): SideFile[] {
    return [...this.#sides.values()].filter((side) => side.isNew);
  }

  /** Removes a file that is in the store. */
  async drop(path: string): Promise<void> {
    await Deno.remove(path).catch(ignoreAbsent);
  }

  /** Removes the folder with all that is in it. */
  async close(): Promise<void> {
    await Deno.remove(this.#directory, { recursive: true }).catch(() => {});
  }
}

function ignoreAbsent(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

/** The folder for a collection's temporary files: of its own, whatever buckets are harvested here. */
export function spoolFor(bucket: string, collectionId: string): { parent: string; name: string } {
  const place = /^[A-Za-z0-9]/.test(bucket) ? bucket : resolve(bucket);
  const hash = createHash("sha256").update(place).digest("hex").slice(0, 12);
  return { parent: join(tmpdir(), "twarc-cloud"), name: `${hash}-${collectionId}` };
}
