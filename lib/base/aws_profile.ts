/** What a profile of the person's AWS configuration says of the address of S3, as the AWS SDK reads it. */

import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";

/** Where a configuration is. */
export interface ProfileSources {
  env: Record<string, string | undefined>;
  /** The home folder. */
  home: string;
}

/**
 * Returns the address that is asked in place of that of S3: `endpoint_url` of the profile's services section, or of the profile.
 * Undefined where none is set, or the file cannot be read: what is wrong with it is for the SDK to say.
 */
export async function profileEndpoint(sources?: ProfileSources): Promise<string | undefined> {
  const { env, home } = sources ?? { env: process.env, home: homeOf() };
  if (isIgnored(env)) return undefined;
  const path = env.AWS_CONFIG_FILE || join(home, ".aws", "config");
  const text = await Deno.readTextFile(path).catch(() => "");
  const sections = sectionsIn(text);
  const name = env.AWS_PROFILE || "default";
  const profile = sections.get(`profile ${name}`) ??
    (name === "default" ? sections.get("default") : undefined);
  if (!profile || isTrue(profile.get("ignore_configured_endpoint_urls"))) return undefined;
  const services = sections.get(`services ${profile.get("services") ?? ""}`);
  return services?.get("s3.endpoint_url") || profile.get("endpoint_url") || undefined;
}

/** Returns whether addresses that are set somewhere are not to count. */
export function isIgnored(env: Record<string, string | undefined>): boolean {
  return isTrue(env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS);
}

/** Returns the settings of each section; those that are indented below another one have its name and a dot before their own. */
function sectionsIn(text: string): Map<string, Map<string, string>> {
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

/** Empty where this process may not know it, or there is none. */
function homeOf(): string {
  try {
    return homedir();
  } catch {
    return "";
  }
}
