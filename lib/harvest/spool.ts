/** A harvest's temporary files: open segments, and the small files beside the tweets. */

import { onDisk } from "../base/disk.ts";
import type { Codec } from "../format/codec.ts";
import { joinLines } from "../format/lines.ts";
import { CutFiles, type SideCut } from "./cut_files.ts";
import type { OpenFile } from "./files.ts";
import { Segment } from "./segment.ts";
import { type GrowingFile, SpoolFolder } from "./spool_folder.ts";
import type { SpoolPlace } from "./recovery/spool_place.ts";

/** A harvest's temporary files. Methods throw UserError and DiskError, which name the disk, where it fails. */
export class Spool extends CutFiles {
  readonly place: SpoolPlace;
  readonly #folder: SpoolFolder;
  /** The files of lines, by their names. */
  readonly #sides = new Map<string, GrowingFile>();

  private constructor(place: SpoolPlace, folder: SpoolFolder) {
    super(folder.path, folder.files);
    this.place = place;
    this.#folder = folder;
  }

  /** Creates the folder of a harvester, which must not exist. */
  static async open(place: SpoolPlace): Promise<Spool> {
    const folder = await onDisk(place.path, () => SpoolFolder.make(place.path, place));
    return new Spool(place, folder);
  }

  /** Opens a new segment, by default with the usual codec. */
  segment(codec?: Codec): Promise<Segment> {
    return Segment.open(this.#folder, codec);
  }

  /** Adds lines to a file beside the tweets. */
  async append(name: string, lines: Uint8Array[]): Promise<void> {
    if (lines.length === 0) return;
    await onDisk(this.path, async () => {
      const side = this.#sides.get(name) ?? await this.#folder.grow(name);
      this.#sides.set(name, side);
      await side.append(joinLines(lines));
    });
  }

  /** Returns the files beside the tweets, at their current length. */
  sides(): SideCut[] {
    return [...this.#sides].map(([name, { length, sha1 }]) => ({ name, bytes: length, sha1 }));
  }

  /**
   * Notes a cut until it is forgotten: atomically, and after all that it names. A note that survives a power cut is
   * valid.
   * @param tweets The path of the cut's tweets.
   */
  async note(number: number, text: string, tweets: string | undefined): Promise<void> {
    const path = this.pathFor(`cut-${number}.json`);
    await onDisk(this.path, async () => {
      if (tweets !== undefined) await this.files.sync(tweets);
      for (const side of this.#sides.values()) await side.settle();
      const note = await this.#folder.grow(`cut-${number}.json.new`);
      try {
        await note.append(new TextEncoder().encode(text));
        await note.settle();
        await this.files.rename(note.path, path);
      } catch (error) {
        await this.clear(note.path);
        throw error;
      } finally {
        await note.close();
      }
      await this.files.syncFolder(this.path);
    });
  }

  /** Leaves the folder and its content to the next harvester. */
  async leave(): Promise<void> {
    await this.#folder.leave();
  }

  /** Removes the folder and its content; a failure is reported, and ends nothing. */
  async close(): Promise<void> {
    await this.leave();
    await this.files.removeFolder(this.path).catch((error) => this.tellOfClearing(error));
  }

  protected override create(name: string): Promise<OpenFile> {
    return this.#folder.create(name);
  }

  protected override readSideFile({ name, bytes }: SideCut): AsyncIterable<Uint8Array> {
    return this.#sides.get(name)?.content(0, bytes) ?? nothing();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
