/** The cells of json2csv's columns, from the bytes of a line: as `toStatusCells` makes them of what is parsed. */

import { isDigit, type Name, name, type Outline } from "../twitter/bytes/outline.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { monthOfStatus } from "./exact_time.ts";
import { isNull } from "./fields.ts";
import { addExactCell, jsonText } from "./json_cells.ts";
import { OTHER_FORM, STATUS_FORM, type StatusRow } from "./status_row.ts";

/** Adds a cell. @returns False where only a parser can say what it is */
export type AddStatusCell = (row: StatusRow, out: CsvBytes) => boolean;

const MINUS = 0x2d;
const ZERO = 0x30;
const NAMES = {
  text: name("text"),
  expanded_url: name("expanded_url"),
  media_url_https: name("media_url_https"),
};
const TEXTS = ["extended_tweet.full_text", "full_text", "text"];

/** Returns what adds the cells of a column. */
export function statusCellFor(column: string): AddStatusCell {
  return SPECIAL[column] ?? first([column.replace(/^user_/, "user.")]);
}

const SPECIAL: Record<string, AddStatusCell> = {
  id: ({ id }, out) => {
    out.addText(id);
    return true;
  },
  tweet_url: urlCell(),
  parsed_created_at: of(["created_at"], addTime),
  text: ofWhole(
    TEXTS,
    ({ outline }, value, out) =>
      value === 0 || (outline.isString(value) && addExactCell(outline, value, out)),
  ),
  tweet_type: typeCell(),
  coordinates: of(["coordinates.coordinates"], addPoint),
  hashtags: ofWhole(["entities.hashtags"], joined(NAMES.text)),
  media: of(["extended_entities.media", "entities.media"], joined(NAMES.media_url_https)),
  urls: of(["entities.urls"], joined(NAMES.expanded_url)),
  favorite_count: ofWhole(["favorite_count"], addValue),
  in_reply_to_status_id: first(["in_reply_to_status_id_str", "in_reply_to_status_id"]),
  in_reply_to_user_id: first(["in_reply_to_user_id_str", "in_reply_to_user_id"]),
  place: first(["place.full_name"]),
  retweet_or_quote_id: ofOther(["id_str", "id"], addId),
  retweet_or_quote_screen_name: ofOther(["user.screen_name"], addValue),
  retweet_or_quote_user_id: ofOther(["user.id_str", "user.id"], addId),
  user_id: of(["user.id_str", "user.id"], addId),
  user_urls: of(["user.entities.url.urls"], joined(NAMES.expanded_url, { omitsEmpty: true })),
};

/** Adds a cell of a value, which is 0 where there is none. @returns As AddStatusCell */
type AddOf = (row: StatusRow, value: number, out: CsvBytes) => boolean;

/** A cell of the first of some members that is not null. */
function of(paths: string[], add: AddOf): AddStatusCell {
  const fields = paths.map((path) => STATUS_FORM.field(path));
  return (row, out) => add(row, row.first(row.own, fields), out);
}

function first(paths: string[]): AddStatusCell {
  return of(paths, addValue);
}

/** A cell of the status that it repeats or quotes. */
function ofOther(paths: string[], add: AddOf): AddStatusCell {
  const fields = paths.map((path) => OTHER_FORM.field(path));
  return (row, out) => add(row, row.first(row.other, fields), out);
}

/** A cell of the status that it repeats, where that is merged. */
function ofWhole(paths: string[], add: AddOf): AddStatusCell {
  const [own, other] = [of(paths, add), ofOther(paths, add)];
  return (row, out) => row.isMerged ? other(row, out) : own(row, out);
}

function addValue({ outline }: StatusRow, value: number, out: CsvBytes): boolean {
  return value === 0 || addExactCell(outline, value, out);
}

/** Adds an id, which may be a number. */
function addId({ outline }: StatusRow, value: number, out: CsvBytes): boolean {
  if (value === 0) return true;
  return (outline.isString(value) || outline.isNumber(value)) && addExactCell(outline, value, out);
}

function urlCell(): AddStatusCell {
  const field = STATUS_FORM.field("user.screen_name");
  return ({ outline, own, id }, out) => {
    const handle = own.at(field);
    out.begin();
    out.pieceText("https://twitter.com/");
    if (handle > 0 && outline.isString(handle)) addInside(outline, handle, out);
    out.pieceText("/status/");
    out.pieceText(id);
    out.end();
    return true;
  };
}

/** Adds the time of a status as Python prints it: `2016-03-28 14:36:31+00:00`. */
function addTime({ outline }: StatusRow, value: number, out: CsvBytes): boolean {
  if (value === 0 || !outline.isString(value)) return true;
  const { bytes } = outline;
  const start = outline.start(value) + 1;
  const month = monthOfStatus(bytes, start, outline.end(value) - 1);
  if (month === 0) return false;
  out.add(bytes, start + 26, start + 30);
  out.addText(month < 10 ? `-0${month}-` : `-${month}-`);
  out.add(bytes, start + 8, start + 10);
  out.add(bytes, start + 10, start + 19);
  out.addText("+00:00");
  return true;
}

function typeCell(): AddStatusCell {
  return of(["in_reply_to_status_id"], ({ outline, isRetweet, isQuote }, value, out) => {
    if (value > 0 && !outline.isNumber(value)) return false;
    const isReply = value > 0 && outline.bytes[outline.start(value)] !== ZERO;
    out.addText(isReply ? "reply" : isRetweet ? "retweet" : isQuote ? "quote" : "original");
    return true;
  });
}

/** Longitude and latitude with six digits. */
function addPoint({ outline }: StatusRow, list: number, out: CsvBytes): boolean {
  if (list === 0 || !outline.isArray(list)) return true;
  const numbers: string[] = [];
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
    const byte = outline.bytes[outline.start(at)] ?? 0;
    if (byte !== MINUS && !isDigit(byte)) return false;
    numbers.push(Number(jsonText(outline, at)).toFixed(6));
  }
  out.addText(numbers.join(" "));
  return true;
}

/** A member of each object of a list, with spaces between them. @param options.omitsEmpty Whether empty ones are none */
function joined(member: Name, { omitsEmpty = false } = {}): AddOf {
  return ({ outline }, list, out) => {
    if (list === 0) return true;
    if (!outline.isArray(list)) return false;
    if (outline.first(list) < 0) return true;
    out.begin();
    let count = 0;
    for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
      if (!outline.isObject(at)) return false;
      const value = outline.find(at, member);
      const isThere = value >= 0 && !isNull(outline, value);
      if (isThere && !outline.isString(value)) return false;
      const isEmpty = !isThere || outline.end(value) - outline.start(value) === 2;
      if (isEmpty && omitsEmpty) continue;
      if (count++ > 0) out.pieceText(" ");
      if (isThere) addInside(outline, value, out);
    }
    out.end();
    return true;
  };
}

/** Adds what a string says to the cell that was begun. */
function addInside(outline: Outline, value: number, out: CsvBytes): void {
  out.pieceString(outline.bytes, outline.start(value) + 1, outline.end(value) - 1);
}
