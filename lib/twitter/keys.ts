/** Sets of keys by name, in the file that twarc keeps them in. */

import { parse } from "ini";
import { dirname, join } from "node:path";
import { z } from "zod";
import { KEY_NAMES, missingKeys, type TwitterKeys } from "../api_keys.ts";
import { messageOf, UserError } from "../errors.ts";

const fileSchema = z.record(z.string(), z.unknown());
const profileSchema = z.object(
  Object.fromEntries(KEY_NAMES.map((name) => [name, z.string().optional()])),
);

/** The profile that is used where none is named. */
export const MAIN_PROFILE = "main";

/** twarc's own file in the person's home folder. */
export function defaultKeysPath(env: Record<string, string | undefined>): string {
  const home = env.HOME ?? env.USERPROFILE;
  if (!home) {
    throw new UserError("There is no home folder", { hint: "Set HOME, or name the file." });
  }
  return join(home, ".twarc");
}

/**
 * The keys of a profile; without a name, of `main`, or of the only one there is.
 * @throws UserError
 */
export async function readProfile(path: string, profile?: string): Promise<TwitterKeys> {
  const profiles = await readFile(path);
  if (!profiles) {
    throw new UserError(`There are no keys in ${path}`, {
      hint: "Get some with `twarc-cloud configure`.",
    });
  }
  const names = Object.keys(profiles).filter((name) => isSection(profiles[name]));
  const [only] = names;
  const name = profile ??
    (names.includes(MAIN_PROFILE) || names.length !== 1 ? MAIN_PROFILE : only);
  const section = name === undefined ? undefined : profiles[name];
  if (!isSection(section)) {
    const known = names.length > 0 ? `It has: ${names.join(", ")}. ` : "";
    throw new UserError(`There is no profile ${name} in ${path}`, {
      hint: `${known}Name one with --profile, or make it with \`twarc-cloud configure\`.`,
    });
  }
  const keys = keysIn(section);
  const missing = missingKeys((key) => Boolean(keys[key]));
  if (missing.length === 0) return keys;
  throw new UserError(`Profile ${name} in ${path} has no ${missing.join(", ")}`, {
    hint: "Make it anew with `twarc-cloud configure`.",
  });
}

/**
 * Writes a profile, its keys in place of those that it had; every other line of the file stays as it
 * is. Only the person can read the file afterwards.
 * @throws UserError
 */
export async function writeProfile(
  path: string,
  profile: string,
  keys: TwitterKeys,
): Promise<void> {
  if (!/^[^\s[\]]([^[\]\r\n]*[^\s[\]])?$/.test(profile)) {
    throw new UserError(`${JSON.stringify(profile)} cannot be the name of a profile`, {
      hint: "Take one without brackets, and without spaces around it.",
    });
  }
  const next = withProfile(await readText(path) ?? "", profile, keys);
  // Where it is a link to another place, that place is written.
  const place = await Deno.realPath(path).catch(() => path);
  const temporary = join(dirname(place), `.twarc-${crypto.randomUUID()}`);
  try {
    await Deno.writeTextFile(temporary, next, { mode: 0o600 });
    await Deno.rename(temporary, place);
  } catch (cause) {
    await Deno.remove(temporary).catch(() => {});
    throw new UserError(`${path} cannot be written: ${messageOf(cause)}`, { cause });
  }
}

/** The file's text with the keys of one profile replaced. */
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

async function readFile(path: string): Promise<Record<string, unknown> | null> {
  const text = await readText(path);
  // To the ini library a dot in a section's name means a section within another.
  const flat = text?.replace(/^\[.*\]/gm, (section) => section.replaceAll(".", "\\."));
  return flat === undefined ? null : fileSchema.parse(parse(flat));
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await Deno.readTextFile(path)).replace(/^\ufeff/, "");
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

function isSection(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keysIn(section: Record<string, unknown>): TwitterKeys {
  const parsed = profileSchema.safeParse(section);
  const values = parsed.success ? parsed.data : {};
  return Object.fromEntries(
    KEY_NAMES.flatMap((name) => values[name] ? [[name, values[name]]] : []),
  );
}
