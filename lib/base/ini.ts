/** Parses ini files, as Python's configparser and people write them. */

import { z } from "zod";

const fileSchema = z.record(z.string(), z.unknown());

/**
 * Parses an ini file's text. Backslashes and dots in section names are literal here (`C:\temp`, profile `my.name`); the
 * library takes them for escapes and nested sections.
 */
export async function parseIni(text: string): Promise<Record<string, unknown>> {
  // Most harvests have no such file, and loading the library takes a 30th of their start.
  const { parse } = await import("ini");
  const literal = text
    .replace(/^\[.*\]/gm, (section) => section.replaceAll(".", "\\."))
    .replace(/^([^[=\r\n]*=[ \t]*)(.*)$/gm, (_, name, value) => name + literalValue(value));
  return fileSchema.parse(parse(literal));
}

/**
 * Returns a value with backslashes escaped for the library; before `#` and `;`, which begin a comment, one is an
 * escape.
 */
function literalValue(value: string): string {
  if (value.startsWith("'")) return value;
  return value.replaceAll(value.startsWith('"') ? /\\/g : /\\(?![#;])/g, "\\\\");
}
