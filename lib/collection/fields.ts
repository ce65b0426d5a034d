/** The member `fields` of a configuration: the fields and expansions that are requested for posts. */

import { z } from "zod";
import { type FieldKind, FIELDS } from "../base/api_fields.ts";
import { nearTo } from "./near.ts";

const KINDS = Object.keys(FIELDS).join(", ");
/** The schema of the member `fields`. */
export const fieldsPart = z.strictObject(
  {
    expansions: listNames("expansions").optional(),
    tweet: listNames("tweet").optional(),
    user: listNames("user").optional(),
    media: listNames("media").optional(),
    poll: listNames("poll").optional(),
    place: listNames("place").optional(),
  } satisfies Record<FieldKind, unknown>,
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? `has ${issue.keys?.join(", ")}, which is not known. Use one of ${KINDS}`
        : "is not properly structured. It must be {...}, with lists of names",
  },
);

function listNames(kind: FieldKind) {
  const { usual, others } = FIELDS[kind];
  const known: readonly string[] = [...usual, ...others];
  const name = z.string("must be text in quotes").refine((name) => known.includes(name), {
    error: ({ input }) =>
      `is ${JSON.stringify(input)}, which is not known. ${advice(`${input}`, known)}`,
  });
  return z.array(name, "must be a list: [...]");
}

/** Returns suggestions for an unknown name; all names if none is similar. */
function advice(name: string, known: readonly string[]): string {
  const near = nearTo(name, known);
  return near.length > 0 ? `Did you mean ${near.join(" or ")}` : `Use one of ${known.join(", ")}`;
}
