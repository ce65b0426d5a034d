/** Collects what a download could not copy, and reports it at the end. */

import { verifyHint } from "../../bucket/documents.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { OutsideError, UserError } from "../../base/errors.ts";
import { LINK_HINT } from "../../store/folder/links.ts";
import { shortenList } from "../output.ts";

/** Objects that were left out, by key, with the reasons. */
export class LeftOut {
  /** Objects that differ from their manifests. */
  readonly damaged = new Map<string, string>();
  /** Keys that are not valid file names here. */
  readonly strays = new Map<string, string>();
  /** Links out of the bucket. */
  readonly links = new Set<string>();
  /** Damaged objects from which Twitter keys could not be removed. */
  readonly withheld = new Map<string, string>();
  readonly #collectionId: string;

  constructor(collectionId: string) {
    this.#collectionId = collectionId;
  }

  /** @throws OutsideError for objects that differ from their listing, else UserError, if something was left out. */
  check(): void {
    const all = this.texts();
    if (all.length === 0) return;
    const message = [...all, "all others are downloaded"].join("; ");
    if (this.damaged.size > 0) {
      throw new OutsideError(message, { hint: verifyHint(this.#collectionId) });
    }
    throw new UserError(message, {
      hint: this.strays.size > 0
        ? "Remove them from the bucket, or give them other names there."
        : this.links.size > 0
        ? LINK_HINT
        : "With --with-keys they are copied as they are.",
    });
  }

  /** Returns a text for each kind of omission. */
  texts(): string[] {
    return [
      ...this.#leftOutLines(
        this.damaged,
        "file is not in the bucket as listed",
        "files are not in the bucket as listed",
      ),
      ...this.#leftOutLines(
        this.strays,
        "key of the bucket is not a valid file name here",
        "keys of the bucket is not a valid file name here",
      ),
      ...this.#leftOutLines(
        new Map([...this.links].map((key) => [key, "not followed"])),
        "link leads out of the bucket",
        "links lead out of the bucket",
      ),
      ...this.#leftOutLines(
        this.withheld,
        "file is damaged, and may have Twitter keys in it",
        "files are damaged, and may have Twitter keys in them",
      ),
    ];
  }

  #leftOutLines(left: Map<string, string>, one: string, many: string): string[] {
    if (left.size === 0) return [];
    const { folder } = collectionKeys(this.#collectionId);
    const names = [...left].toSorted(([a], [b]) => a < b ? -1 : 1).map(([key, why]) =>
      `${key.slice(folder.length)} (${why})`
    );
    return [`${left.size > 1 ? `${left.size} ${many}` : `One ${one}`}: ${shortenList(names)}`];
  }
}
