/** Parses JSON from outside, with the position of an error, and checks it with a schema. */

import type { z } from "zod";
import { errorMessage, UserError } from "./errors.ts";
import { keepOrder } from "./names_of.ts";

/** Any JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A JSON object. */
export type JsonObject = { [key: string]: Json };

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses JSON text.
 * @param name What the text is, for the message, e.g. a file's path.
 * @throws UserError with line and column of the error.
 */
export function parseJson(text: string | Uint8Array, name: string): Json {
  const json = decodeText(text, name);
  try {
    return parseOrdered(json);
  } catch (cause) {
    throw new UserError(`${name} is not JSON: ${describePlace(errorMessage(cause), json)}`, {
      cause,
    });
  }
}

/**
 * Parses JSON text and checks it with a schema.
 * @throws UserError with the position of the error, or the field that does not fit.
 */
export function parseAs<S extends z.ZodType>(
  schema: S,
  text: string | Uint8Array,
  name: string,
): z.output<S> {
  return checkAs(schema, parseJson(text, name), name);
}

/** Checks a JSON value with a schema. @throws UserError with the field that does not fit. */
export function checkAs<S extends z.ZodType>(schema: S, json: Json, name: string): z.output<S> {
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const faults = result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
  throw new UserError(`${name} is not as expected: ${faults.join("; ")}`, { cause: result.error });
}

/** Parses JSON text, or the bytes of it; null if it is invalid, or there is none. */
export function jsonOrNull(text: string | Uint8Array | undefined): Json {
  try {
    return parseOrdered(typeof text === "string" ? text : new TextDecoder().decode(text));
  } catch {
    return null;
  }
}

/** Parses JSON text; its objects have their members in its order (`namesOf`). */
function parseOrdered(text: string): Json {
  const parsed: Json = JSON.parse(text);
  keepOrder(text, parsed);
  return parsed;
}

declare global {
  interface JSON {
    /** Returns what JSON.stringify writes as it is (ECMAScript: JSON.parse source text access). */
    rawJSON(text: string): { rawJSON: string };
    isRawJSON(value: unknown): value is { rawJSON: string };
    parse(
      text: string,
      reviver: (name: string, value: Json, context: { source?: string }) => Json,
    ): Json;
  }
}

/**
 * Parses JSON in which whole numbers beyond 2^53 keep their digits: JSON.stringify writes them as they were, and what
 * they say is in `rawJSON`. It takes longer than JSON.parse.
 * @throws SyntaxError
 */
export function parseWhole(text: string): Json {
  return JSON.parse(text, (_, value, { source = "" }) => {
    const isRounded = typeof value === "number" && !Number.isSafeInteger(value);
    return isRounded && /^-?\d+$/.test(source) ? JSON.rawJSON(source) : value;
  });
}

/** Returns whether a value is an object, not an array, nor a number as `parseWhole` returns it. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !JSON.isRawJSON(value);
}

/** Returns an object's own member. */
export function member(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Decodes a text without the byte order mark that some editors write. */
function decodeText(text: string | Uint8Array, name: string): string {
  if (typeof text === "string") return text.replace(/^\ufeff/, "");
  try {
    return decoder.decode(text);
  } catch (cause) {
    throw new UserError(`${name} is not JSON: it is not UTF-8 text`, { cause });
  }
}

/** Returns an error's message, after its line and column. */
function describePlace(message: string, text: string): string {
  const before = text.slice(0, findFault(text)).split("\n");
  const reason = message.replace(/( after JSON| in JSON)? at position.*$/, "")
    .replace(/, (\.\.\.)?".*$/s, "");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}: ${reason}`;
}

/** Returns the position of the error: the end of the longest valid prefix, as not every message gives it. */
function findFault(text: string): number {
  let [good, bad] = [0, text.length + 1];
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (canGoOn(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

/** Returns whether a text is a prefix of a JSON text, or a complete one. */
function canGoOn(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    return /end of JSON input/.test(errorMessage(error)) ||
      /position (\d+)/.exec(errorMessage(error))?.[1] === `${text.length}`;
  }
}
