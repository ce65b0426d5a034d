/** Adds users to a configuration file: by id, or by screen name after looking up the id. */

import { chunks } from "../../base/chunks.ts";
import { errorMessage, UserError } from "../../base/errors.ts";
import type { JsonObject } from "../../base/json.ts";
import { membersOf, toObject } from "../../base/names_of.ts";
import type { Settings } from "../../base/settings.ts";
import type { TwitterApi, UserAnswer } from "../../twitter/api.ts";
import { idFault } from "../../base/typed_ids.ts";
import type { Context } from "../context.ts";
import { readConfigFile, readUsers, writeConfigFile } from "./config_file.ts";
import type { ListWanted } from "./lists.ts";
import { shortenList } from "../output.ts";

/** Users to add, by id. */
export type NewUsers = Map<string, { screen_name?: string }>;

/** Names of the column with screen names, or user ids, in tables; the best first. */
const NAME_COLUMNS = [
  "screen_name",
  "screenname",
  "username",
  "user_name",
  "handle",
  "twitter_handle",
  "user_screen_name",
  "user.screen_name",
  "author.username",
  "twitter",
];
const ID_COLUMNS = [
  "user_id",
  "userid",
  "user_id_str",
  "user.id_str",
  "author_id",
  "author.id",
  "id_str",
  "id",
];

/** Characters of the longest names, which are old. */
const LONGEST_NAME = 50;
/** The address of a profile; its first part is the name. */
const PROFILE =
  /^(?:https?:\/\/)?(?:(?:www|mobile|m)\.)?(?:twitter|x)\.com\/(?:#!\/)?@?(\w+)\/?(?:[?#/].*)?$/i;
/** The address of a button that follows or shows a user. */
const BUTTON =
  /^(?:https?:\/\/)?(?:(?:www|mobile|m)\.)?(?:twitter|x)\.com\/intent\/(?:user|follow)\?(?:.*&)?screen_name=@?(\w+)/i;
/** The address of a profile with the id in it. */
const PROFILE_OF_ID =
  /^(?:https?:\/\/)?(?:(?:www|mobile|m)\.)?(?:twitter|x)\.com\/(?:i\/user\/|intent\/user\?user_id=)(\d+)/i;
/** Paths of other pages in place of a profile's name. */
const PAGES =
  /^(i|home|search|hashtag|intent|share|explore|settings|messages|notifications|compose)$/i;

/** Returns the parser of a list of user ids. */
export function userIdList(column: string | undefined): ListWanted<string> {
  const read = (text: string) => {
    const id = PROFILE_OF_ID.exec(text)?.[1] ?? text;
    const fault = idFault(id);
    return fault === null ? { value: id } : { fault };
  };
  return { columns: { known: ID_COLUMNS, named: column }, read };
}

/** Returns the parser of a list of screen names. The API decides on their length: old ones are longer. */
export function screenNameList(column: string | undefined): ListWanted<string> {
  const read = (text: string) => {
    const [, inAddress] = BUTTON.exec(text) ?? PROFILE.exec(text) ?? [];
    const name = inAddress ?? text.replace(/^[@\uff20]\s*/, "");
    const isPage = inAddress ? PAGES.test(inAddress) : name.includes("/");
    if (isPage) return { fault: "is not the address of a profile" };
    if (!/^\w+$/.test(name)) {
      return { fault: "cannot be a screen name: letters, digits and _ only" };
    }
    return name.length > LONGEST_NAME
      ? { fault: `cannot be a screen name: it has more than ${LONGEST_NAME} characters` }
      : { value: name };
  };
  return { columns: { known: NAME_COLUMNS, named: column }, read };
}

/** Parses typed texts, all of which must be valid. @throws UserError that names invalid ones. */
export function parseAll(texts: string[], { read }: ListWanted<string>, what: string): string[] {
  const faults: string[] = [];
  const values: string[] = [];
  for (const text of texts) {
    const found = read(text.trim());
    if ("value" in found) values.push(found.value);
    else faults.push(`${JSON.stringify(text)} ${found.fault}`);
  }
  if (faults.length === 0) return values;
  throw new UserError(shortenList(faults), { hint: `Nothing was added. ${what}` });
}

/** A set of screen names, ignoring case. */
export class ScreenNames {
  readonly #names = new Map<string, string>();

  /** Adds one. */
  add(name: string): void {
    this.#names.set(name.toLowerCase(), name);
  }

  /** Returns all of them. */
  all(): string[] {
    return [...this.#names.values()];
  }
}

/** Results for screen names. */
export interface LookedUp {
  users: NewUsers;
  missing: string[];
  suspended: string[];
  /** Names that the API rejects, with its message. */
  refused: { name: string; says: string }[];
}

/** Looks up the ids of screen names, with the configuration's own keys. @throws UserError, OutsideError */
export async function lookUp(
  config: JsonObject,
  names: string[],
  { clock, signal, env, output, settings }: Pick<Context, "clock" | "signal" | "env" | "output"> & {
    settings: Settings;
  },
): Promise<LookedUp> {
  const { draftKeys } = await import("../../collection/config.ts");
  const { LOOKUP_SIZE } = await import("../../twitter/v2/sizes.ts");
  const { apiWith } = await import("../api.ts");
  const api = await apiWith(draftKeys(config), { clock, env, output, settings });
  const found: LookedUp = { users: new Map(), missing: [], suspended: [], refused: [] };
  const asked = { found, isAnswered: false, refusals: 0 };
  for (const some of chunks(names, LOOKUP_SIZE)) await ask(api, some, asked, signal);
  return found;
}

/** Requests some names; if they are rejected together, requests the halves, down to the rejected name. */
async function ask(
  api: TwitterApi,
  names: string[],
  asked: { found: LookedUp; isAnswered: boolean; refusals: number },
  signal: AbortSignal,
): Promise<void> {
  const { mayBeOfOne, MAX_REFUSED } = await import("../../twitter/refused_batch.ts");
  try {
    const answers = (await Array.fromAsync(api.users("screen_name", names, signal))).flat();
    asked.isAnswered = true;
    for (const answer of answers) keep(answer, asked.found);
  } catch (error) {
    // A 401 is about the keys, not about a name.
    if (error instanceof UserError || !mayBeOfOne(error)) throw error;
    if (!asked.isAnswered && ++asked.refusals > MAX_REFUSED) throw error;
    const [only = ""] = names;
    if (names.length === 1) {
      asked.found.refused.push({ name: only, says: errorMessage(error) });
      return;
    }
    const half = Math.ceil(names.length / 2);
    await ask(api, names.slice(0, half), asked, signal);
    await ask(api, names.slice(half), asked, signal);
  }
}

function keep(answer: UserAnswer, found: LookedUp): void {
  if ("id" in answer) found.users.set(answer.id, { screen_name: answer.screenName });
  else if (answer.state === "suspended") found.suspended.push(answer.asked);
  else found.missing.push(answer.asked);
}

/** Adds users to a configuration file; existing ones are kept as they are. @throws UserError */
export async function addUsers(path: string, added: NewUsers): Promise<JsonObject> {
  const config = await readConfigFile(path);
  const users = readUsers(config, path);
  const news = [...added].filter(([id]) => !Object.hasOwn(users, id));
  const changed = { ...config, users: toObject([...membersOf(users), ...news]) };
  await writeConfigFile(path, changed);
  return changed;
}
