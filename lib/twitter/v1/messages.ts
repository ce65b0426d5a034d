/** Reads the lines of a v1.1 stream: a status, or one of the messages between them. */

import { z } from "zod";
import { idAt } from "../bytes/ids.ts";
import { name, Outline } from "../bytes/outline.ts";
import type { StreamLine } from "../stream.ts";
import { strictlyParsed } from "../bytes/strict_json.ts";

const outline = new Outline();
const [ID, USER] = [name("id"), name("user")];

/** A status has an id and an author; no message has both at its top. */
const statusSchema = z.object({
  id: z.number(),
  user: z.looseObject({}),
});

const disconnectSchema = z.object({
  disconnect: z.looseObject({
    code: z.union([z.number(), z.string()]).optional(),
    reason: z.string().optional(),
  }),
});

const limitSchema = z.object({ limit: z.object({ track: z.int().nonnegative() }) });

/**
 * Returns the kind of a line. Messages are named by their first member: `delete`, `limit`, `warning`, ...
 * https://developer.twitter.com/en/docs/tweets/filter-realtime/guides/streaming-message-types
 * @throws SyntaxError for a line other than a JSON object.
 */
export function readStreamLine(line: Uint8Array): StreamLine {
  const id = statusId(line);
  if (id === null) return parsedLine(line);
  return { tweet: { id, line, ...outline.traits } };
}

/** Returns the id of a status; null for a line that has to be parsed to know its kind. */
function statusId(line: Uint8Array): string | null {
  if (!outline.read(line, 1) || !outline.isObject(0)) return null;
  const [id, user] = [outline.find(0, ID), outline.find(0, USER)];
  const isStatus = user >= 0 && outline.isObject(user) && id >= 0 && outline.isNumber(id);
  return isStatus ? outline.id(0) : null;
}

/** @throws SyntaxError */
function parsedLine(line: Uint8Array): StreamLine {
  const value = strictlyParsed(line);
  const status = statusSchema.safeParse(value);
  if (status.success) return { tweet: { id: idAt(line, 0), line } };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SyntaxError("It is not a JSON object");
  }
  const kind = Object.keys(value)[0] ?? "empty";
  const disconnect = disconnectSchema.safeParse(value);
  if (disconnect.success) {
    const { code, reason } = disconnect.data.disconnect;
    return {
      message: { kind, line },
      ends: `${reason ?? "no reason given"} (${code ?? "no code"})`,
    };
  }
  const limit = limitSchema.safeParse(value);
  const undelivered = limit.success ? { undelivered: limit.data.limit.track } : {};
  return { message: { kind, line, ...undelivered } };
}
