/** Adds users to a configuration file: by id, or by screen name after looking up the id. */

import { UserError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type { Settings } from "../settings.ts";
import type { Context } from "./context.ts";
import { readConfigFile, usersOf, writeConfigFile } from "./config_file.ts";
import { someOf } from "./output.ts";

/** Users to add, by id. */
export type NewUsers = Map<string, { screen_name?: string }>;

/** User ids as users to add. @throws UserError that names those that are none. */
export function userIds(ids: string[]): NewUsers {
  const wrong = ids.filter((id) => !/^\d+$/.test(id));
  if (wrong.length === 0) return new Map(ids.map((id) => [id, {}]));
  throw new UserError(
    `${some(wrong)} ${wrong.length === 1 ? "is not a user id" : "are not user ids"}`,
    {
      hint: "User ids are digits. For screen names: twarc-cloud collection-config screennames.",
    },
  );
}

/** Screen names without their @, each once, in any case. @throws UserError that names those that are none. */
export function screenNames(names: string[]): string[] {
  const clean = names.map((name) => name.trim().replace(/^@/, ""));
  const wrong = clean.filter((name) => !/^\w{1,50}$/.test(name));
  if (wrong.length > 0) {
    throw new UserError(`${some(wrong)} cannot be a screen name`, {
      hint: "Screen names have letters, digits and _ only.",
    });
  }
  return [...new Map(clean.map((name) => [name.toLowerCase(), name])).values()];
}

/** What became of screen names. */
export interface LookedUp {
  users: NewUsers;
  missing: string[];
  suspended: string[];
}

/** Asks the API for the ids of screen names, with the configuration's own keys. @throws UserError, OutsideError */
export async function lookUp(
  config: JsonObject,
  names: string[],
  { clock, signal, env, output, settings }: Pick<Context, "clock" | "signal" | "env" | "output"> & {
    settings: Settings;
  },
): Promise<LookedUp> {
  const { draftKeys } = await import("../collection/config.ts");
  const { apiWith } = await import("./api.ts");
  const api = await apiWith(draftKeys(config), { clock, env, output, settings });
  const found: LookedUp = { users: new Map(), missing: [], suspended: [] };
  for await (const answers of api.users("screen_name", names, signal)) {
    for (const answer of answers) {
      if ("id" in answer) found.users.set(answer.id, { screen_name: answer.screenName });
      else if (answer.state === "suspended") found.suspended.push(answer.asked);
      else found.missing.push(answer.asked);
    }
  }
  return found;
}

/** Adds users to a configuration file; those that are in it already stay as they are. @throws UserError */
export async function addUsers(path: string, added: NewUsers): Promise<void> {
  const config = await readConfigFile(path);
  const users = usersOf(config, path);
  const news = [...added].filter(([id]) => !Object.hasOwn(users, id));
  await writeConfigFile(path, { ...config, users: { ...users, ...Object.fromEntries(news) } });
}

function some(names: string[]): string {
  return someOf(names.map((name) => JSON.stringify(name)));
}
