/** The members that a configuration of any type may have. */

import { z } from "zod";
import { WORDS } from "../../base/api_fields.ts";
import { budgetSchema, pricesSchema } from "../../billing/budget.ts";
import { PACKINGS, ZSTD_LEVELS } from "../../format/codec.ts";
import { fieldsPart } from "../fields.ts";
import { LIMIT_NAMES, LIMITS } from "../limits.ts";
import { text } from "../scalars.ts";
import { API_VERSIONS } from "./traits.ts";

/** The schema of keys, or of the name of keys that are kept elsewhere. */
export const keysSchema = z.looseObject({
  consumer_key: text.optional(),
  consumer_secret: text.optional(),
  access_token: text.optional(),
  access_token_secret: text.optional(),
  bearer_token: text.optional(),
  /** The name of keys that are kept elsewhere. */
  profile: text.optional(),
});

const LEVEL_FAULT = `must be a whole number from ${ZSTD_LEVELS.least} to ${ZSTD_LEVELS.most}`;

const PROTECTED_FAULT =
  'must be "collect", for what is not public as well: without it, what protected accounts wrote is left out';

/** The limits of a collection's harvests. */
const harvestPart = z.looseObject(Object.fromEntries(LIMIT_NAMES.map((name) => {
  const { member, least } = LIMITS[name];
  const fault = `must be a whole number, ${least} or more`;
  return [member, z.int(fault).min(least, fault).optional()];
})));

/** A description of the collection for people: nothing depends on it. */
export const described = {
  title: text.optional(),
  description: text.optional(),
  /** The person to contact about it. */
  contact: text.optional(),
  /** Terms of use. */
  rights: text.optional(),
  notes: text.optional(),
  tags: z.array(text, "must be a list: [...]").optional(),
};

/** The schemas of the members, by their names. */
export const common = {
  id: text,
  ...described,
  harvest: harvestPart.optional(),
  api: z.enum(API_VERSIONS, "must be one of 1.1, 2, in quotes").optional(),
  keys: keysSchema.optional(),
  /** Version 2: fields and expansions of every post. */
  fields: fieldsPart.optional(),
  /** Version 2: the vocabulary of requests and responses. */
  words: z.enum(WORDS, 'must be "tweet" or "post"').optional(),
  /** Compression of tweets files from the next harvest on. */
  compression: z.enum(PACKINGS, 'must be "gzip" or "zstd"').optional(),
  /** Level of zstd: higher is smaller and slower. */
  compression_level: z.int(LEVEL_FAULT).min(ZSTD_LEVELS.least, LEVEL_FAULT)
    .max(ZSTD_LEVELS.most, LEVEL_FAULT).optional(),
  timestamp: text.optional(),
  /** Nothing is collected and changed any more. */
  frozen: z.object({
    since: text,
    by: text.exactOptional(),
    note: text.exactOptional(),
  }).optional(),
  /** Collects protected tweets, as far as the owner of the keys may read them. */
  protected: z.literal("collect", PROTECTED_FAULT).optional(),
  /** Version 2: the budget of harvests. */
  budget: budgetSchema.optional(),
  /** Version 2: prices that replace ours. */
  prices: pricesSchema.optional(),
};
