/** Reads the address of S3 from a profile of the person's AWS configuration, as the AWS SDK does. */

import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { readTextFile } from "./in_use.ts";

/** Location of the configuration. */
export interface ProfileSources {
  env: Record<string, string | undefined>;
  /** The home folder. */
  home: string;
}

/**
 * Returns the address that replaces S3's: `endpoint_url` of the profile's services section, or of the profile.
 * Undefined if none is set or the file cannot be read, which the SDK reports.
 */
export async function profileEndpoint(sources?: ProfileSources): Promise<string | undefined> {
  const { env, home } = sources ?? { env: process.env, home: homeFolder() };
  if (isIgnored(env)) return undefined;
  const path = env.AWS_CONFIG_FILE || join(home, ".aws", "config");
  const text = await readTextFile(path).catch(() => "");
  const sections = parseSections(text);
  const name = env.AWS_PROFILE || "default";
  const profile = sections.get(`profile ${name}`) ??
    (name === "default" ? sections.get("default") : undefined);
  if (!profile || isTrue(profile.get("ignore_configured_endpoint_urls"))) return undefined;
  const services = sections.get(`services ${profile.get("services") ?? ""}`);
  return services?.get("s3.endpoint_url") || profile.get("endpoint_url") || undefined;
}

/** Returns whether configured addresses are ignored. */
export function isIgnored(env: Record<string, string | undefined>): boolean {
  return isTrue(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS);
}

/** Returns the settings of each section; nested ones have their parent's name and a dot in front. */
function parseSections(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  let above = "";
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const [, header] = /^\s*\[\s*([^\]]+?)\s*\]/.exec(line) ?? [];
    if (header !== undefined) {
      const name = header.replace(/\s+/g, " ").replaceAll(/["']/g, "");
      section = sections.get(name) ?? new Map();
      sections.set(name, section);
      above = "";
      continue;
    }
    const [, indent = "", name, value = ""] = /^(\s*)([^#;\s=][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ??
      [];
    if (name === undefined) continue;
    if (indent === "") above = value === "" ? `${name}.` : "";
    section.set(indent === "" ? name : `${above}${name}`, value);
  }
  return sections;
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}

/** Returns the home folder; empty if there is none, or this process may not know it. */
function homeFolder(): string {
  try {
    return homedir();
  } catch {
    return "";
  }
}
