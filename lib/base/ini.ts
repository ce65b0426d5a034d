/** Files of settings in sections, as Python's configparser writes them and people do. */

import { z } from "zod";

const fileSchema = z.record(z.string(), z.unknown());

/**
 * Parses an ini file's text. To the library a backslash begins an escape, and a dot in a section's name a section
 * within another: to who writes `C:\temp`, or a profile `my.name`, neither does.
 */
export async function parseIni(text: string): Promise<Record<string, unknown>> {
  // Most harvests have no such file, and loading the library takes a 30th of what they take to begin.
  const { parse } = await import("ini");
  const literal = text
    .replace(/^\[.*\]/gm, (section) => section.replaceAll(".", "\\."))
    .replace(/^([^[=\r\n]*=[ \t]*)(.*)$/gm, (_, name, value) => name + literalValue(value));
  return fileSchema.parse(parse(literal));
}

/** Returns a value whose backslashes the library leaves as they are; before `#` and `;`, which begin a comment, one is an escape. */
function literalValue(value: string): string {
  if (value.startsWith("'")) return value;
  return value.replaceAll(value.startsWith('"') ? /\\/g : /\\(?![#;])/g, "\\\\");
}
