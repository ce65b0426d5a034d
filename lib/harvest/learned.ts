/** What a harvest learns for the configuration, put together as it comes: a change costs no more than itself. */

import { type ConfigUpdate, type Deletion, setMember } from "../collection/changeset.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";

/** Members that are deleted: as a whole, or below them. */
type Deleted = Map<string, "whole" | Deleted>;

/**
 * One change that does what all that were added do, one after the other (`combine`). What was handed out last is not
 * kept a second time: what comes after it is held apart, until more is asked for. What lies two members deep, as what is
 * learned of one user does, is never changed but replaced: all that is handed out shares it.
 */
export class Learned {
  /** What was handed out last. */
  #before: JsonObject = {};
  /** What came since. */
  #update: JsonObject = {};
  readonly #deleted: Deleted = new Map();

  /** Adds a later change. */
  add({ update, delete: deletions }: ConfigUpdate): void {
    if (deletions.length > 0 || replacesObject(this.#before, update)) this.#join();
    for (const deletion of deletions) {
      remove(this.#update, deletion);
      note(this.#deleted, deletion);
    }
    putAll(this.#update, update);
  }

  /** The change as it is now; what is added later does not change it. To be read only. */
  soFar(): ConfigUpdate {
    if (Object.keys(this.#update).length > 0) {
      this.#join();
      this.#before = this.#update;
      this.#update = {};
    }
    return { update: this.#before, delete: listed(this.#deleted) };
  }

  /** Puts what came since with a copy of what was handed out. */
  #join(): void {
    const all: JsonObject = {};
    putAll(all, this.#before);
    putAll(all, this.#update);
    this.#before = {};
    this.#update = all;
  }
}

/** Whether an update puts something in the place of an object: what comes later would be put with that object. */
function replacesObject(before: JsonObject, update: JsonObject): boolean {
  return Object.keys(update).some((key) => {
    const [was, becomes] = [member(before, key), member(update, key)];
    return isObject(was) && !(isObject(becomes) && !replacesObject(was, becomes));
  });
}

/** Takes in an update; only its objects of one level are changed in their place later. */
function putAll(into: JsonObject, update: JsonObject): void {
  for (const [key, after] of Object.entries(update)) {
    const before = member(into, key);
    if (isObject(before) && isObject(after)) put(before, after);
    else setMember(into, key, isObject(after) ? { ...after } : after);
  }
}

function put(into: JsonObject, update: JsonObject): void {
  for (const key of Object.keys(update)) {
    const after = member(update, key);
    if (after !== undefined) setMember(into, key, joined(member(into, key), after));
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
