/** Applies a person's edits of an outdated file to the newest configuration, without undoing other changes. */

import { isDeepStrictEqual } from "node:util";
import { isObject, type Json, type JsonObject, member } from "../base/json.ts";
import { namesOf, toObject } from "../base/names_of.ts";
import { fingerprint, isProfileName, redact } from "./changeset.ts";

/** Facts that harvests learn about a user, of which the newest configuration is right. */
const FACTS = new Set(["screen_name", "looked_up"]);
/** Members that harvests write into a user's entry, which do not conflict with removing the user. */
const LEARNED = new Set(["since_id", ...FACTS]);

/** Three copies of a configuration, or of a part of it. */
interface Copies {
  base: JsonObject;
  mine: JsonObject;
  current: JsonObject;
}

/** A configuration with both sides' changes, and the members that both changed. */
export interface Rebased {
  config: JsonObject;
  /** Paths of conflicting members (`search.query`), which have the newest values. */
  conflicts: string[];
}

/**
 * Returns the newest configuration with a person's edits of an older one.
 * @param base The version that the person edited, its secrets as fingerprints.
 */
export function rebase(base: JsonObject, mine: JsonObject, current: JsonObject): Rebased {
  const conflicts: string[] = [];
  const hidden = { base, mine: withoutSecrets(mine), current: withoutSecrets(current) };
  return { config: mergeCopies(hidden, { mine, current }, "", conflicts), conflicts };
}

/**
 * Returns a configuration, for comparison, with fingerprints of its secrets and of profiles' names, which older
 * histories have.
 */
export function withoutSecrets(config: JsonObject): JsonObject {
  const safe = redact({ update: config, delete: [] }).update;
  return Object.fromEntries(
    Object.entries(safe).map(([name, value]) => {
      if (!isObject(value) || !isProfileName([name, "profile"])) return [name, value];
      const { profile, ...rest } = value;
      return [
        name,
        typeof profile === "string" ? { ...rest, profile: fingerprint(profile) } : value,
      ];
    }),
  );
}

/** @param hidden Compared. @param real Taken as result. */
function mergeCopies(
  hidden: Copies,
  real: Omit<Copies, "base">,
  above: string,
  conflicts: string[],
): JsonObject {
  const names = new Set([real.current, real.mine].flatMap(namesOf));
  const members: [string, Json][] = [];
  for (const name of names) {
    const value = mergeMember(hidden, real, name, { above, conflicts });
    if (value !== undefined) members.push([name, value]);
  }
  return toObject(members);
}

function mergeMember(
  hidden: Copies,
  real: Omit<Copies, "base">,
  name: string,
  { above, conflicts }: { above: string; conflicts: string[] },
): Json | undefined {
  const [base, mine, current] = [hidden.base, hidden.mine, hidden.current]
    .map((copy) => member(copy, name));
  const [realMine, realCurrent] = [member(real.mine, name), member(real.current, name)];
  if (isDeepStrictEqual(mine, base) || isDeepStrictEqual(mine, current)) return realCurrent;
  if (isDeepStrictEqual(current, base)) return realMine;
  if (isObject(mine) && isObject(current) && isObject(realMine) && isObject(realCurrent)) {
    const below = { base: isObject(base) ? base : {}, mine, current };
    const path = `${above}${name}.`;
    return mergeCopies(below, { mine: realMine, current: realCurrent }, path, conflicts);
  }
  if (mine === undefined && isDeepStrictEqual(withoutLearned(base), withoutLearned(current))) {
    return undefined;
  }
  if (!FACTS.has(name)) conflicts.push(`${above}${name}`);
  return realCurrent;
}

function withoutLearned(value: Json | undefined): Json | undefined {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).filter(([name]) => !LEARNED.has(name)));
}
