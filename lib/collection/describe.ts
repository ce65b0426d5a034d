/** Describes the history of a configuration in prose. */

import {
  type Changeset,
  type Deletion,
  isProfileName,
  isSecretMember,
  merge,
  redacted,
} from "./changeset.ts";
import { membersOf } from "../base/names_of.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";

/** Members that harvests change constantly, which are not shown. */
const UNTOLD = new Set(["since_id", "looked_up"]);

/** Options of describe(). */
export interface DescribeOptions {
  deletesOnly: boolean;
}

/** Returns the changes in order, a line each; secrets as fingerprints. */
export function describe(changesets: Changeset[], { deletesOnly }: DescribeOptions): string[] {
  const lines: string[] = [];
  let config: JsonObject = {};
  const inOrder = changesets.toSorted((a, b) => timeOf(a) - timeOf(b));
  for (const changeset of inOrder) {
    const when = `on ${changeset.change_timestamp}`;
    if (!deletesOnly) {
      for (const { path, before, after } of updates(changeset.update, config, [])) {
        lines.push(
          `${path.join(" -> ")} changed from ${shown(path, before)} to ${
            shown(path, after)
          } ${when}`,
        );
      }
    }
    for (const { path, before } of deletions(changeset.delete, config, [])) {
      lines.push(`${path.join(" -> ")} deleted with value ${shown(path, before)} ${when}`);
    }
    for (const { file, tweets } of changeset.removed ?? []) {
      for (const { id, reason } of tweets) {
        lines.push(`Tweet ${id} (${reason}) removed from ${file} ${when}`);
      }
    }
    for (const file of changeset.redacted ?? []) {
      lines.push(`Keys replaced by fingerprints in ${file} ${when}`);
    }
    config = merge(config, changeset);
  }
  return lines;
}

/** Parses a timestamp; the Python original's have no zone and mean UTC. */
function timeOf({ change_timestamp }: Changeset): number {
  return Date.parse(
    /Z|[+-]\d\d:\d\d$/.test(change_timestamp) ? change_timestamp : `${change_timestamp}Z`,
  );
}

interface Change {
  path: string[];
  before: Json | undefined;
  after?: Json;
}

function* updates(update: JsonObject, config: JsonObject, above: string[]): Generator<Change> {
  for (const [key, after] of membersOf(update)) {
    if (UNTOLD.has(key)) continue;
    const path = [...above, key];
    const before = member(config, key);
    // A new member without content, such as a user who was not looked up, is not shown.
    if (isObject(after)) {
      yield* updates(after, isObject(before) ? before : {}, path);
    } else {
      yield { path, before, after };
    }
  }
}

function* deletions(deleted: Deletion[], config: JsonObject, above: string[]): Generator<Change> {
  for (const deletion of deleted) {
    if (typeof deletion === "string") {
      yield* leaves(deletion, member(config, deletion), above);
    } else {
      for (const [key, below] of Object.entries(deletion)) {
        const inner = member(config, key);
        yield* deletions(below, isObject(inner) ? inner : {}, [...above, key]);
      }
    }
  }
}

/** Yields the leaves of a deleted member, or the member itself. */
function* leaves(key: string, value: Json | undefined, above: string[]): Generator<Change> {
  if (UNTOLD.has(key)) return;
  const path = [...above, key];
  const members = isObject(value) ? membersOf(value).filter(([name]) => !UNTOLD.has(name)) : [];
  if (members.length === 0) yield { path, before: value };
  for (const [name, inner] of members) yield* leaves(name, inner, path);
}

/** Formats a value; the documents write None for an absent one. */
function shown(path: string[], value: Json | undefined): string {
  if (value === undefined || value === null) return "None";
  const isSecret = path.some(isSecretMember) && !isProfileName(path);
  const safe = redacted(value, isSecret, path.at(-1));
  return typeof safe === "string" ? safe : JSON.stringify(safe);
}
