/** What a harvest learns for the configuration, put together as it comes: a change costs no more than itself. */

import { type ConfigUpdate, type Deletion, isObject } from "../collection/changeset.ts";
import type { JsonObject } from "../json.ts";

/** Members that are deleted: as a whole, or below them. */
type Deleted = Map<string, "whole" | Deleted>;

/** One change that does what all that were added do, one after the other (`combine`). */
export class Learned {
  readonly #update: JsonObject = {};
  readonly #deleted: Deleted = new Map();

  /** Adds a later change. */
  add({ update, delete: deletions }: ConfigUpdate): void {
    for (const deletion of deletions) {
      remove(this.#update, deletion);
      note(this.#deleted, deletion);
    }
    put(this.#update, update);
  }

  /** The change as it is now; what is added later does not change it. */
  soFar(): ConfigUpdate {
    return { update: structuredClone(this.#update), delete: listed(this.#deleted) };
  }
}

function put(into: JsonObject, update: JsonObject): void {
  for (const [key, after] of Object.entries(update)) {
    const before = Object.hasOwn(into, key) ? into[key] : undefined;
    if (isObject(before) && isObject(after)) put(before, after);
    else define(into, key, structuredClone(after));
  }
}

/** Sets a member of its own, whatever its name. */
function define(object: JsonObject, key: string, value: JsonObject[string]): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

function remove(from: JsonObject, deletion: Deletion): void {
  if (typeof deletion === "string") {
    delete from[deletion];
    return;
  }
  for (const [key, inner] of Object.entries(deletion)) {
    const below = Object.hasOwn(from, key) ? from[key] : undefined;
    if (isObject(below)) { for (const one of inner) remove(below, one); }
  }
}

function note(deleted: Deleted, deletion: Deletion): void {
  if (typeof deletion === "string") {
    deleted.set(deletion, "whole");
    return;
  }
  for (const [key, inner] of Object.entries(deletion)) {
    const known = deleted.get(key) ?? new Map();
    if (known === "whole") continue;
    deleted.set(key, known);
    for (const one of inner) note(known, one);
  }
}

function listed(deleted: Deleted): Deletion[] {
  return [...deleted].map(([key, below]) =>
    below === "whole" ? key : Object.fromEntries([[key, listed(below)]])
  );
}
