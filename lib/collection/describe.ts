/** Describes the history of a configuration in prose. */

import {
  type Changeset,
  type Deletion,
  isProfileName,
  isSecretMember,
  merge,
  redactValue,
} from "./changeset.ts";
import { membersOf } from "../base/names_of.ts";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";

/** Members that harvests change constantly, which are not shown. */
const UNTOLD = new Set(["since_id", "looked_up"]);

/** Options of describe(). */
export interface DescribeOptions {
  deletesOnly: boolean;
}

/**
 * Yields the changes in the order of their times, a line each; secrets as fingerprints.
 * @param changesets In the order of their names, which have the seconds of their times: only those of one second are kept.
 */
export async function* describe(
  changesets: Iterable<Changeset> | AsyncIterable<Changeset>,
  { deletesOnly }: DescribeOptions,
): AsyncGenerator<string> {
  let config: JsonObject = {};
  for await (const changeset of inOrder(changesets)) {
    yield* describeChange(changeset, config, { deletesOnly });
    config = merge(config, changeset);
  }
}

async function* inOrder(
  changesets: Iterable<Changeset> | AsyncIterable<Changeset>,
): AsyncGenerator<Changeset> {
  let some: Changeset[] = [];
  const inOrder = () => some.toSorted((a, b) => parseTimestamp(a) - parseTimestamp(b));
  const secondOf = (changeset: Changeset) => Math.floor(parseTimestamp(changeset) / 1_000);
  for await (const changeset of changesets) {
    const [first] = some;
    if (first && secondOf(first) !== secondOf(changeset)) {
      yield* inOrder();
      some = [];
    }
    some.push(changeset);
  }
  yield* inOrder();
}

/** Yields what a change does to a configuration. */
function* describeChange(
  changeset: Changeset,
  config: JsonObject,
  { deletesOnly }: DescribeOptions,
): Generator<string> {
  const when = `on ${changeset.change_timestamp}`;
  const changed = deletesOnly ? [] : updates(changeset.update, config, []);
  for (const { path, before, after } of changed) {
    const [was, is] = [valueText(path, before), valueText(path, after)];
    yield `${path.join(" -> ")} changed from ${was} to ${is} ${when}`;
  }
  for (const { path, before } of deletions(changeset.delete, config, [])) {
    yield `${path.join(" -> ")} deleted with value ${valueText(path, before)} ${when}`;
  }
  for (const { file, tweets } of changeset.removed ?? []) {
    for (const { id, reason } of tweets) {
      yield `Tweet ${id} (${reason}) removed from ${file} ${when}`;
    }
  }
  for (const file of changeset.redacted ?? []) {
    yield `Keys replaced by fingerprints in ${file} ${when}`;
  }
}

/** Parses a timestamp; the Python original's have no zone and mean UTC. */
function parseTimestamp({ change_timestamp }: Changeset): number {
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
function valueText(path: string[], value: Json | undefined): string {
  if (value === undefined || value === null) return "None";
  const isSecret = path.some(isSecretMember) && !isProfileName(path);
  const safe = redactValue(value, isSecret, path.at(-1));
  return typeof safe === "string" ? safe : JSON.stringify(safe);
}
