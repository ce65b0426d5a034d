/** Sets of keys by name, in the files of twarc and twarc2. */

import { dirname, join } from "node:path";
import { z } from "zod";
import { removeFile, renameFile } from "../base/in_use.ts";
import { KEY_NAMES, MAIN_PROFILE, missingKeys, type TwitterKeys } from "../base/api_keys.ts";
import { errorMessage, UserError } from "../base/errors.ts";
import { parseIni } from "../base/ini.ts";
import { parseJson } from "../base/json.ts";
import { readWrittenText, unreadable } from "../base/written_text.ts";
import { lastWord } from "../base/visible.ts";
import type { SecretStore } from "./secret_store.ts";

type Section = Record<string, unknown>;

const profileSchema = z.object(
  Object.fromEntries(KEY_NAMES.map((name) => [name, z.string().optional()])),
);

/** The folders where a person's keys may be: twarc's own file first. */
interface Home {
  env: Record<string, string | undefined>;
  /** `linux`, `darwin`, `windows`; by default this system's. */
  os?: string;
}

/** twarc's own file in the person's home folder. */
export function defaultKeysPath(home: Home): string {
  return join(homeFolder(home), ".twarc");
}

/**
 * Returns the files in which keys are looked up: twarc's own, then that of twarc2, at click's place for the system.
 */
export function keysPaths({ env, os = Deno.build.os }: Home): string[] {
  const home = homeFolder({ env, os });
  const folder = os === "windows"
    ? env.APPDATA ?? home
    : os === "darwin"
    ? join(home, "Library", "Application Support")
    : env.XDG_CONFIG_HOME ?? join(home, ".config");
  return [defaultKeysPath({ env, os }), join(folder, "twarc", "config")];
}

function homeFolder({ env, os = Deno.build.os }: Home): string {
  // Python's twarc knows no HOME on Windows.
  const home = os === "windows" ? env.USERPROFILE ?? env.HOME : env.HOME ?? env.USERPROFILE;
  if (home) return home;
  throw new UserError("There is no home folder", { hint: "Set HOME, or name the file." });
}

/** A named set of keys in a file. */
export interface Profile {
  name: string;
  /** The file. */
  path: string;
  keys: TwitterKeys;
}

/**
 * Returns the profiles of files, in their order; of those with the same name the first. Keys above all sections, as
 * twarc2 writes them, are `main`.
 * @throws UserError for a file that cannot be read; a missing one has none.
 */
export async function listProfiles(paths: string[]): Promise<Profile[]> {
  const found = new Map<string, Profile>();
  for (const path of paths) {
    const file = await readFile(path) ?? {};
    const sections = Object.entries(file).filter((entry): entry is [string, Section] =>
      isSection(entry[1])
    );
    const above = readKeys(file);
    const bare: [string, Section][] = Object.keys(above).length > 0 ? [[MAIN_PROFILE, above]] : [];
    for (const [name, section] of [...sections, ...bare]) {
      if (!found.has(name)) found.set(name, { name, path, keys: readKeys(section) });
    }
  }
  return [...found.values()];
}

/** Returns the keys of a profile, as `findProfile` finds it. @throws UserError */
export async function readProfile(paths: string[], profile?: string): Promise<TwitterKeys> {
  return (await findProfile(paths, profile)).keys;
}

/**
 * Returns a profile with sufficient keys; without a name, `main`, or the only one there is.
 * @param paths The files to look in, as `keysPaths` gives them.
 * @throws UserError
 */
export async function findProfile(paths: string[], profile?: string): Promise<Profile> {
  const profiles = await listProfiles(paths);
  const [only] = profiles;
  if (!only) {
    throw new UserError(`There are no keys in ${paths.join(" or ")}`, {
      hint: "Create some with `twarc-cloud configure`.",
    });
  }
  const isMain = profiles.length > 1 || only.name === MAIN_PROFILE;
  const name = profile ?? (isMain ? MAIN_PROFILE : only.name);
  const found = profiles.find((one) => one.name === name);
  if (!found) {
    const known = profiles.map((one) => `${one.name} (${one.path})`).join(", ");
    throw new UserError(`There is no profile ${name} in ${paths.join(" or ")}`, {
      hint: `There are: ${known}. Name one with --profile, or make it with \`twarc-cloud configure${
        profileFlag(name)
      }\`.`,
    });
  }
  const missing = missingKeys((key) => Boolean(found.keys[key]));
  if (missing.length === 0) return found;
  throw new UserError(`Profile ${name} in ${found.path} has no ${missing.join(", ")}`, {
    hint: `Create it again with \`twarc-cloud configure${profileFlag(name)}\`.`,
  });
}

/** Returns the flag for a profile that is not the default. */
export function profileFlag(profile: string): string {
  return profile === MAIN_PROFILE ? "" : ` --profile ${lastWord(profile)}`;
}

/**
 * Returns the keys that a file has under a name, sufficient or not; none where it does not exist. @throws UserError
 */
export async function storedKeys(path: string, profile: string): Promise<TwitterKeys> {
  return (await listProfiles([path])).find(({ name }) => name === profile)?.keys ?? {};
}

/** Checks the name of a new profile. @throws UserError */
export function checkProfileName(profile: string): void {
  if (/^[^\s[\]]([^[\]\r\n]*[^\s[\]])?$/.test(profile)) return;
  throw new UserError(`${JSON.stringify(profile)} cannot be the name of a profile`, {
    hint: "Choose one without brackets, and without spaces around it.",
  });
}

/**
 * Writes a profile, replacing its keys; every other line of the file stays as it is. Only the person can read the
 * file afterwards; on Windows anyone who may read its folder.
 * @throws UserError
 */
export async function writeProfile(
  path: string,
  profile: string,
  keys: TwitterKeys,
): Promise<void> {
  checkProfileName(profile);
  const next = withProfile(await readText(path) ?? "", profile, keys);
  // A link stays a link: the file that it points to is written.
  const place = await Deno.realPath(path).catch(() => path);
  const temporary = join(dirname(place), `.twarc-${crypto.randomUUID()}`);
  try {
    await Deno.writeTextFile(temporary, next, { mode: 0o600 });
    await renameFile(temporary, place);
  } catch (cause) {
    await removeFile(temporary).catch(() => {});
    throw new UserError(`${path} cannot be written: ${errorMessage(cause)}`, { cause });
  }
}

/** The profiles of a person's files as secrets named `keys/<profile>`: JSON with their keys. */
export class TwarcFiles implements Pick<SecretStore, "get" | "put"> {
  readonly #paths: string[];

  /** @param paths As `keysPaths` gives them: the first is written. */
  constructor(paths: string[]) {
    this.#paths = paths;
  }

  async get(name: string): Promise<string | null> {
    const found = (await listProfiles(this.#paths)).find((one) => `keys/${one.name}` === name);
    return found ? JSON.stringify(found.keys) : null;
  }

  async put(name: string, value: string, when?: { ifAbsent: true }): Promise<boolean> {
    if (when && await this.get(name) !== null) return false;
    const [path = ""] = this.#paths;
    const keys = profileSchema.parse(parseJson(value, name));
    await writeProfile(path, name.replace(/^keys\//, ""), readKeys(keys));
    return true;
  }
}

/** Returns the file's text with the keys of one profile replaced. */
function withProfile(text: string, profile: string, keys: TwitterKeys): string {
  const members = KEY_NAMES.flatMap((name) => {
    const value = keys[name]?.trim();
    if (value && /[\r\n]/.test(value)) throw new UserError(`${name} has more than one line`);
    return value ? [`${name} = ${value}`] : [];
  });
  const lines = text.split(/\r?\n/);
  const start = lines.findIndex((line) => line.trimEnd() === `[${profile}]`);
  if (start < 0) {
    return [...(text.trim() ? [text.trimEnd(), ""] : []), `[${profile}]`, ...members, ""].join(
      "\n",
    );
  }
  const next = lines.findIndex((line, i) => i > start && line.startsWith("["));
  const end = next < 0 ? lines.length : next;
  const others = lines.slice(start + 1, end).filter((line) => !isKey(line));
  return [...lines.slice(0, start + 1), ...members, ...others, ...lines.slice(end)].join("\n");
}

function isKey(line: string): boolean {
  const name = line.split("=")[0]?.trim();
  return KEY_NAMES.some((key) => key === name);
}

async function readFile(path: string): Promise<Section | null> {
  const text = await readText(path);
  return text === undefined ? null : await parseIni(text);
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readWrittenText(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(path, cause);
  }
}

function isSection(value: unknown): value is Section {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readKeys(section: Section): TwitterKeys {
  const parsed = profileSchema.safeParse(section);
  const values = parsed.success ? parsed.data : {};
  return Object.fromEntries(
    KEY_NAMES.flatMap((name) => values[name] ? [[name, values[name]]] : []),
  );
}
