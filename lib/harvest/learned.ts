/**
 * The changes to the configuration that a harvest learns, merged as they arrive: a change costs no more than itself.
 */

import { combine, type ConfigUpdate, type Deletion, merge } from "../collection/changeset.ts";
import { isObject, type JsonObject, member } from "../base/json.ts";
import { namesOf } from "../base/names_of.ts";
import { Packed, type PackedCut } from "../base/packed.ts";

/** Members that are deleted: as a whole, or below them. */
type Deleted = Map<string, "whole" | Deleted>;

/**
 * One change equal to all that were added, one after the other (`combine`). Changes of users, of whom there may be a
 * hundred thousand, are packed.
 */
export class Learned {
  /** The changes besides those of users, or all where those of users cannot be packed. */
  #update: JsonObject = {};
  readonly #deleted: Deleted = new Map();
  #users: Packed<JsonObject> | undefined = new Packed();

  /** Adds a later change. */
  add(change: ConfigUpdate): void {
    for (const deletion of change.delete) note(this.#deleted, deletion);
    if (!this.#users || !isOfUsers(change)) {
      this.#update = combine({ update: this.#unpackUsers(), delete: [] }, change).update;
      return;
    }
    for (const id of listUsers(change.delete)) this.#users.delete(id);
    const { users, ...others } = change.update;
    if (isObject(users)) this.#addUsers(this.#users, users);
    if (Object.keys(others).length === 0) return;
    this.#update = combine({ update: this.#update, delete: [] }, { update: others, delete: [] })
      .update;
  }

  /** Returns the change as it is now, with those of users packed; later changes affect neither. */
  soFar(): { change: ConfigUpdate; users: PackedCut<JsonObject> } {
    const change = { update: this.#update, delete: toDeletions(this.#deleted) };
    return { change, users: (this.#users ?? new Packed<JsonObject>()).cut() };
  }

  /** Returns all changes unpacked, as nothing more is packed. */
  #unpackUsers(): JsonObject {
    const users = this.#users;
    this.#users = undefined;
    if (!users || users.size === 0) return this.#update;
    return { ...this.#update, users: users.cut().toJSON() };
  }

  #addUsers(users: Packed<JsonObject>, update: JsonObject): void {
    for (const id of namesOf(update)) {
      const after = member(update, id);
      if (isObject(after)) users.set(id, merge(users.get(id) ?? {}, { update: after, delete: [] }));
    }
  }
}

/** Returns whether an update changes only members of users, and a deletion removes only whole users. */
function isOfUsers({ update, delete: deletions }: ConfigUpdate): boolean {
  const { users } = update;
  return (users === undefined || isObject(users) && Object.values(users).every(isObject)) &&
    deletions.every((one) =>
      typeof one !== "string" && Object.keys(one).every((name) => name === "users") &&
      (one.users ?? []).every((id) => typeof id === "string")
    );
}

/** Yields the users that deletions remove. */
function* listUsers(deletions: Deletion[]): Generator<string> {
  for (const one of deletions) {
    const ids = typeof one === "string" ? [] : one.users ?? [];
    for (const id of ids) if (typeof id === "string") yield id;
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

function toDeletions(deleted: Deleted): Deletion[] {
  return [...deleted].map(([key, below]) =>
    below === "whole" ? key : Object.fromEntries([[key, toDeletions(below)]])
  );
}
