/** The collection configuration file on the local disk. */

import { traitsFor } from "../../collection/types/traits.ts";
import { dirname, join } from "node:path";
import { isObject, type Json, type JsonObject, member, parseJson } from "../../base/json.ts";
import { removeFile, renameFile } from "../../base/in_use.ts";
import { errorMessage, UserError } from "../../base/errors.ts";
import { readWrittenText, unreadable } from "../../base/written_text.ts";
import { jsonBytes } from "../../base/json_bytes.ts";

/** The default file. */
export const CONFIG_FILE = "collection.json";

/** Reads the file. @throws UserError if it is missing, cannot be read, or is not a JSON object. */
export async function readConfigFile(path: string): Promise<JsonObject> {
  const json = parseJson(
    await readText(path, "collection-config template user_timeline --id=ID"),
    path,
  );
  if (isObject(json)) return json;
  throw new UserError(`${path} is not a configuration: it must be { ... }`);
}

/**
 * Writes the file, completely or not at all. It may hold keys: only the person can read it.
 * @throws UserError
 */
export async function writeConfigFile(path: string, config: Json): Promise<void> {
  const temporary = join(dirname(path), `.${crypto.randomUUID()}.json`);
  try {
    await Deno.writeFile(temporary, jsonBytes(config), { mode: 0o600 });
    await renameFile(temporary, path);
  } catch (cause) {
    await removeFile(temporary).catch(() => {});
    throw new UserError(`${path} cannot be written: ${errorMessage(cause)}`, { cause });
  }
}

/** Returns the users of a configuration that collects timelines. @throws UserError for any other. */
export function readUsers(config: JsonObject, path: string): JsonObject {
  if (traitsFor(config.type).part !== "users") {
    throw new UserError(`${path} is not a user_timeline collection`, {
      hint: "Users are added to user_timeline collections only.",
    });
  }
  const users = member(config, "users") ?? {};
  if (isObject(users)) return users;
  throw new UserError(`"users" in ${path} is not properly structured`, {
    hint: "It must be {...}.",
  });
}

async function readText(path: string, maker?: string): Promise<string> {
  try {
    return await readWrittenText(path);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw unreadable(path, cause);
    throw new UserError(`File ${path} does not exist`, {
      cause,
      ...(maker ? { hint: `Create it with: twarc-cloud ${maker}` } : {}),
    });
  }
}
