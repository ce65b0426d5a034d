/** The folder of one harvester's temporary files, and the files in it that stay open. */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { DiskError, UserError } from "../base/errors.ts";
import { removeFile } from "../base/in_use.ts";
import { hasCode, type Owner, strangeness } from "../base/own_folder.ts";
import { type Files, type OpenFile, systemFiles } from "./files.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** The file that a process has locked for as long as it lives: its number may be another's after it. */
const HELD = "held";
/** Bytes that are read at a time. */
const BLOCK = 1 << 16;

/** A folder for temporary files; one that somebody removes is made again. */
export class SpoolFolder {
  readonly path: string;
  readonly files: Files;
  readonly #owner: Owner;
  #held: Deno.FsFile | undefined;
  readonly #open = new Set<GrowingFile>();

  private constructor(path: string, { files, owner }: { files: Files; owner: Owner }) {
    this.path = path;
    this.files = files;
    this.#owner = owner;
  }

  /**
   * Makes a folder that is not there, in one that may have to be made too.
   * @throws UserError where one of them is somebody else's, or there; what the file system fails with.
   */
  static async make(
    path: string,
    { files = systemFiles, owner = null }: { files?: Files; owner?: Owner } = {},
  ): Promise<SpoolFolder> {
    if (await files.facts(path)) throw new UserError(`${path} is there already`);
    const folder = new SpoolFolder(path, { files, owner });
    await folder.#make();
    return folder;
  }

  /** Returns whether the process whose folder it is lives; null where that cannot be told. */
  static async isHeld(path: string): Promise<boolean | null> {
    try {
      using held = await Deno.open(join(path, HELD), { write: true });
      return !await held.tryLock(true);
    } catch {
      return null;
    }
  }

  /** Makes a new file in it. */
  async create(name: string): Promise<OpenFile> {
    const path = join(this.path, name);
    try {
      return await this.files.create(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      log.warn("Somebody removed the folder for temporary files, {folder}: it is made again", {
        folder: this.path,
      });
      await this.#make();
      return await this.files.create(path);
    }
  }

  /** Makes a new file in it that stays open as it grows. */
  async grow(name: string): Promise<GrowingFile> {
    const file = new GrowingFile(this, name, await this.create(name));
    this.#open.add(file);
    return file;
  }

  /** Takes in that a file is closed; false where it was. */
  closed(file: GrowingFile): boolean {
    return this.#open.delete(file);
  }

  /** Leaves it to the harvester that comes next. */
  async leave(): Promise<void> {
    this.#held?.close();
    this.#held = undefined;
    for (const file of [...this.#open]) await file.close().catch(() => {});
  }

  async #make(): Promise<void> {
    await this.files.makeFolder(this.path);
    for (const path of [dirname(this.path), this.path]) {
      const why = await strangeness(path, this.#owner);
      if (why) {
        throw new UserError(`The folder for temporary files, ${path}, cannot be used: ${why}`, {
          hint: "Somebody else made it: name another one with --spool.",
        });
      }
    }
    this.#held?.close();
    this.#held = await Deno.open(join(this.path, HELD), { createNew: true, write: true });
    // Where a file system has no locks, the process is known by its number only.
    await this.#held.lock(true).catch(() => removeFile(join(this.path, HELD)));
  }
}

/** A file that lines are added to, and that stays open: where somebody removes it, what it has is not lost. */
export class GrowingFile {
  readonly #folder: SpoolFolder;
  readonly #name: string;
  #file: OpenFile;
  /** Those that somebody removed: a part of them may still be read. */
  readonly #removed: OpenFile[] = [];
  #length = 0;
  #isDurable = false;
  readonly #sha1 = createHash("sha1");

  /** @param file A new one. */
  constructor(folder: SpoolFolder, name: string, file: OpenFile) {
    this.#folder = folder;
    this.#name = name;
    this.#file = file;
  }

  /** Its bytes. */
  get length(): number {
    return this.#length;
  }

  /** Of its content, in hex. */
  get sha1(): string {
    return this.#sha1.copy().digest("hex");
  }

  get path(): string {
    return join(this.#folder.path, this.#name);
  }

  /** Adds bytes; after a failure it is as long as it was. */
  async append(bytes: Uint8Array): Promise<void> {
    await this.#file.write(bytes, this.#length);
    this.#length += bytes.length;
    this.#sha1.update(bytes);
    this.#isDurable = false;
  }

  /** Yields a part of its content; each piece is good until the next is asked for. */
  content(from: number, to: number): AsyncGenerator<Uint8Array> {
    return contentOf(this.#file, from, to);
  }

  /** Sees to it that what it has can be found under its name, durable. */
  async settle(): Promise<void> {
    await this.restore();
    if (!this.#isDurable) await this.#file.sync();
    this.#isDurable = true;
  }

  /** Writes it once more where somebody removed it. */
  async restore(): Promise<void> {
    const { files } = this.#folder;
    const named = await files.facts(this.path);
    const own = await this.#file.facts();
    if (named?.id === own.id) return;
    if (named) throw new DiskError(`Somebody put another file in the place of ${this.path}`);
    const again = await this.#folder.create(this.#name);
    try {
      let at = 0;
      for await (const part of this.content(0, this.#length)) {
        await again.write(part, at);
        at += part.length;
      }
    } catch (error) {
      await again.close();
      await files.remove(this.path).catch(() => {});
      throw error;
    }
    this.#removed.push(this.#file);
    this.#file = again;
    this.#isDurable = false;
  }

  /** Closes it, to be read or written no more. */
  async close(): Promise<void> {
    if (!this.#folder.closed(this)) return;
    for (const file of [...this.#removed, this.#file]) await file.close();
  }
}

/** Yields the content of a file from one place to another, or to its end before that; each piece is good until the next. */
export async function* contentOf(
  file: Pick<OpenFile, "read">,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const block = new Uint8Array(BLOCK);
  for (let at = from; at < to;) {
    const n = await file.read(block.subarray(0, Math.min(BLOCK, to - at)), at);
    if (n === 0) return;
    yield block.subarray(0, n);
    at += n;
  }
}
