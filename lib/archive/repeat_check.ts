/** Looks whether tweets are there more than once, and whether a change of the configuration explains that. */

import { type Repeat, Repeats } from "../base/repeats.ts";
import { timeOrNull } from "../bucket/history.ts";
import type { Changeset } from "../collection/changeset.ts";
import { harvestTime } from "../collection/layout.ts";
import { bringsAgain } from "../collection/types/brings_again.ts";
import type { HarvestFound } from "./found.ts";

/** Ids that are named of each file. */
const SOME = 3;

/** Tweets of a file that are there more than once. */
interface RepeatsOfFile {
  count: number;
  some: string[];
  /** The other files that they are in, by number. */
  others: Set<number>;
}

/** What a repeat is judged by. */
export interface RepeatFacts {
  harvests: HarvestFound[];
  /** Whether each harvest asks only for what is newer. */
  isOnceOnly: boolean;
}

/** The tweets of a collection, each once. */
export class RepeatCheck {
  readonly #repeats = new Repeats();
  /** The files whose ids were added, and the harvest that each is of. */
  readonly #files: { key: string; folder: string }[] = [];
  /** When the configuration was changed so that tweets may come again, in milliseconds since 1970. */
  readonly #again: number[] = [];

  /** Adds a tweet of a file: files come one after the other. */
  async add(id: string, key: string): Promise<void> {
    if (this.#files.at(-1)?.key !== key) {
      this.#files.push({ key, folder: key.slice(0, key.lastIndexOf("/") + 1) });
    }
    await this.#repeats.add(id, this.#files.length - 1);
  }

  /** Takes in a change of the configuration. */
  changed(changeset: Changeset): void {
    if (!bringsAgain(changeset)) return;
    const { harvest_timestamp, change_timestamp } = changeset;
    // Folders tell seconds, and a harvest's change is for those after it.
    const second = Math.floor((timeOrNull(harvest_timestamp ?? change_timestamp) ?? NaN) / 1_000);
    this.#again.push((harvest_timestamp === undefined ? second : second + 1) * 1_000);
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    await this.#repeats.close();
  }

  /** Tells files that have tweets which are there one time too many. */
  async tell(facts: RepeatFacts, fault: (key: string, says: string) => void): Promise<void> {
    const repeated = new Map<number, RepeatsOfFile>();
    for await (const repeat of this.#repeats.found()) {
      const groups = this.#faulty(repeat, facts);
      for (const group of groups) {
        const of = repeated.get(group) ?? { count: 0, some: [], others: new Set() };
        repeated.set(group, of);
        of.count++;
        if (of.some.length < SOME) of.some.push(repeat.id);
        for (const other of groups) if (other !== group) of.others.add(other);
      }
    }
    for (const [group, { count, some, others }] of [...repeated].toSorted(([a], [b]) => a - b)) {
      const [other] = others;
      const key = other === undefined ? undefined : this.#files[other]?.key;
      const more = others.size > 1 ? ` and ${others.size - 1} other files` : "";
      const ids = `${some.join(", ")}${count > some.length ? " ..." : ""}`;
      const says = `${count} of its tweets are there more than once (${ids})` +
        (key === undefined ? "" : `, also in ${key}${more}`);
      fault(this.#files[group]?.key ?? "", says);
    }
  }

  /** The files where a tweet is one time too many: in one harvest, or in several where each asks for newer ones. */
  #faulty({ groups }: Repeat, { harvests, isOnceOnly }: RepeatFacts): Set<number> {
    const folders = groups.map((group) => this.#files[group]?.folder ?? "");
    // The original recorded what the API gave twice: nothing is wrong with its files.
    const isOfOriginal = (folder: string) =>
      harvests.some((one) => one.folder === folder && one.isOriginal);
    if (folders.every(isOfOriginal)) return new Set();
    const parts = isOnceOnly ? folders.map((one) => `${this.#changesBefore(one)}`) : folders;
    return new Set(groups.filter((_, i) => {
      const part = parts[i] ?? "";
      return parts.indexOf(part) !== parts.lastIndexOf(part);
    }));
  }

  /** How many changes were made before a harvest after which tweets may come again. */
  #changesBefore(folder: string): number {
    const began = harvestTime(folder);
    return this.#again.filter((at) => at <= began).length;
  }
}
