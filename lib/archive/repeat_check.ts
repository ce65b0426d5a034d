/** Finds duplicate tweets, except those that a change of the configuration explains. */

import type { BlockFile } from "../base/block_file.ts";
import { type Repeat, Repeats } from "../base/repeats.ts";
import { Texts } from "../base/texts.ts";
import { timeOrNull } from "../bucket/history.ts";
import type { Changeset } from "../collection/changeset.ts";
import { harvestTime } from "../collection/layout.ts";
import { bringsAgain } from "../collection/types/brings_again.ts";
import type { HarvestFound } from "./found.ts";

/** Ids that are named for each file. */
const SOME = 3;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

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
  /** The keys of the files whose ids were added, which only faults need. */
  readonly #files: Texts;
  /** The number of each file's harvest. */
  readonly #harvests: number[] = [];
  /** When each harvest began, in milliseconds since 1970. */
  readonly #began: number[] = [];
  /** The files of the current harvest, with their numbers. */
  readonly #current = new Map<string, number>();
  /** Files whose bytes were altered: ids in them say nothing, as what they had is requested again. */
  readonly #altered = new Set<number>();
  /** Harvests of the Python original, which recorded what the API returned twice: they are correct. */
  readonly #originals = new Set<number>();
  /** Changes of the configuration after which tweets may come again, in milliseconds since 1970. */
  readonly #again: number[] = [];

  /** @param file For the keys of many files, open until the end. */
  constructor(file: BlockFile) {
    this.#files = new Texts(file);
  }

  /**
   * Adds a tweet of a file: one file, and one harvest, after the other.
   * @throws UserError where the disk is full.
   */
  async add(id: string, key: string): Promise<void> {
    await this.#repeats.add(id, this.#current.get(key) ?? this.#addFile(key));
  }

  #addFile(key: string): number {
    if (this.#current.size === 0) this.#began.push(harvestTime(key));
    const file = this.#files.append(encoder.encode(key));
    this.#harvests.push(this.#began.length - 1);
    this.#current.set(key, file);
    return file;
  }

  /** Records the findings on a harvest whose tweets were added. */
  noteHarvest({ listed, isOriginal }: Pick<HarvestFound, "listed" | "isOriginal">): void {
    for (const [key, number] of this.#current) {
      if (listed.get(key)?.isAltered) this.#altered.add(number);
    }
    if (isOriginal && this.#current.size > 0) this.#originals.add(this.#began.length - 1);
    this.#current.clear();
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
    const isKnown = (group: number) => !this.#altered.has(group);
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
      const key = other === undefined ? undefined : this.#keyOf(other);
      const more = others.size > 1 ? ` and ${others.size - 1} other files` : "";
      const ids = `${some.join(", ")}${count > some.length ? " ..." : ""}`;
      const says = `${count} of its tweets are duplicates (${ids})` +
        (key === undefined ? "" : `, also in ${key}${more}`);
      fault(this.#keyOf(group), says);
    }
  }

  #keyOf(file: number): string {
    return decoder.decode(this.#files.at(file));
  }

  /**
   * Returns the files where a tweet occurs once too often: within a harvest, or across harvests if each requests newer
   * ones.
   */
  #faulty({ groups }: Repeat, { isOnceOnly }: RepeatFacts): Set<number> {
    const harvests = groups.map((group) => this.#harvests[group] ?? 0);
    if (harvests.every((harvest) => this.#originals.has(harvest))) return new Set();
    const parts = isOnceOnly ? harvests.map((one) => this.#changesBefore(one)) : harvests;
    return new Set(groups.filter((_, i) => {
      const part = parts[i] ?? 0;
      return parts.indexOf(part) !== parts.lastIndexOf(part);
    }));
  }

  /** Returns the number of changes before a harvest after which tweets may come again. */
  #changesBefore(harvest: number): number {
    const began = this.#began[harvest] ?? NaN;
    return this.#again.filter((at) => at <= began).length;
  }
}
