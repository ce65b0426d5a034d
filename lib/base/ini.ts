/** Parses ini files, as Python's configparser and people write them. */

import { z } from "zod";

const fileSchema = z.record(z.string(), z.unknown());

/** A value in quotes, with or without a comment. */
const QUOTED = /^(["'])(.*?)\1\s*(?:[#;].*)?$/;
/** A path on Windows: with a drive, from the current folder, or with a backslash that is before no `#` or `;`. */
const WINDOWS_PATH = /^(?:[A-Za-z]:|\.{1,2}\\)|\\(?![#;])/;

/**
 * Parses an ini file's text. Backslashes and dots in section names are literal here (`C:\temp`, profile `my.name`); the
 * library takes them for escapes and nested sections.
 */
export async function parseIni(text: string): Promise<Record<string, unknown>> {
  // Most harvests have no such file, and loading the library takes a 30th of their start.
  const { parse } = await import("ini");
  const literal = text
    .replace(/^\[.*\]/gm, (section) => section.replaceAll(".", "\\."))
    .replace(
      /^([^[=\r\n]*=)(.*)$/gm,
      (_, name, value) => name + JSON.stringify(parseValue(value.trim())),
    );
  return fileSchema.parse(parse(literal));
}

/**
 * Returns a value without quotes and its comment, which begins with `#` or `;` after a blank: in `./tweets#1` they are
 * part of it. `\#` and `\;` stand for these characters, but in a Windows path, where a backslash is one.
 */
function parseValue(written: string): string {
  const quoted = QUOTED.exec(written)?.[2];
  if (quoted !== undefined) return quoted;
  const value = written.replace(/(?:^|\s)[#;].*$/, "").trimEnd();
  return WINDOWS_PATH.test(value) ? value : value.replaceAll(/\\([#;])/g, "$1");
}
