/** Files on a machine whose power may be cut: what is durable, and what is not, is known at each moment. */

import { dirname, join, relative } from "node:path";
import type { Files, OpenFile } from "../../lib/harvest/files.ts";
import { unsyncedFiles } from "./unsynced_files.ts";

/** What a file has, and what of it is durable. */
interface Content {
  bytes: Uint8Array;
  durable: Uint8Array;
}

type Names = ReadonlyMap<string, Content>;

/** What is left of each file that a disk has a name of, by what the disk keeps beside what is durable. */
const LEFT = {
  "nothing else": ({ durable }: Content) => durable,
  // As file systems do that make a file long before they write it.
  "the names, and zeros": ({ bytes, durable }: Content) => {
    const zeroed = new Uint8Array(bytes.length);
    zeroed.set(durable.subarray(0, bytes.length));
    return zeroed;
  },
  "the names alone": ({ durable }: Content) => durable,
};
/** What a disk keeps beside what is durable. */
export type Kept = keyof typeof LEFT;
/** Each of them. */
export const KEPT: Kept[] = ["nothing else", "the names, and zeros", "the names alone"];

/** What a folder has after the power was cut: its files, by their paths in it. */
export type AfterCut = Map<string, Uint8Array>;

/** Files as they are on a machine with its power on. */
export class PoweredFiles implements Files {
  /** Called before each operation that changes something. */
  onChange: (what: string) => void = () => {};
  readonly #names = new Map<string, Content>();
  readonly #durable = new Map<string, Content>();

  facts = unsyncedFiles.facts;
  names = unsyncedFiles.names;

  /** What a folder would have if the power were cut now. */
  afterCut(folder: string, kept: Kept): AfterCut {
    const names: Names = kept === "nothing else" ? this.#durable : this.#names;
    return new Map(
      [...names].map(([path, content]) => [relative(folder, path), LEFT[kept](content).slice()]),
    );
  }

  async create(path: string): Promise<OpenFile> {
    this.onChange(`create ${path}`);
    const file = await unsyncedFiles.create(path);
    const content = { bytes: new Uint8Array(), durable: new Uint8Array() };
    this.#names.set(path, content);
    return {
      ...file,
      write: async (bytes, at) => {
        this.onChange(`write ${path}`);
        await file.write(bytes, at);
        const longer = new Uint8Array(Math.max(content.bytes.length, at + bytes.length));
        longer.set(content.bytes);
        longer.set(bytes, at);
        content.bytes = longer;
      },
      sync: () => this.#sync(path, content),
    };
  }

  open(path: string): Promise<OpenFile> {
    return unsyncedFiles.open(path);
  }

  async sync(path: string): Promise<void> {
    await unsyncedFiles.sync(path);
    await this.#sync(path, this.#names.get(path));
  }

  makeFolder(path: string): Promise<void> {
    return unsyncedFiles.makeFolder(path);
  }

  syncFolder(path: string): Promise<void> {
    this.onChange(`sync ${path}`);
    const isIn = (name: string) => dirname(name) === path;
    for (const name of [...this.#durable.keys()].filter(isIn)) this.#durable.delete(name);
    for (const [name, content] of this.#names) if (isIn(name)) this.#durable.set(name, content);
    return Promise.resolve();
  }

  async rename(from: string, to: string): Promise<void> {
    this.onChange(`rename ${from}`);
    await unsyncedFiles.rename(from, to);
    const content = this.#names.get(from);
    this.#names.delete(from);
    if (content) this.#names.set(to, content);
  }

  async remove(path: string): Promise<void> {
    this.onChange(`remove ${path}`);
    await unsyncedFiles.remove(path);
    this.#names.delete(path);
  }

  async removeFolder(path: string): Promise<void> {
    this.onChange(`remove ${path}`);
    await unsyncedFiles.removeFolder(path);
    for (const name of [...this.#names.keys()]) {
      if (name.startsWith(join(path, "/"))) this.#names.delete(name);
    }
  }

  #sync(path: string, content: Content | undefined): Promise<void> {
    this.onChange(`sync ${path}`);
    if (content) content.durable = content.bytes.slice();
    return Promise.resolve();
  }
}
