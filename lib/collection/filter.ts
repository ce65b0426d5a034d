/** What a filter collection's stream can be asked for. */

import { z } from "zod";
import { count, text } from "./scalars.ts";

/** Limits of POST statuses/filter: https://developer.x.com/en/docs/tweets/filter-realtime/overview */
const MOST_TERMS = 400;
/** Bytes. */
const LONGEST_TERM = 60;
const MOST_FOLLOWED = 5_000;
const MOST_BOXES = 25;
/** Rules of an app: https://docs.x.com/x-api/posts/filtered-stream/introduction */
const MOST_RULES = 1_000;

const idsOnly = "must be user ids (digits) with commas between them, in quotes";
const boxesOnly =
  "must be boxes of longitude,latitude of the south-west and then of the north-east corner";

/** The schema of the member `filter`. */
export const filterPart = z.looseObject({
  track: z.string("must be terms with commas between them, in quotes")
    .refine((track) => partsOf(track).length <= MOST_TERMS, `has more than ${MOST_TERMS} terms`)
    .refine(
      (track) => partsOf(track).every((term) => bytesOf(term) <= LONGEST_TERM),
      `has a term of more than ${LONGEST_TERM} bytes`,
    ).optional(),
  follow: z.string(idsOnly)
    .refine((follow) => partsOf(follow).every((id) => /^\d+$/.test(id)), idsOnly)
    .refine(
      (follow) => partsOf(follow).length <= MOST_FOLLOWED,
      `has more than ${MOST_FOLLOWED} users`,
    ).optional(),
  locations: z.string(boxesOnly)
    .refine(areBoxes, boxesOnly)
    .refine((all) => partsOf(all).length <= MOST_BOXES * 4, `has more than ${MOST_BOXES} boxes`)
    .optional(),
  max_records: count.optional(),
  /** Version 2: rules, with a name for each where one is wanted. */
  rules: z.array(
    z.looseObject({ value: text.trim(), tag: z.string("must be text in quotes").optional() }),
    "must be a list: [...]",
  ).max(MOST_RULES, `has more than ${MOST_RULES} rules`).optional(),
  /** Version 2: whether other collections may have rules on the same app. */
  share: z.boolean("must be true or false").optional(),
  /** Version 2, for accounts that have it: minutes before a connection that are sent with it. */
  backfill_minutes: z.int("must be a whole number of minutes").min(0, "must be 0 to 5")
    .max(5, "must be 0 to 5").optional(),
  /** Version 2: whether search is asked for what the stream missed; it is unless false. */
  fill_gaps: z.boolean("must be true or false").optional(),
});

/** The parts of a list with commas between them, without spaces around them and empty ones. */
export function partsOf(list: string): string[] {
  return list.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function bytesOf(term: string): number {
  return new TextEncoder().encode(term).length;
}

function areBoxes(list: string): boolean {
  const parts = list.split(",").map((part) => part.trim());
  if (parts.length % 4 !== 0) return list.trim() === "";
  if (!parts.every((part) => /^[+-]?\d+(\.\d*)?$/.test(part))) return false;
  const numbers = parts.map(Number);
  for (let i = 0; i < numbers.length; i += 4) {
    const [west = NaN, south = NaN, east = NaN, north = NaN] = numbers.slice(i, i + 4);
    if (!(west >= -180 && east <= 180 && west < east)) return false;
    if (!(south >= -90 && north <= 90 && south < north)) return false;
  }
  return true;
}
