/** The budget of a collection (posts or dollars, a month or a harvest), and a person's own prices. */

import { z } from "zod";

/** Posts of a search's smallest page. */
const LEAST = 10;
const page = `must be a whole number, ${LEAST} (the smallest page of posts) or more`;

/** The schema of the member `budget`. */
export const budgetSchema = z.object({
  posts: z.int(page).min(LEAST, page).optional(),
  dollars: z.number("must be a number of dollars").positive("must be above 0").optional(),
  per: z.enum(["month", "harvest"], 'must be "month" or "harvest"'),
}, 'must be {...}, as {"dollars": 5, "per": "month"}').refine(
  ({ posts, dollars }) => (posts === undefined) !== (dollars === undefined),
  'must have either posts or dollars, as {"dollars": 5, "per": "month"}',
);

const price = z.number("must be a number of dollars").nonnegative("must not be below 0");

/** The schema of the prices that replace ours, all or some of them. */
export const pricesSchema = z.strictObject({
  /** The day the prices are from. */
  date: z.iso.date('must be a day, as "2026-08-22"').optional(),
  /** Dollars for each post that is read, once a UTC day. */
  post: price.optional(),
  /** Dollars for each user that is looked up; users that come with posts are free. */
  user: price.optional(),
  /** Dollars for a call of the counts of the last seven days. */
  counts_recent: price.optional(),
  /** Dollars for a call of the counts of the archive. */
  counts_all: price.optional(),
});

/** A budget. */
export type Budget = z.infer<typeof budgetSchema>;
