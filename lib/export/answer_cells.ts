/** The cells of twarc-csv's columns, from the bytes of a line: as `AnswerRows` makes them of parsed tweets. */

import { type Name, name, type Outline } from "../twitter/bytes/outline.ts";
import type { AddCell, BytesColumn, Source } from "./answer_bytes.ts";
import { ANSWER_COLUMNS, MERGED } from "./answer_columns.ts";
import { NOTE_FORM, POLL_FORM, TWEET_FORM, USER_FORM } from "./answer_fields.ts";
import { areObjects, RETRIEVED_FORM } from "./answer_line.ts";
import { type AnswerRow, REFERENCES } from "./answer_row.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { type Form, type Found, isNull } from "./fields.ts";
import { isPlainString } from "./keyed.ts";
import { addCell, addJson, addMarked } from "./json_cells.ts";

const FIELDS = {
  mediaKeys: TWEET_FORM.field("attachments.media_keys"),
  url: USER_FORM.field("url"),
  urls: USER_FORM.field("entities.url"),
};
const NAMES = {
  tag: name("tag"),
  username: name("username"),
  media_key: name("media_key"),
  display_url: name("display_url"),
  expanded_url: name("expanded_url"),
  url: name("url"),
  urls: name("urls"),
};

/** Returns twarc-csv's columns. */
export function answerColumns(): BytesColumn[] {
  return ANSWER_COLUMNS.map((column) => ({ of: sourceFor(column), add: cellFor(column) }));
}

function sourceFor(column: string): Source {
  const [member = ""] = column.split(".");
  if (member === "author") return "author";
  if (member === "matching_rules" || member === "__twarc") return "line";
  return member === "text" || MERGED.some((name) => name === member) ? "repeated" : "own";
}

function cellFor(column: string): AddCell {
  const special = SPECIAL[column];
  if (special) return special;
  const [first = "", second = "", third = ""] = column.split(".");
  if (first === "referenced_tweets") {
    const kind = REFERENCES.findIndex((one) => one === second);
    return ({ outline, references }, out) => addValue(outline, references[kind], out);
  }
  if (first === "author") {
    return fieldFor(USER_FORM, column.slice("author.".length), ({ author }) => author);
  }
  if (first === "__twarc") return fieldFor(RETRIEVED_FORM, second, ({ line }) => line.retrieved);
  const group = MERGED.findIndex((one) => one === first);
  if (first === "entities") return entityFor(second, group);
  if (second === "poll") return fieldFor(POLL_FORM, third, ({ merged }) => merged[group]?.poll);
  if (group >= 0) return fieldFor(TWEET_FORM, column, ({ merged }) => merged[group]);
  return fieldFor(TWEET_FORM, column, ({ own }) => own);
}

const SPECIAL: Record<string, AddCell> = {
  id: ({ id }, out) => {
    out.addText(id);
    return true;
  },
  text: (row, out) => addValue(row.outline, row.findText(row.whole), out),
  in_reply_to_username: ({ outline, theirNames }, out) => addValue(outline, theirNames[0], out),
  retweeted_user_id: ({ outline, theirIds }, out) => addValue(outline, theirIds[1], out),
  retweeted_username: ({ outline, theirNames }, out) => addValue(outline, theirNames[1], out),
  quoted_user_id: ({ outline, theirIds }, out) => addValue(outline, theirIds[2], out),
  quoted_username: ({ outline, theirNames }, out) => addValue(outline, theirNames[2], out),
  matching_rules: ({ outline, line }, out) => addValue(outline, line.rules, out),
  "attachments.media": addMedia,
  "author.url": ({ outline, author }, out) => {
    if (!author) return true;
    const last = lastUrl(outline, author.at(FIELDS.urls));
    return addValue(outline, last > 0 ? last : author.at(FIELDS.url), out);
  },
  "author.entities.url.urls": ({ outline, author }, out) => {
    const object = author?.at(FIELDS.urls) ?? 0;
    if (object === 0 || isNull(outline, object)) return true;
    if (!outline.isObject(object)) return false;
    return addList(outline, outline.find(object, NAMES.urls), out, {
      add: addPlainUrl,
      isSure: true,
    });
  },
};
for (const kind of ["cashtags", "hashtags", "mentions", "urls"]) {
  const field = USER_FORM.field(`entities.description.${kind}`);
  SPECIAL[`author.entities.description.${kind}`] = ({ outline, author }, out) =>
    addEntities(outline, kind, author?.at(field), out);
}

function fieldFor(form: Form, path: string, of: (row: AnswerRow) => Found | undefined): AddCell {
  const field = form.field(path);
  return (row, out) => addValue(row.outline, of(row)?.at(field), out);
}

/** The entities of a long text come before those of the tweet. */
function entityFor(kind: string, group: number): AddCell {
  const [field, noteField] = [TWEET_FORM.field(`entities.${kind}`), NOTE_FORM.field(kind)];
  return ({ outline, whole, merged }, out) => {
    const value = whole.note.at(noteField) || merged[group]?.at(field);
    return kind === "annotations"
      ? addValue(outline, value, out)
      : addEntities(outline, kind, value, out);
  };
}

function addValue(outline: Outline, value: number | undefined, out: CsvBytes): boolean {
  return !value || addCell(outline, value, out);
}

/** Adds what an element of a list says to a cell that was begun. @returns False for an element that is unusual */
type AddElement = (outline: Outline, element: number, out: CsvBytes) => boolean;

const ENTITIES: Record<string, AddElement> = {
  cashtags: withMark("$", NAMES.tag),
  hashtags: withMark("#", NAMES.tag),
  mentions: withMark("@", NAMES.username),
  urls: addUrl,
};

function addEntities(
  outline: Outline,
  kind: string,
  list: number | undefined,
  out: CsvBytes,
): boolean {
  const add = ENTITIES[kind];
  return !list || !add || isNull(outline, list) || addList(outline, list, out, { add });
}

/** Adds a list of texts as JSON. @param options.isSure Whether what is no list is an empty one */
function addList(
  outline: Outline,
  list: number,
  out: CsvBytes,
  { add, isSure = false }: { add: AddElement; isSure?: boolean },
): boolean {
  const isList = list > 0 && outline.isArray(list);
  if (isList ? !areObjects(outline, list) : !isSure) return false;
  out.begin();
  out.pieceText("[");
  const first = isList ? outline.first(list) : -1;
  let isUsual = true;
  for (let at = first; at >= 0; at = outline.next(at, list)) {
    if (at !== first) out.pieceText(",");
    isUsual = add(outline, at, out) && isUsual;
  }
  out.pieceText("]");
  out.end();
  return isUsual;
}

function withMark(mark: string, name: Name): AddElement {
  return (outline, element, out) => {
    const value = outline.find(element, name);
    if (value < 0 || !outline.isString(value)) return false;
    addMarked(outline, value, mark, out);
    return true;
  };
}

/** The whole address, or of media the one that is shown. */
function addUrl(outline: Outline, element: number, out: CsvBytes): boolean {
  const shown = outline.find(element, NAMES.media_key) < 0
    ? 0
    : presentAt(outline, element, NAMES.display_url);
  if (shown === 0) return addPlainUrl(outline, element, out);
  return addJson(outline, shown, out);
}

function addPlainUrl(outline: Outline, element: number, out: CsvBytes): boolean {
  const value = findUrl(outline, element);
  if (value > 0) return addJson(outline, value, out);
  out.pieceText("null");
  return true;
}

function findUrl(outline: Outline, element: number): number {
  return presentAt(outline, element, NAMES.expanded_url) || presentAt(outline, element, NAMES.url);
}

/** Returns the last address in the entities of a user's own; 0 where there is none. */
function lastUrl(outline: Outline, entities: number): number {
  if (entities === 0 || !outline.isObject(entities)) return 0;
  const list = outline.find(entities, NAMES.urls);
  if (list < 0 || !outline.isArray(list)) return 0;
  let last = 0;
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
    if (outline.isObject(at)) last = findUrl(outline, at);
  }
  return last;
}

/** Returns a member that is not null; 0 where there is none. */
function presentAt(outline: Outline, object: number, name: Name): number {
  const found = outline.find(object, name);
  return found > 0 && !isNull(outline, found) ? found : 0;
}

/** Adds the attached media in place of their keys. */
function addMedia({ outline, line, merged }: AnswerRow, out: CsvBytes): boolean {
  const keys = merged[MERGED.indexOf("attachments")]?.at(FIELDS.mediaKeys) ?? 0;
  if (keys === 0 || !outline.isArray(keys)) return true;
  out.begin();
  out.pieceText("[");
  const first = outline.first(keys);
  let isUsual = true;
  for (let at = first; at >= 0; at = outline.next(at, keys)) {
    if (at !== first) out.pieceText(",");
    if (!isPlainString(outline, at)) return false;
    const media = line.media.get(at);
    if (media === 0) out.pieceText("{}");
    else isUsual = addJson(outline, media, out) && isUsual;
  }
  out.pieceText("]");
  out.end();
  return isUsual;
}
