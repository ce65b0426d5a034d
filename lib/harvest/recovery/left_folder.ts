/** A folder of temporary files that an ended harvester left. */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { errorMessage, UserError } from "../../base/errors.ts";
import { CutFiles, type SideCut } from "../cut_files.ts";
import { onDisk } from "../../base/disk.ts";
import type { OpenFile } from "../files.ts";
import { readContent } from "../spool_folder.ts";
import type { LeftPlace } from "./spool_place.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** A note of a cut, by its number. */
const NOTE = /^cut-(\d{1,15})\.json$/;
/** Bits of a mode: others of the group or the world may write. */
const OTHERS_WRITE = 0o022;
/** Bytes that a note has at most: a longer file is not a note. */
const MAX_NOTE = 64 << 20;
const LINE_FEED = 0x0a;

/** The temporary files of a harvester that has ended. */
export class LeftFolder extends CutFiles {
  readonly place: LeftPlace;

  constructor(place: LeftPlace) {
    super(place.path, place.files);
    this.place = place;
  }

  /** Returns the notes of cuts, in their order: empty for one that cannot be read, null where the folder cannot be. */
  async notes(): Promise<{ number: number; text: string }[] | null> {
    const names = await this.files.names(this.path).catch(() => null);
    if (!names) return null;
    const numbers = names.flatMap((name) => NOTE.exec(name)?.[1] ?? []).map(Number);
    const notes = [];
    for (const number of numbers.toSorted((a, b) => a - b)) {
      const text = await this.#text(this.pathFor(`cut-${number}.json`)).catch(() => "");
      notes.push({ number, text });
    }
    return notes;
  }

  /** Returns how many bytes of a file beside the tweets are intact as of one of its cuts; 0 where none are. */
  async intact(name: string, cuts: SideCut[]): Promise<number> {
    let intact = 0;
    try {
      const file = await this.open(this.pathFor(name));
      try {
        const content = new Checked(file);
        for (const cut of cuts.toSorted((a, b) => a.bytes - b.bytes)) {
          if (!await content.isAsCut(cut)) break;
          intact = cut.bytes;
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      log.warn("{path} cannot be read: {problem}", {
        path: this.pathFor(name),
        problem: errorMessage(error),
      });
    }
    return intact;
  }

  /** Replaces the content of a file beside the tweets, atomically. @returns The new file. */
  async rewrite(name: string, content: AsyncIterable<Uint8Array>): Promise<SideCut> {
    const temporary = `${name}.${crypto.randomUUID()}`;
    return await onDisk(this.path, async () => {
      const written = await this.copy(temporary, content);
      await this.files.sync(this.pathFor(temporary));
      await this.files.rename(this.pathFor(temporary), this.pathFor(name));
      await this.files.syncFolder(this.path);
      return { ...written, name };
    });
  }

  /** Yields the content of a file beside the tweets, up to a length. */
  async *readSideFile(
    { name, bytes }: Pick<SideCut, "name" | "bytes">,
  ): AsyncGenerator<Uint8Array> {
    if (bytes === 0) return;
    const file = await this.open(this.pathFor(name));
    try {
      yield* readContent(file, 0, bytes);
    } finally {
      await file.close();
    }
  }

  /** Returns a whole file, up to its end. */
  read(name: string, bytes: number): ReadableStream<Uint8Array> {
    return ReadableStream.from(copyPieces(this.readSideFile({ name, bytes })));
  }

  /** Moves the folder to where no harvester looks for it, if possible. @returns Its path then. */
  async setAside(): Promise<string> {
    const aside = `${this.path}-damaged`;
    return await this.files.rename(this.path, aside).then(() => aside, () => this.path);
  }

  /** Removes the folder and its content; a failure is reported, and ends nothing. */
  async close(): Promise<void> {
    await this.files.removeFolder(this.path).catch((error) => this.tellOfClearing(error));
  }

  protected override create(name: string): Promise<OpenFile> {
    return this.files.create(this.pathFor(name));
  }

  /** @throws UserError for a file that another user made or can write, or that has a second name. */
  protected override async open(path: string): Promise<OpenFile> {
    const file = await this.files.open(path);
    const { uid, mode, links } = await file.facts();
    const { owner } = this.place;
    const isOwn = owner === null || uid === owner && (mode & OTHERS_WRITE) === 0;
    if (isOwn && links <= 1) return file;
    await file.close();
    throw new UserError(`${path} is not owned by you alone`);
  }

  async #text(path: string): Promise<string> {
    const file = await this.open(path);
    try {
      const { size } = await file.facts();
      const bytes = new Uint8Array(Math.min(size, MAX_NOTE));
      let at = 0;
      for await (const part of readContent(file, 0, bytes.length)) {
        bytes.set(part, at);
        at += part.length;
      }
      return new TextDecoder().decode(bytes.subarray(0, at));
    } finally {
      await file.close();
    }
  }
}

/** Yields pieces that stay valid when the next one is requested. */
async function* copyPieces(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield piece.slice();
}

/** The content of a file, checked cut by cut. */
class Checked {
  readonly #file: OpenFile;
  readonly #sha1 = createHash("sha1");
  #at = 0;
  #last = LINE_FEED;
  /** A power cut leaves zeros where data was: no line has any. */
  #hasZeros = false;

  constructor(file: OpenFile) {
    this.#file = file;
  }

  /** Returns whether the content of a cut, not before the last one, is intact. */
  async isAsCut({ bytes, sha1 }: SideCut): Promise<boolean> {
    for await (const part of readContent(this.#file, this.#at, bytes)) {
      this.#sha1.update(part);
      this.#hasZeros ||= part.includes(0);
      this.#last = part.at(-1) ?? this.#last;
      this.#at += part.length;
    }
    if (this.#at !== bytes) return false;
    if (sha1 !== undefined) return this.#sha1.copy().digest("hex") === sha1;
    return !this.#hasZeros && this.#last === LINE_FEED;
  }
}
