/** Removes tweets from recorded lines; the rest stays byte for byte. */

import { Buffer } from "node:buffer";
import { INCLUDED_TWEETS, REFERENCES, REPEATS } from "../../format/words.ts";
import { hasId, idAt } from "./ids.ts";
import { type Item, items, listObjects, member, type Span, text } from "./raw_json.ts";

const encoder = new TextEncoder();
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;

/** A line without some of its tweets. */
export interface Redacted {
  /** Null where nothing of it stays. */
  line: Uint8Array | null;
  /** The ids of the removed tweets, with those inside others. */
  removed: string[];
  /** The tweets that the line counted for, and counts for now. */
  counted: number;
  count: number;
}

/**
 * Returns the ids of every tweet in a line: those that it is for, and those that they quote, repeat or answer.
 * @throws SyntaxError for a line without tweets.
 */
export function listAllIds(line: Uint8Array): string[] {
  const data = member(line, "data");
  if (!data) return listStatuses(line, 0).map(({ id }) => id);
  return [...listTweets(line, data), ...includedTweets(line)].map(({ start }) => idAt(line, start));
}

/**
 * Returns a line without the tweets that are gone. A retweet is removed with the tweet that it repeats; a quote
 * stays, without the quoted tweet. Objects beside the tweets (users, media, polls, places) are removed where no tweet
 * that stays refers to them.
 * @throws SyntaxError for a line without tweets.
 */
export function redact(line: Uint8Array, isGone: (id: string) => boolean): Redacted {
  const data = member(line, "data");
  return data ? redactAnswer(line, data, isGone) : redactStatus(line, isGone);
}

/** Returns a response of version 2 with some of its tweets; objects beside them stay. */
export function withTweets(line: Uint8Array, stays: (index: number) => boolean): Uint8Array {
  const data = member(line, "data");
  if (!data) return line;
  return splice(line, [
    keepElements(line, data, listTweets(line, data).filter((_, i) => stays(i))),
  ]);
}

/** Returns a status of version 1.1, and those inside it. @throws SyntaxError */
export function listStatuses(
  line: Uint8Array,
  start: number,
): { id: string; name: string; span: Span }[] {
  const found = [{ id: idAt(line, start), name: "", span: { start, end: line.length } }];
  for (const name of ["retweeted_status", "quoted_status"]) {
    const span = member(line, name, start);
    if (!span || line[span.start] !== OPEN_BRACE) continue;
    found.push(
      ...listStatuses(line, span.start).map((inner) =>
        inner.name === "" ? { ...inner, name, span } : inner
      ),
    );
  }
  return found;
}

function redactStatus(line: Uint8Array, isGone: (id: string) => boolean): Redacted {
  const gone = listStatuses(line, 0).filter(({ id }) => isGone(id));
  const removed = gone.map(({ id }) => id);
  if (gone.some(({ name }) => name !== "quoted_status")) {
    return {
      line: null,
      removed,
      counted: 1,
      count: 0,
    };
  }
  const edits = outermost(gone.map(({ span }) => ({ ...span, by: "null" })));
  return { line: splice(line, edits), removed, counted: 1, count: 1 };
}

/** Returns the tweets of `data`: a list, or one. @throws SyntaxError */
export function listTweets(line: Uint8Array, data: Span): Item[] {
  return line[data.start] === OPEN_BRACKET ? [...items(line, data.start)] : [data];
}

/** Returns the tweets beside those of `data`. @throws SyntaxError */
export function includedTweets(line: Uint8Array): Item[] {
  const includes = member(line, "includes");
  // An object without an id is not a tweet.
  return INCLUDED_TWEETS.flatMap((name) => listObjects(line, includes, name))
    .filter((tweet) => hasId(line, tweet));
}

/** Returns the id of the tweet that one repeats, whose text its own begins with; null where it repeats none. */
function repeatedBy(line: Uint8Array, { start }: Span): string | null {
  for (const name of REFERENCES) {
    const list = member(line, name, start);
    if (!list || line[list.start] !== OPEN_BRACKET) continue;
    for (const reference of items(line, list.start)) {
      const [type, id] = [
        member(line, "type", reference.start),
        member(line, "id", reference.start),
      ];
      if (type && id && REPEATS.includes(text(line, type))) return text(line, id);
    }
  }
  return null;
}

function redactAnswer(line: Uint8Array, data: Span, isGone: (id: string) => boolean): Redacted {
  const goneBy = (span: Span): string[] => {
    const ids = [idAt(line, span.start), repeatedBy(line, span)].filter((id) => id !== null);
    return ids.filter(isGone);
  };
  const stays = (span: Span) => goneBy(span).length === 0;
  const own = listTweets(line, data);
  const included = includedTweets(line);
  const kept = own.filter(stays);
  const removed = [...new Set([...own, ...included].flatMap(goneBy))];
  const counts = { counted: own.length, count: kept.length };
  if (kept.length === 0) return { line: null, removed, ...counts };
  if (removed.length === 0) return { line, removed, ...counts };
  const names = listTexts(
    [...kept, ...included.filter(stays)].map((span) => decodeText(line, span)),
  );
  const edits = [
    ...(own.length > kept.length ? [keepElements(line, data, kept)] : []),
    ...includeEdits(
      line,
      (kind, span) =>
        INCLUDED_TWEETS.includes(kind)
          ? hasId(line, span) && stays(span)
          : listReferences(line, span).some((name) => names.has(name)),
    ),
  ];
  return { line: splice(line, edits), removed, ...counts };
}

/** Returns the edits of the lists of `includes`. */
function includeEdits(line: Uint8Array, stays: (kind: string, span: Span) => boolean): Edit[] {
  const includes = member(line, "includes");
  if (!includes || line[includes.start] !== OPEN_BRACE) return [];
  return [...items(line, includes.start)].flatMap((list) => {
    if (line[list.start] !== OPEN_BRACKET) return [];
    const all = [...items(line, list.start)];
    const kept = all.filter((span) => stays(list.key ?? "", span));
    return kept.length < all.length ? [keepElements(line, list, kept)] : [];
  });
}

/** Returns the texts by which tweets refer to an included object. */
function listReferences(line: Uint8Array, { start }: Span): string[] {
  // An invalid one has no name, and is removed.
  if (line[start] !== OPEN_BRACE) return [];
  return ["id", "media_key", "username"].flatMap((name) => {
    const span = member(line, name, start);
    return span ? [text(line, span)] : [];
  });
}

/** Returns every text inside tweets. */
function listTexts(tweets: string[]): Set<string> {
  const found = new Set<string>();
  const look = (value: unknown) => {
    if (typeof value === "string") found.add(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(look);
  };
  for (const tweet of tweets) look(JSON.parse(tweet));
  return found;
}

const decoder = new TextDecoder();

function decodeText(line: Uint8Array, { start, end }: Span): string {
  return decoder.decode(line.subarray(start, end));
}

/** A span of a line and its replacement. */
interface Edit extends Span {
  by: string | Uint8Array[];
}

/** Returns a list with some of its elements, unchanged. */
function keepElements(line: Uint8Array, { start, end }: Span, kept: Span[]): Edit {
  const comma = encoder.encode(",");
  const parts = kept.flatMap((span, i) => [
    ...(i > 0 ? [comma] : []),
    line.subarray(span.start, span.end),
  ]);
  return { start, end, by: [encoder.encode("["), ...parts, encoder.encode("]")] };
}

/** Returns the edits without those that lie inside others. */
function outermost(edits: Edit[]): Edit[] {
  return edits.filter((edit) =>
    !edits.some((other) => other !== edit && other.start <= edit.start && other.end >= edit.end)
  );
}

function splice(line: Uint8Array, edits: Edit[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { start, end, by } of edits.toSorted((a, b) => a.start - b.start)) {
    parts.push(line.subarray(at, start));
    parts.push(...(typeof by === "string" ? [encoder.encode(by)] : by));
    at = end;
  }
  return Buffer.concat([...parts, line.subarray(at)]);
}
