/** What a harvest learns for the configuration, put together as it comes: a change costs no more than itself. */

import { combine, type ConfigUpdate, type Deletion, merge } from "../collection/changeset.ts";
import { isObject, type JsonObject, member } from "../base/json.ts";
import { namesOf } from "../base/names_of.ts";
import { Packed, type PackedCut } from "../base/packed.ts";

/** Members that are deleted: as a whole, or below them. */
type Deleted = Map<string, "whole" | Deleted>;

/**
 * One change that does what all that were added do, one after the other (`combine`). What is learned of users, of whom
 * there may be a hundred thousand, is packed.
 */
export class Learned {
  /** What was learned besides that of users, or all where something of these cannot be packed. */
  #update: JsonObject = {};
  readonly #deleted: Deleted = new Map();
  #users: Packed<JsonObject> | undefined = new Packed();

  /** Adds a later change. */
  add(change: ConfigUpdate): void {
    for (const deletion of change.delete) note(this.#deleted, deletion);
    if (!this.#users || !isOfUsers(change)) {
      this.#update = combine({ update: this.#unpacked(), delete: [] }, change).update;
      return;
    }
    for (const id of usersIn(change.delete)) this.#users.delete(id);
    const { users, ...others } = change.update;
    if (isObject(users)) this.#addUsers(this.#users, users);
    if (Object.keys(others).length === 0) return;
    this.#update = combine({ update: this.#update, delete: [] }, { update: others, delete: [] })
      .update;
  }

  /** The change as it is now, and what it has of users besides; what is added later changes neither. */
  soFar(): { change: ConfigUpdate; users: PackedCut<JsonObject> } {
    const change = { update: this.#update, delete: listed(this.#deleted) };
    return { change, users: (this.#users ?? new Packed<JsonObject>()).cut() };
  }

  /** All that was learned, as nothing more is packed. */
  #unpacked(): JsonObject {
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

/** Whether what an update has of users is of members of them, and what a deletion has is of whole ones. */
function isOfUsers({ update, delete: deletions }: ConfigUpdate): boolean {
  const { users } = update;
  return (users === undefined || isObject(users) && Object.values(users).every(isObject)) &&
    deletions.every((one) =>
      typeof one !== "string" && Object.keys(one).every((name) => name === "users") &&
      (one.users ?? []).every((id) => typeof id === "string")
    );
}

/** The users whom deletions take out. */
function* usersIn(deletions: Deletion[]): Generator<string> {
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

function listed(deleted: Deleted): Deletion[] {
  return [...deleted].map(([key, below]) =>
    below === "whole" ? key : Object.fromEntries([[key, listed(below)]])
  );
}
