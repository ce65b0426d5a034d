/** The public part of a line: tweets of protected accounts come where the owner of the keys follows them. */

import { Buffer } from "node:buffer";
import { hasId, idAt } from "./bytes/ids.ts";
import { listObjects, member, type Span, text } from "./bytes/raw_json.ts";
import { includedTweets, listStatuses, listTweets, redact } from "./bytes/redact.ts";

/** A line without tweets that are not public. */
export interface PublicPart {
  /** The line itself where all of it is public; null where nothing of it is. */
  line: Uint8Array | null;
  /** The tweets that it counts for now. */
  count: number;
  /** The tweets that were left out, with those inside others. */
  left: number;
}

/**
 * Returns the public part of a line. A retweet is removed with the tweet that it repeats; a quote stays, without the
 * quoted tweet.
 * @param count The tweets that the line counts for.
 * @throws SyntaxError for a line without tweets.
 */
export function publicPart(line: Uint8Array, count: number): PublicPart {
  const hidden = hasProtected(line) ? findHidden(line) : NONE;
  if (hidden.size === 0) return { line, count, left: 0 };
  const part = redact(line, (id) => hidden.has(id));
  const left = Math.max(part.counted - part.count, part.removed.length);
  return { line: part.line, count: part.count, left };
}

/** Returns whether a status of version 1.1 is by a protected account. @throws SyntaxError */
export function isOfProtected(line: Uint8Array): boolean {
  return hasProtected(line) && isHidden(line, { start: 0, end: line.length });
}

const NONE: ReadonlySet<string> = new Set();
const NAME = Buffer.from('"protected"');
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const COLON = 0x3a;
const T = 0x74;

/** Returns whether an account in a line is protected: a scan of its bytes, as that is rare. */
function hasProtected(line: Uint8Array): boolean {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  for (let at = bytes.indexOf(NAME); at >= 0; at = bytes.indexOf(NAME, at + 1)) {
    let i = at + NAME.length;
    while (SPACE.has(bytes[i] ?? 0) || bytes[i] === COLON) i++;
    if (bytes[i] === T) return true;
  }
  return false;
}

/** Returns the ids of the tweets in a line that protected accounts wrote. */
function findHidden(line: Uint8Array): Set<string> {
  const data = member(line, "data");
  if (!data) {
    const statuses = listStatuses(line, 0).filter(({ span }) => isHidden(line, span));
    return new Set(statuses.map(({ id }) => id));
  }
  const accounts = protectedAccounts(line);
  const tweets = [...listTweets(line, data), ...includedTweets(line)].filter(({ start }) => {
    const author = member(line, "author_id", start);
    return author !== null && accounts.has(text(line, author));
  });
  return new Set(tweets.map(({ start }) => idAt(line, start)));
}

/** Returns whether a status has a protected author. */
function isHidden(line: Uint8Array, { start }: Span): boolean {
  const user = member(line, "user", start);
  return user !== null && isProtected(line, user);
}

/** Returns the ids of the protected users beside a response's tweets. */
function protectedAccounts(line: Uint8Array): Set<string> {
  const includes = member(line, "includes");
  const found = listObjects(line, includes, "users").filter((user) =>
    hasId(line, user) && isProtected(line, user)
  );
  return new Set(found.map(({ start }) => idAt(line, start)));
}

function isProtected(line: Uint8Array, { start }: Span): boolean {
  const value = member(line, "protected", start);
  return value !== null && text(line, value) === "true";
}
