/** The common columns of tweets of version 2, packed from the bytes of their lines: as `AnswerCommon` reads them. */

import type { Name } from "../twitter/bytes/outline.ts";
import { NAMES, objectIn, textAt, valueAt } from "./answer_common.ts";
import { NOTE_FORM, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { RETRIEVED_FORM } from "./answer_line.ts";
import { AnswerRow } from "./answer_row.ts";
import { toBoolean } from "./common.ts";
import type { Form, Found } from "./fields.ts";
import { addMediaOf } from "./packed_media.ts";
import { type PackedColumns, toLong } from "./packed_columns.ts";
import type { TextLeaf } from "./packed_leaf.ts";
import {
  addId,
  addList,
  addString,
  type AddText,
  exactAt,
  firstOf,
  hasPlainStrings,
  numberAt,
  timeAt,
} from "./packed_values.ts";
import type { Post } from "./post.ts";
import { timeOf } from "./selection.ts";

const [REPLIED, RETWEETED, QUOTED] = [0, 1, 2];
const FIELDS = {
  created: TWEET_FORM.field("created_at"),
  authorId: TWEET_FORM.field("author_id"),
  lang: TWEET_FORM.field("lang"),
  conversation: TWEET_FORM.field("conversation_id"),
  replyTo: TWEET_FORM.field("in_reply_to_user_id"),
  mediaKeys: TWEET_FORM.field("attachments.media_keys"),
  geo: TWEET_FORM.field("geo"),
  placeId: TWEET_FORM.field("geo.place_id"),
  userId: USER_FORM.field("id"),
  handle: USER_FORM.field("username"),
};

/** Adds the cell of a column. */
type AddCell = (row: AnswerRow) => void;
/** Returns what adds the cells of a column. */
type Cell = (columns: PackedColumns, name: string) => AddCell;
/** Returns what a cell is a member of. */
type Of = (row: AnswerRow) => Found | undefined;

const own: Of = (row) => row.own;
const whole: Of = (row) => row.whole;
const author: Of = (row) => row.author;

/** Adds tweets to columns. */
export class PackedAnswers {
  readonly #row: AnswerRow;
  readonly #cells: AddCell[];

  /** @param options.merge As of toCommon. */
  constructor(columns: PackedColumns, options: { merge: boolean }) {
    this.#row = new AnswerRow(options);
    this.#cells = columns.all.map(({ name, add }) =>
      CELLS[name]?.(columns, name) ?? (() => add(undefined))
    );
  }

  /** Adds a tweet. @returns False, and adds nothing, for one that is left to a parser */
  add(post: Post): boolean {
    const row = this.#row;
    if (!row.read(post)) return false;
    if (!hasPlainStrings(row.outline, row.whole.at(FIELDS.mediaKeys))) return false;
    for (let i = 0; i < this.#cells.length; i++) this.#cells[i]?.(row);
    return true;
  }
}

/** Those of columns that are missing are empty. */
const CELLS: Readonly<Record<string, Cell>> = {
  platform: text(() => "x"),
  id: text(({ id }) => id),
  url: texts(addUrl),
  created_at: numbers(({ id, own, outline }) => {
    const value = own.at(FIELDS.created);
    return inMicroseconds(exactAt(outline, value) ?? timeOf(id, textAt(outline, value)));
  }),
  collected_at: collected,
  author_id: texts(({ own, author, outline }, leaf) =>
    addString(outline, own.at(FIELDS.authorId), leaf) ||
    addId(outline, author?.at(FIELDS.userId) ?? 0, leaf)
  ),
  author_handle: string(USER_FORM, "username", author),
  author_name: string(USER_FORM, "name", author),
  author_created_at: time(USER_FORM, "created_at", author),
  author_followers: integer(USER_FORM, "public_metrics.followers_count", author),
  author_following: integer(USER_FORM, "public_metrics.following_count", author),
  author_posts: integer(USER_FORM, "public_metrics.tweet_count", author),
  author_verified: truth(USER_FORM, "verified", author),
  kind: text(({ isRetweet, references }) => {
    if (isRetweet) return "repost";
    return references[REPLIED] ? "reply" : references[QUOTED] ? "quote" : "post";
  }),
  text: texts((row, leaf) => addString(row.outline, row.findText(row.whole), leaf)),
  lang: string(TWEET_FORM, "lang", own),
  langs: lists(({ own, outline }, leaf) => {
    leaf.begin();
    addString(outline, own.at(FIELDS.lang), leaf);
    leaf.end();
  }),
  conversation_id: texts(({ own, outline }, leaf) =>
    addId(outline, own.at(FIELDS.conversation), leaf)
  ),
  reply_to_id: other(({ references }) => references[REPLIED]),
  reply_to_author_id: texts(({ own, outline, references, theirIds }, leaf) =>
    (references[REPLIED] ?? 0) > 0 &&
    (addId(outline, own.at(FIELDS.replyTo), leaf) ||
      addString(outline, theirIds[REPLIED] ?? 0, leaf))
  ),
  repost_of_id: other(({ references }) => references[RETWEETED]),
  repost_of_author_id: other(({ theirIds }) => theirIds[RETWEETED]),
  quote_of_id: other(({ references }) => references[QUOTED]),
  quote_of_author_id: other(({ theirIds }) => theirIds[QUOTED]),
  like_count: integer(TWEET_FORM, "public_metrics.like_count", whole),
  repost_count: integer(TWEET_FORM, "public_metrics.retweet_count", whole),
  reply_count: integer(TWEET_FORM, "public_metrics.reply_count", whole),
  quote_count: integer(TWEET_FORM, "public_metrics.quote_count", whole),
  bookmark_count: integer(TWEET_FORM, "public_metrics.bookmark_count", whole),
  view_count: integer(TWEET_FORM, "public_metrics.impression_count", whole),
  hashtags: entities("hashtags", NAMES.tag),
  mentions: entities("mentions", NAMES.id, { add: addId }),
  mention_handles: entities("mentions", NAMES.username),
  urls: entities("urls", NAMES.expanded_url, { without: NAMES.media_key }),
  media: ({ media }) => ({ outline, whole, line }) =>
    addMediaOf(outline, whole.at(FIELDS.mediaKeys), line.media, media),
  place_name: ofPlace(NAMES.full_name),
  country_code: ofPlace(NAMES.country_code),
  lon: coordinate(0),
  lat: coordinate(1),
  sensitive: truth(TWEET_FORM, "possibly_sensitive", own),
  labels: lists(({ outline }, leaf) => addList(outline, 0, leaf)),
  withheld_in: ownList("withheld.country_codes"),
  source_app: string(TWEET_FORM, "source", own),
  edit_ids: ownList("edit_history_tweet_ids"),
  matched: lists(({ outline, line }, leaf) =>
    addList(outline, line.rules, leaf, { of: NAMES.tag })
  ),
  collection: text(({ place }) => place.collection),
  harvest: text(({ place }) => place.harvest),
  file: text(({ place }) => place.file),
  line: numbers(({ place }) => place.number),
};

/** A column of texts. @param add Adds one; false where there is none */
function texts(add: (row: AnswerRow, leaf: TextLeaf) => boolean): Cell {
  return (columns, name) => {
    const leaf = columns.text(name);
    return (row) => {
      if (!add(row, leaf)) leaf.addNone();
    };
  };
}

/** A column of lists of texts. */
function lists(add: (row: AnswerRow, leaf: TextLeaf) => void): Cell {
  return (columns, name) => {
    const leaf = columns.text(name);
    return (row) => add(row, leaf);
  };
}

function numbers(read: (row: AnswerRow) => number | undefined): Cell {
  return (columns, name) => {
    const leaf = columns.number(name);
    return (row) => leaf.add(read(row));
  };
}

function text(read: (row: AnswerRow) => string): Cell {
  return lists((row, leaf) => leaf.addText(read(row)));
}

function string(form: Form, path: string, of: Of): Cell {
  const field = form.field(path);
  return texts((row, leaf) => addString(row.outline, of(row)?.at(field) ?? 0, leaf));
}

/** A column of what another tweet has. */
function other(read: (row: AnswerRow) => number | undefined): Cell {
  return texts((row, leaf) => addString(row.outline, read(row) ?? 0, leaf));
}

function integer(form: Form, path: string, of: Of): Cell {
  const field = form.field(path);
  return numbers((row) => toLong(numberAt(row.outline, of(row)?.at(field) ?? 0)));
}

function time(form: Form, path: string, of: Of): Cell {
  const field = form.field(path);
  return numbers((row) => inMicroseconds(timeAt(row.outline, of(row)?.at(field) ?? 0)));
}

/** The column of when lines came: their tweets have the same time. */
function collected(columns: PackedColumns, name: string): AddCell {
  const leaf = columns.number(name);
  const field = RETRIEVED_FORM.field("retrieved_at");
  let seen: Uint8Array | undefined;
  let last: number | undefined;
  return ({ outline, line }) => {
    if (outline.bytes !== seen) last = inMicroseconds(timeAt(outline, line.retrieved.at(field)));
    seen = outline.bytes;
    leaf.add(last);
  };
}

function truth(form: Form, path: string, of: Of): Cell {
  const field = form.field(path);
  return numbers((row) => {
    const value = of(row)?.at(field) ?? 0;
    const is = value > 0 ? toBoolean(valueAt(row.outline, value)) : undefined;
    return is === undefined ? undefined : Number(is);
  });
}

function ownList(path: string): Cell {
  const field = TWEET_FORM.field(path);
  return lists(({ own, outline }, leaf) => addList(outline, own.at(field), leaf));
}

/** A column of a member of entities: those of a long text come before those of the tweet. */
function entities(
  kind: string,
  of: Name,
  options: { add?: AddText; without?: Name } = {},
): Cell {
  const [field, noteField] = [TWEET_FORM.field(`entities.${kind}`), NOTE_FORM.field(kind)];
  return lists(({ outline, whole }, leaf) =>
    addList(outline, whole.note.at(noteField) || whole.at(field), leaf, { ...options, of })
  );
}

function addUrl({ id, author, outline }: AnswerRow, leaf: TextLeaf): boolean {
  const handle = author?.at(FIELDS.handle) ?? 0;
  leaf.pieceText("https://x.com/");
  if (handle === 0 || !outline.isString(handle)) leaf.pieceText("i/web");
  else leaf.pieceJson(outline.bytes, outline.start(handle) + 1, outline.end(handle) - 1);
  leaf.pieceText("/status/");
  leaf.pieceText(id);
  leaf.finish();
  return true;
}

function ofPlace(of: Name): Cell {
  return texts(({ outline, own, line }, leaf) => {
    const id = own.at(FIELDS.placeId);
    const place = id > 0 ? line.places.get(id) : 0;
    return place > 0 && addString(outline, outline.find(place, of), leaf);
  });
}

/** A column of longitude (0) or latitude (1). */
function coordinate(number: number): Cell {
  return numbers(({ outline, own }) => {
    const point = objectIn(outline, own.at(FIELDS.geo), NAMES.coordinates);
    const list = point > 0 ? outline.find(point, NAMES.coordinates) : 0;
    let at = firstOf(outline, list);
    for (let i = 0; i < number && at >= 0; i++) at = outline.next(at, list);
    return numberAt(outline, at);
  });
}

function inMicroseconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : toLong(ms * 1_000);
}
