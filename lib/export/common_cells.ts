/** The cells of the common columns, from the bytes of a line of version 2: as they are made of a `Common`. */

import { type Name, name, type Outline } from "../twitter/bytes/outline.ts";
import type { AddCell, BytesColumn, Source } from "./answer_bytes.ts";
import { NAMES } from "./answer_common.ts";
import { NOTE_FORM, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { RETRIEVED_FORM } from "./answer_line.ts";
import type { AnswerRow } from "./answer_row.ts";
import { COMMON_COLUMNS } from "./common_columns.ts";
import { toCsvCell } from "./csv.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { type Form, type Found, isNull } from "./fields.ts";
import { addExactCell, addJson } from "./json_cells.ts";
import { isPlainString } from "./keyed.ts";
import { timeOf } from "./selection.ts";
import {
  addExactTime,
  addId,
  addList,
  addMs,
  addNumber,
  addString,
  addTexts,
  addTime,
  addTruth,
  isShortNumber,
  jsonOf,
  memberOf,
} from "./value_cells.ts";

const [REPLIED, RETWEETED, QUOTED] = [0, 1, 2];
/** The members of a medium, by their names here; of several the first that is a text. */
const MEDIA: readonly [string, Name[], "text" | "number"][] = [
  ["type", [name("type")], "text"],
  ["url", [name("url"), name("preview_image_url")], "text"],
  ["alt", [name("alt_text")], "text"],
  ["width", [name("width")], "number"],
  ["height", [name("height")], "number"],
  ["duration_ms", [name("duration_ms")], "number"],
];
const MEDIA_KEYS = TWEET_FORM.field("attachments.media_keys");

/** What a cell is made of. */
type Of = (row: AnswerRow) => Found | undefined;

/** Adds a cell of a value, which is 0 where there is none. @returns As AddCell */
type AddOf = (outline: Outline, value: number, out: CsvBytes) => boolean;

const own: Of = (row) => row.own;
const whole: Of = (row) => row.whole;
const author: Of = (row) => row.author;

/** Returns the common columns. */
export function commonCells(): BytesColumn[] {
  return COMMON_COLUMNS.map(({ name }) => ({ of: sourceOf(name), add: CELLS[name] ?? nothing }));
}

/** Returns what a column is made of. */
function sourceOf(column: string): Source {
  if (column === "collected_at" || column === "matched") return "line";
  if (column.startsWith("author_") && column !== "author_id") return "author";
  const isRepeated = column.endsWith("_count") || REPEATED.includes(column);
  return isRepeated ? "repeated" : "own";
}

const REPEATED = ["text", "hashtags", "mentions", "mention_handles", "urls", "media"];

/** Columns that are missing are empty. */
const CELLS: Readonly<Record<string, AddCell>> = {
  platform: always("x"),
  id: ({ id }, out) => addText(id, out),
  url: addUrl,
  created_at: addCreated,
  collected_at: member(RETRIEVED_FORM, "retrieved_at", ({ line }) => line.retrieved, addTime),
  author_id: addAuthorId,
  author_handle: member(USER_FORM, "username", author, addString),
  author_name: member(USER_FORM, "name", author, addString),
  author_created_at: member(USER_FORM, "created_at", author, addTime),
  author_followers: member(USER_FORM, "public_metrics.followers_count", author, addNumber),
  author_following: member(USER_FORM, "public_metrics.following_count", author, addNumber),
  author_posts: member(USER_FORM, "public_metrics.tweet_count", author, addNumber),
  author_verified: member(USER_FORM, "verified", author, addTruth),
  kind: ({ isRetweet, references }, out) => {
    const other = references[REPLIED] ? "reply" : references[QUOTED] ? "quote" : "post";
    return addText(isRetweet ? "repost" : other, out);
  },
  text: (row, out) => addString(row.outline, row.findText(row.whole), out),
  lang: member(TWEET_FORM, "lang", own, addString),
  langs: member(TWEET_FORM, "lang", own, (outline, value, out) => {
    out.begin();
    out.pieceText("[");
    const isText = value > 0 && outline.isString(value);
    const isUsual = !isText || addJson(outline, value, out);
    out.pieceText("]");
    out.end();
    return isUsual;
  }),
  conversation_id: member(TWEET_FORM, "conversation_id", own, addId),
  reply_to_id: ({ outline, references }, out) => addString(outline, references[REPLIED], out),
  reply_to_author_id: addRepliedAuthor,
  repost_of_id: ({ outline, references }, out) => addString(outline, references[RETWEETED], out),
  repost_of_author_id: ({ outline, theirIds }, out) => addString(outline, theirIds[RETWEETED], out),
  quote_of_id: ({ outline, references }, out) => addString(outline, references[QUOTED], out),
  quote_of_author_id: ({ outline, theirIds }, out) => addString(outline, theirIds[QUOTED], out),
  like_count: member(TWEET_FORM, "public_metrics.like_count", whole, addNumber),
  repost_count: member(TWEET_FORM, "public_metrics.retweet_count", whole, addNumber),
  reply_count: member(TWEET_FORM, "public_metrics.reply_count", whole, addNumber),
  quote_count: member(TWEET_FORM, "public_metrics.quote_count", whole, addNumber),
  bookmark_count: member(TWEET_FORM, "public_metrics.bookmark_count", whole, addNumber),
  view_count: member(TWEET_FORM, "public_metrics.impression_count", whole, addNumber),
  hashtags: entities("hashtags", NAMES.tag),
  mentions: entities("mentions", NAMES.id),
  mention_handles: entities("mentions", NAMES.username),
  urls: entities("urls", NAMES.expanded_url, NAMES.media_key),
  media: addMedia,
  place_name: ofPlace(NAMES.full_name),
  country_code: ofPlace(NAMES.country_code),
  lon: coordinate(0),
  lat: coordinate(1),
  sensitive: member(TWEET_FORM, "possibly_sensitive", own, addTruth),
  labels: always("[]"),
  withheld_in: member(TWEET_FORM, "withheld.country_codes", own, addTexts),
  source_app: member(TWEET_FORM, "source", own, addString),
  edit_ids: member(TWEET_FORM, "edit_history_tweet_ids", own, addTexts),
  matched: ({ outline, line }, out) => addList(outline, line.rules, out, { of: NAMES.tag }),
  collection: ({ place }, out) => addText(toCsvCell(place.collection), out),
  harvest: ({ place }, out) => addText(toCsvCell(place.harvest), out),
  file: ({ place }, out) => addText(toCsvCell(place.file), out),
  line: ({ place }, out) => addText(`${place.number}`, out),
};

function nothing(): boolean {
  return true;
}

function addText(text: string, out: CsvBytes): boolean {
  out.addText(text);
  return true;
}

function always(text: string): AddCell {
  return (_, out) => addText(text, out);
}

/** A cell of a member. */
function member(form: Form, path: string, of: Of, add: AddOf): AddCell {
  const field = form.field(path);
  return (row, out) => add(row.outline, of(row)?.at(field) ?? 0, out);
}

const CREATED = TWEET_FORM.field("created_at");

function addCreated({ id, own, outline }: AnswerRow, out: CsvBytes): boolean {
  const value = own.at(CREATED);
  const isText = value > 0 && outline.isString(value);
  if (isText && addExactTime(outline, value, out)) return true;
  return addMs(timeOf(id, isText ? jsonOf(outline, value) : undefined), out);
}

const HANDLE = USER_FORM.field("username");

function addUrl({ id, author, outline }: AnswerRow, out: CsvBytes): boolean {
  const handle = author?.at(HANDLE) ?? 0;
  out.begin();
  out.pieceText("https://x.com/");
  if (handle === 0 || !outline.isString(handle)) out.pieceText("i/web");
  else out.pieceString(outline.bytes, outline.start(handle) + 1, outline.end(handle) - 1);
  out.pieceText("/status/");
  out.pieceText(id);
  out.end();
  return true;
}

const [AUTHOR_ID, USER_ID] = [TWEET_FORM.field("author_id"), USER_FORM.field("id")];

function addAuthorId({ own, author, outline }: AnswerRow, out: CsvBytes): boolean {
  const value = own.at(AUTHOR_ID);
  if (value > 0 && outline.isString(value)) return addExactCell(outline, value, out);
  return addId(outline, author?.at(USER_ID) ?? 0, out);
}

const REPLY_TO = TWEET_FORM.field("in_reply_to_user_id");

function addRepliedAuthor(
  { own, outline, references, theirIds }: AnswerRow,
  out: CsvBytes,
): boolean {
  if (!references[REPLIED]) return true;
  const value = own.at(REPLY_TO);
  const isThere = value > 0 && !isNull(outline, value);
  return isThere ? addId(outline, value, out) : addString(outline, theirIds[REPLIED], out);
}

/** A list of a member of entities: those of a long text come before those of the tweet. @param without As of addList */
function entities(kind: string, of: Name, without?: Name): AddCell {
  const [field, noteField] = [TWEET_FORM.field(`entities.${kind}`), NOTE_FORM.field(kind)];
  return ({ outline, whole }, out) =>
    addList(outline, whole.note.at(noteField) || whole.at(field), out, { of, without });
}

/** Adds the attached media. */
function addMedia({ outline, line, whole }: AnswerRow, out: CsvBytes): boolean {
  const keys = whole.at(MEDIA_KEYS);
  if (keys === 0 || !outline.isArray(keys)) return addText("[]", out);
  const first = outline.first(keys);
  out.begin();
  out.pieceText("[");
  for (let at = first; at >= 0; at = outline.next(at, keys)) {
    if (!isPlainString(outline, at)) return false;
    out.pieceText(at === first ? '{"key":' : ',{"key":');
    if (!addJson(outline, at, out) || !addMedium(outline, line.media.get(at), out)) return false;
    out.pieceText("}");
  }
  out.pieceText("]");
  out.end();
  return true;
}

function addMedium(outline: Outline, medium: number, out: CsvBytes): boolean {
  for (const [label, members, type] of MEDIA) {
    out.pieceText(`,"${label}":`);
    let value = 0;
    for (const one of medium > 0 ? members : []) {
      const found = outline.find(medium, one);
      if (value === 0 && found > 0 && !isNull(outline, found)) value = found;
    }
    if (value === 0) out.pieceText("null");
    else if (type === "text" ? !outline.isString(value) : !isShortNumber(outline, value)) {
      return false;
    } else if (!addJson(outline, value, out)) return false;
  }
  return true;
}

const GEO = TWEET_FORM.field("geo");

function ofPlace(of: Name): AddCell {
  return ({ outline, own, line }, out) => {
    const id = memberOf(outline, own.at(GEO), NAMES.place_id);
    if (id === 0) return true;
    const place = isPlainString(outline, id) ? line.places.get(id) : -1;
    return place >= 0 && addString(outline, memberOf(outline, place, of), out);
  };
}

/** A cell of longitude (0) or latitude (1). */
function coordinate(number: number): AddCell {
  return ({ outline, own }, out) => {
    const point = memberOf(outline, own.at(GEO), NAMES.coordinates);
    if (point === 0 || isNull(outline, point)) return true;
    if (!outline.isObject(point)) return false;
    const list = memberOf(outline, point, NAMES.coordinates);
    if (list === 0 || !outline.isArray(list)) return true;
    let at = outline.first(list);
    for (let i = 0; i < number && at >= 0; i++) at = outline.next(at, list);
    return at < 0 || addNumber(outline, at, out);
  };
}
