/** Files of a disk that fails when a test says so. */

import type { Files, OpenFile } from "../../lib/harvest/files.ts";
import { unsyncedFiles } from "./unsynced_files.ts";

/** An error as a file system gives it. */
export function diskFault(code: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code });
}

/** Files whose operations fail with what `fault` gives. */
export class FaultyFiles implements Files {
  /** Called with each operation and its path, such as `create /spool/segment.gz`; what it gives is thrown. */
  fault: (what: string) => Error | null | undefined = () => null;

  create = async (path: string) => this.#followed(path, await this.#tried("create", path));
  open = async (path: string) => this.#followed(path, await this.#tried("open", path));
  sync = (path: string) => this.#tried("sync", path);
  makeFolder = (path: string) => this.#tried("makeFolder", path);
  syncFolder = (path: string) => this.#tried("syncFolder", path);
  facts = (path: string) => this.#tried("facts", path);
  names = (path: string) => this.#tried("names", path);
  remove = (path: string) => this.#tried("remove", path);
  removeFolder = (path: string) => this.#tried("removeFolder", path);

  async rename(from: string, to: string): Promise<void> {
    this.#fail("rename", from);
    await unsyncedFiles.rename(from, to);
  }

  #followed(path: string, file: OpenFile): OpenFile {
    return {
      ...file,
      write: async (bytes, at) => {
        this.#fail("write", path);
        await file.write(bytes, at);
      },
      read: async (into, at) => {
        this.#fail("read", path);
        return await file.read(into, at);
      },
    };
  }

  async #tried<M extends Exclude<keyof Files, "rename">>(
    method: M,
    path: string,
  ): Promise<Awaited<ReturnType<Files[M]>>>;
  async #tried(method: Exclude<keyof Files, "rename">, path: string): Promise<unknown> {
    this.#fail(method, path);
    return await unsyncedFiles[method](path);
  }

  #fail(method: string, path: string): void {
    const fault = this.fault(`${method} ${path}`);
    if (fault) throw fault;
  }
}
