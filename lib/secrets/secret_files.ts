/** Secrets in files that only the person can read. */

import { dirname, join } from "node:path";
import { readTextFile, whenFree } from "../base/in_use.ts";
import { ownFolder } from "../base/own_folder.ts";
import { nullIfAbsent } from "../base/system_error.ts";
import { type Disk, ignoreLacking, isLacking, systemDisk } from "../store/folder/disk.ts";
import { Folders } from "../store/folder/folders.ts";
import type { SecretStore } from "./secret_store.ts";

/** Milliseconds that another process may take to write a secret whose file it has made. */
const WRITTEN_AFTER_MS = 1_000;

/** The folder of the files, and what messages say where it is not the person's own. */
export interface SecretFilesOptions {
  /** The folder in messages: `The folder of keys`. */
  called: string;
  hint: string;
  disk?: Disk;
}

/** The secrets in a folder, each in the file of its name. Methods also throw the errors of the file system. */
export class SecretFiles implements SecretStore {
  readonly #folder: string;
  readonly #options: SecretFilesOptions;
  readonly #folders: Folders;
  readonly #disk: Disk;

  constructor(folder: string, options: SecretFilesOptions) {
    this.#folder = folder;
    this.#options = options;
    this.#disk = options.disk ?? systemDisk;
    this.#folders = new Folders(folder, this.#disk);
  }

  async get(name: string): Promise<string | null> {
    const path = join(this.#folder, name);
    await this.#folders.checkWay(path);
    return (await readTextFile(path).catch(nullIfAbsent))?.trim() || null;
  }

  /** A secret that was written is durable. */
  async put(name: string, value: string, when?: { ifAbsent: true }): Promise<boolean> {
    await ownFolder(this.#folder, this.#options);
    const path = join(this.#folder, name);
    return await this.#folders.within(path, async () => {
      const temporary = `${path}.${crypto.randomUUID()}`;
      try {
        await writeNew(temporary, value);
        if (when) await this.#link(temporary, path, value);
        else await whenFree(path, () => this.#disk.rename(temporary, path));
        await this.#disk.sync(dirname(path)).catch(ignoreLacking);
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists && await this.#isWritten(name)) return false;
        throw error;
      } finally {
        await whenFree(temporary, () => this.#disk.remove(temporary)).catch(() => {});
      }
    });
  }

  async delete(name: string): Promise<void> {
    const path = join(this.#folder, name);
    await this.#folders.checkWay(path);
    await whenFree(path, () => this.#disk.remove(path)).catch(nullIfAbsent);
  }

  /** A link appears complete; a file that is being written may be read half. */
  async #link(temporary: string, path: string, value: string): Promise<void> {
    await this.#disk.link(temporary, path).catch((error) => {
      if (!isLacking(error)) throw error;
      return writeNew(path, value);
    });
  }

  /** Returns whether the secret that another process has made is there, or appears soon. */
  async #isWritten(name: string): Promise<boolean> {
    for (const end = performance.now() + WRITTEN_AFTER_MS; performance.now() < end;) {
      if (await this.get(name)) return true;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return false;
  }
}

async function writeNew(path: string, secret: string): Promise<void> {
  await Deno.writeTextFile(path, secret, { createNew: true, mode: 0o600 });
  using file = await Deno.open(path, { write: true });
  await file.sync().catch(ignoreLacking);
}
