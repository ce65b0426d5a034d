/** What a harvest learns for the configuration, put together as it comes: a change costs no more than itself. */

import {
  type ConfigUpdate,
  type Deletion,
  isObject,
  member,
  setMember,
} from "../collection/changeset.ts";
import type { Json, JsonObject } from "../json.ts";

/** Members that are deleted: as a whole, or below them. */
type Deleted = Map<string, "whole" | Deleted>;

/**
 * One change that does what all that were added do, one after the other (`combine`). What lies two members deep, as
 * what is learned of one user does, is never changed but replaced: what was handed out before shares it.
 */
export class Learned {
  readonly #update: JsonObject = {};
  readonly #deleted: Deleted = new Map();

  /** Adds a later change. */
  add({ update, delete: deletions }: ConfigUpdate): void {
    for (const deletion of deletions) {
      remove(this.#update, deletion);
      note(this.#deleted, deletion);
    }
    for (const [key, after] of Object.entries(update)) {
      const before = member(this.#update, key);
      if (isObject(before) && isObject(after)) put(before, after);
      else setMember(this.#update, key, isObject(after) ? { ...after } : after);
    }
  }

  /** The change as it is now; what is added later does not change it. To be read only. */
  soFar(): ConfigUpdate {
    const update: JsonObject = {};
    for (const [key, value] of Object.entries(this.#update)) {
      setMember(update, key, isObject(value) ? { ...value } : value);
    }
    return { update, delete: listed(this.#deleted) };
  }
}

function put(into: JsonObject, update: JsonObject): void {
  for (const [key, after] of Object.entries(update)) {
    setMember(into, key, joined(member(into, key), after));
  }
}

/** What a member becomes; neither value is changed. */
function joined(before: Json | undefined, after: Json): Json {
  if (!isObject(before) || !isObject(after)) return after;
  const both = { ...before };
  put(both, after);
  return both;
}

/** @param isShared Whether what lies below is shared with what was handed out. */
function remove(from: JsonObject, deletion: Deletion, isShared = false): void {
  if (typeof deletion === "string") {
    delete from[deletion];
    return;
  }
  for (const [key, inner] of Object.entries(deletion)) {
    const below = member(from, key);
    if (!isObject(below)) continue;
    const left = isShared ? { ...below } : below;
    for (const one of inner) remove(left, one, true);
    setMember(from, key, left);
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
