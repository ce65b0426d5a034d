/** Finds duplicate tweets, except those that a change of the configuration explains. */

import { type Repeat, Repeats } from "../base/repeats.ts";
import { folderFor } from "../bucket/folders.ts";
import { timeOrNull } from "../bucket/history.ts";
import type { Changeset } from "../collection/changeset.ts";
import { harvestTime } from "../collection/layout.ts";
import { bringsAgain } from "../collection/types/brings_again.ts";
import type { HarvestFound } from "./found.ts";

/** Ids that are named for each file. */
const SOME = 3;

/** Duplicate tweets of a file. */
interface RepeatsOfFile {
  count: number;
  some: string[];
  /** The other files that contain them, by number. */
  others: Set<number>;
}

/** Facts that decide whether a duplicate is a fault. */
export interface RepeatFacts {
  /** Whether each harvest requests only newer tweets. */
  isOnceOnly: boolean;
}

/** Finds tweets that a collection has more than once. */
export class RepeatCheck {
  readonly #repeats = new Repeats();
  /** The files whose ids were added. */
  readonly #files: string[] = [];
  /** Files whose bytes were altered: ids in them say nothing, as what they had is requested again. */
  readonly #altered = new Set<string>();
  /** Folders of harvests of the Python original, which recorded what the API returned twice: they are correct. */
  readonly #originals = new Set<string>();
  /** Changes of the configuration after which tweets may come again, in milliseconds since 1970. */
  readonly #again: number[] = [];

  /** Adds a tweet of a file: one file after the other. */
  async add(id: string, key: string): Promise<void> {
    if (this.#files.at(-1) !== key) this.#files.push(key);
    await this.#repeats.add(id, this.#files.length - 1);
  }

  /** Records the findings on a harvest whose tweets were added. */
  noteHarvest({ folder, listed, isOriginal }: HarvestFound): void {
    for (const [key, file] of listed) if (file?.isAltered) this.#altered.add(key);
    if (isOriginal) this.#originals.add(folder);
  }

  /** Records a change of the configuration. */
  noteChange(changeset: Changeset): void {
    if (!bringsAgain(changeset)) return;
    const { harvest_timestamp, change_timestamp } = changeset;
    // Folders are named by the second, and a harvest's change applies to those after it.
    const second = Math.floor((timeOrNull(harvest_timestamp ?? change_timestamp) ?? NaN) / 1_000);
    this.#again.push((harvest_timestamp === undefined ? second : second + 1) * 1_000);
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    await this.#repeats.close();
  }

  /** Reports the files with tweets that occur once too often. */
  async tell(facts: RepeatFacts, fault: (key: string, says: string) => void): Promise<void> {
    const repeated = new Map<number, RepeatsOfFile>();
    const isKnown = (group: number) => !this.#altered.has(this.#files[group] ?? "");
    for await (const repeat of this.#repeats.findRepeats()) {
      const groups = this.#faulty({ ...repeat, groups: repeat.groups.filter(isKnown) }, facts);
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
      const key = other === undefined ? undefined : this.#files[other];
      const more = others.size > 1 ? ` and ${others.size - 1} other files` : "";
      const ids = `${some.join(", ")}${count > some.length ? " ..." : ""}`;
      const says = `${count} of its tweets are duplicates (${ids})` +
        (key === undefined ? "" : `, also in ${key}${more}`);
      fault(this.#files[group] ?? "", says);
    }
  }

  /**
   * Returns the files where a tweet occurs once too often: within a harvest, or across harvests if each requests newer
   * ones.
   */
  #faulty({ groups }: Repeat, { isOnceOnly }: RepeatFacts): Set<number> {
    const folders = groups.map((group) => folderFor(this.#files[group] ?? ""));
    if (folders.every((folder) => this.#originals.has(folder))) return new Set();
    const parts = isOnceOnly ? folders.map((one) => `${this.#changesBefore(one)}`) : folders;
    return new Set(groups.filter((_, i) => {
      const part = parts[i] ?? "";
      return parts.indexOf(part) !== parts.lastIndexOf(part);
    }));
  }

  /** Returns the number of changes before a harvest after which tweets may come again. */
  #changesBefore(folder: string): number {
    const began = harvestTime(folder);
    return this.#again.filter((at) => at <= began).length;
  }
}
