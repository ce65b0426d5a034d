/** The member `fields` of a configuration: which fields and expansions posts are asked for with. */

import { z } from "zod";
import { type FieldKind, FIELDS } from "../fields.ts";

const KINDS = Object.keys(FIELDS).join(", ");
/** Letters that a name may differ in from the one that is meant. */
const NEAR = 3;

/** The schema of the member `fields`. */
export const fieldsPart = z.strictObject(
  {
    expansions: namesOf("expansions").optional(),
    tweet: namesOf("tweet").optional(),
    user: namesOf("user").optional(),
    media: namesOf("media").optional(),
    poll: namesOf("poll").optional(),
    place: namesOf("place").optional(),
  } satisfies Record<FieldKind, unknown>,
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has ${issue.keys?.join(", ")}, which is not known. Take one of ${KINDS}`
        : "is not properly structured. It must be {...}, with lists of names",
  },
);

function namesOf(kind: FieldKind) {
  const { usual, others } = FIELDS[kind];
  const known: readonly string[] = [...usual, ...others];
  const name = z.string("must be text in quotes").refine((name) => known.includes(name), {
    error: ({ input }) =>
      `is ${JSON.stringify(input)}, which is not known. ${advice(`${input}`, known)}`,
  });
  return z.array(name, "must be a list: [...]");
}

/** The names that may be meant; all where none is near. */
function advice(name: string, known: readonly string[]): string {
  const near = known.filter((one) =>
    one.includes(name) || name.includes(one) || distance(one, name) <= NEAR
  );
  return near.length > 0 && name !== ""
    ? `Did you mean ${near.join(" or ")}`
    : `Take one of ${known.join(", ")}`;
}

/** Letters to insert, remove or replace (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 0; i < a.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j++) {
      const replaced = (row[j] ?? 0) + (a[i] === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
