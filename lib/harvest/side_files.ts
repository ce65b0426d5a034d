/** The files beside the tweets of one harvest, as they are in the store. */

import type { CheckpointState, NamedSum } from "../bucket/checkpoint_state.ts";
import { sha1Hex } from "../bucket/inventory_entry.ts";
import { FILES } from "../collection/layout.ts";
import { giveBack } from "../base/memory.ts";
import type { Store } from "../store/store.ts";
import type { Cut } from "./cut.ts";

/** Uploads these files where they have grown, and knows their checksums. */
export class SideFiles {
  readonly #store: Store;
  readonly #folder: string;
  /** Bytes of each file in the store, by its name. */
  readonly #sent = new Map<string, number>();
  /** Checksums, by name; undefined for a file whose content in the store is unknown. */
  readonly #sums: Map<string, string | undefined>;

  /** @param folder The harvest's folder, with a `/` at its end. */
  constructor(store: Store, folder: string, { sides }: CheckpointState) {
    this.#store = store;
    this.#folder = folder;
    // Where a checkpoint does not know the files, the next commits do not, either.
    this.#sums = new Map(
      sides ? sides.map(({ name, sha1 }) => [name, sha1]) : [[FILES.config, undefined]],
    );
  }

  /** Returns all files with their checksums; undefined where one is unknown. */
  knownSums(): NamedSum[] | undefined {
    const known = [...this.#sums].flatMap(([name, sha1]) => sha1 ? [{ name, sha1 }] : []);
    return known.length === this.#sums.size ? known : undefined;
  }

  /**
   * Uploads the files of a cut that have grown since they were uploaded.
   * @param guard Throws where this harvester may no longer write.
   */
  async upload({ sides, documents, spool }: Cut, guard: () => void): Promise<void> {
    for (const side of sides) {
      if (this.#sent.get(side.name) === side.bytes) continue;
      guard();
      const { name, ...expected } = side;
      const upload = (path: string) =>
        this.#store.upload(`${this.#folder}${name}`, path, { expected });
      this.#sums.set(name, undefined);
      await spool.withCut(side, upload);
      this.#sums.set(name, side.sha1);
      this.#sent.set(name, side.bytes);
    }
    for (const { name, bytes, content } of documents) {
      if (this.#sent.get(name) === bytes) continue;
      guard();
      const whole = content();
      this.#sums.set(name, undefined);
      await this.#store.put(`${this.#folder}${name}`, whole);
      this.#sums.set(name, sha1Hex(whole));
      giveBack(whole);
      this.#sent.set(name, bytes);
    }
  }
}
