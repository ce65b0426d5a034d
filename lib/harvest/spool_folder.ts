/** The folder of one harvester's temporary files, and its files that stay open. */

import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { getLogger } from "@logtape/logtape";
import { DiskError, UserError } from "../base/errors.ts";
import { releaseFile } from "../base/file_lock.ts";
import { removeFile } from "../base/in_use.ts";
import { hasCode, type Owner, strangeness } from "../base/own_folder.ts";
import { type Files, type OpenFile, systemFiles } from "./files.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** The file that a process keeps locked while it lives: another process may get its number afterwards. */
const HELD = "held";
/** Bytes that are read at a time. */
const BLOCK = 1 << 16;

/** A folder for temporary files; it is created again where another program removes it. */
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
   * Creates a folder, and its parents where needed.
   * @throws UserError where it exists, or one of them belongs to another user; the errors of the file system.
   */
  static async make(
    path: string,
    { files = systemFiles, owner = null }: { files?: Files; owner?: Owner } = {},
  ): Promise<SpoolFolder> {
    if (await files.facts(path)) throw new UserError(`${path} already exists`);
    const folder = new SpoolFolder(path, { files, owner });
    await folder.#make();
    return folder;
  }

  /** Returns whether the process that owns a folder lives; null where that is unknown. */
  static async isHeld(path: string): Promise<boolean | null> {
    try {
      const held = await Deno.open(join(path, HELD), { write: true });
      try {
        return !await held.tryLock(true);
      } finally {
        await releaseFile(held);
      }
    } catch {
      return null;
    }
  }

  /** Creates a new file in it. */
  async create(name: string): Promise<OpenFile> {
    const path = join(this.path, name);
    try {
      return await this.files.create(path);
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      log.warn(
        "The folder for temporary files, {folder}, was removed while in use: it was created again",
        {
          folder: this.path,
        },
      );
      await this.#make();
      return await this.files.create(path);
    }
  }

  /** Creates a new file in it that stays open as it grows. */
  async grow(name: string): Promise<GrowingFile> {
    const file = new GrowingFile(this, name, await this.create(name));
    this.#open.add(file);
    return file;
  }

  /** Forgets a closed file; false where it was forgotten before. */
  noteClosed(file: GrowingFile): boolean {
    return this.#open.delete(file);
  }

  /** Leaves it to the next harvester. */
  async leave(): Promise<void> {
    await this.#release();
    for (const file of [...this.#open]) await file.close().catch(() => {});
  }

  async #release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held) await releaseFile(held);
  }

  async #make(): Promise<void> {
    await this.files.makeFolder(this.path);
    for (const path of [dirname(this.path), this.path]) {
      const why = await strangeness(path, this.#owner);
      if (why) {
        throw new UserError(`The folder for temporary files, ${path}, cannot be used: ${why}`, {
          hint: "It belongs to another user: choose another one with --spool.",
        });
      }
    }
    await this.#release();
    this.#held = await Deno.open(join(this.path, HELD), { createNew: true, write: true });
    // On a file system without locks, the process is known by its number only.
    await this.#held.lock(true).catch(() => removeFile(join(this.path, HELD)));
  }
}

/** A file that grows and stays open: its content is not lost where another program removes it. */
export class GrowingFile {
  readonly #folder: SpoolFolder;
  readonly #name: string;
  #file: OpenFile;
  /** The removed ones: a part of them may still be read. */
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

  /** Yields a part of its content; each piece is valid until the next one is requested. */
  content(from: number, to: number): AsyncGenerator<Uint8Array> {
    return readContent(this.#file, from, to);
  }

  /** Ensures that its content is durable under its name. */
  async settle(): Promise<void> {
    await this.restore();
    if (!this.#isDurable) await this.#file.sync();
    this.#isDurable = true;
  }

  /** Writes it again where it was removed. */
  async restore(): Promise<void> {
    const { files } = this.#folder;
    const named = await files.facts(this.path);
    const own = await this.#file.facts();
    if (named?.id === own.id) return;
    if (named) throw new DiskError(`Another file has replaced ${this.path}`);
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

  /** Closes it for reading and writing. */
  async close(): Promise<void> {
    if (!this.#folder.noteClosed(this)) return;
    for (const file of [...this.#removed, this.#file]) await file.close();
  }
}

/**
 * Yields the content of a file from one position to another, or to its end before that; each piece is valid until the
 * next one is requested.
 */
export async function* readContent(
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
