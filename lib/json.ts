/** JSON that comes from outside: parsed with the place of a mistake, and checked with a schema. */

import type { z } from "zod";
import { messageOf, UserError } from "./errors.ts";

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

/**
 * Parses JSON text.
 * @param name What the text is, for the message, e.g. a file's path.
 * @throws UserError that names line and column of the mistake.
 */
export function parseJson(text: string | Uint8Array, name: string): Json {
  try {
    return JSON.parse(typeof text === "string" ? text : decoder.decode(text));
  } catch (cause) {
    throw new UserError(`${name} is not JSON: ${placed(messageOf(cause), text)}`, { cause });
  }
}

/**
 * Parses JSON text and checks it.
 * @throws UserError that names the place of the mistake, or the field that does not fit.
 */
export function parseAs<S extends z.ZodType>(
  schema: S,
  text: string | Uint8Array,
  name: string,
): z.output<S> {
  const result = schema.safeParse(parseJson(text, name));
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UserError(`${name} is not as expected: ${faults.join("; ")}`, { cause: result.error });
}

/** A value as indented JSON text, as bytes that end with a line break. */
export function jsonBytes(value: unknown): Uint8Array {
  return encoder.encode(`${JSON.stringify(value, null, 2)}\n`);
}

/** V8 says where in one of three ways; a person wants line and column. */
function placed(message: string, text: string | Uint8Array): string {
  if (typeof text !== "string") {
    return /encoded data/.test(message) ? "it is not UTF-8 text" : placed(message, decode(text));
  }
  const position = /position (\d+)/.exec(message)?.[1] ??
    (/end of JSON input|Unterminated/.test(message) ? `${text.length}` : undefined);
  const reason = message.replace(/ in JSON at position.*$/, "").replace(/, (\.\.\.)?".*$/s, "");
  if (position === undefined) return reason;
  const before = text.slice(0, Number(position)).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${reason}`;
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
