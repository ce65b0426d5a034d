/** The configurations that a person starts from. */

import type { Json, JsonObject } from "../base/json.ts";
import { API_VERSIONS, type CollectionType } from "./types/traits.ts";

/** The types that a person fills in; a hydrate collection is made from ids. */
export type TemplateType = Exclude<CollectionType, "hydrate">;

const PROTECTED =
  '<Optional. "collect" to collect what protected accounts write, as far as the keys\' owner may read it.>';

const PART: Record<TemplateType, JsonObject> = {
  user_timeline: {
    users: {},
    delete_users_for: ["protected", "suspended", "not_found"],
  },
  search: {
    search: {
      query: "<Query>",
      max_records: "<Optional. Maximum number of records to collect per harvest.",
    },
  },
  filter: {
    filter: {
      track: "<Comma separated list of terms or hashtags>",
      follow: "<Comma separated list of user ids>",
      max_records: "<Optional. Maximum number of records to collect per harvest.",
    },
  },
};

/** What version 2 may cost until somebody thinks about it: 20,000 posts a month by the prices of 2026. */
const BUDGET: JsonObject = { dollars: 100, per: "month" };

/** What version 2 has in place of the lists of 1.1: a filter's rules. */
const NEWER_FILTER: JsonObject = {
  filter: {
    rules: [{
      value: "<Rule: words, #tags, from:user ... as in a search>",
      tag: "<Optional. Your name for the rule>",
    }],
    max_records: "<Optional. Maximum number of records to collect per harvest.",
  },
};

/**
 * A template of a type, with what a person has to fill in between `<` and `>`.
 * @param api The version of the API; 1.1 is written as the documents have it, where nothing means 1.1.
 */
export function template(
  type: TemplateType,
  { id, api }: { id?: string | undefined; api: "1.1" | "2" },
): JsonObject {
  return {
    id: id ?? "<Identifier for collection. Should not have spaces. Must be unique for bucket.>",
    keys: {
      consumer_key: "<Your Twitter API consumer key>",
      consumer_secret: "<Your Twitter API consumer secret>",
      access_token: "<Your Twitter API access token>",
      access_token_secret: "<Your Twitter API access token secret>",
    },
    type,
    ...(api === "2" ? { api, budget: BUDGET } : {}),
    protected: PROTECTED,
    ...(api === "2" && type === "filter" ? NEWER_FILTER : PART[type]),
  };
}

const PLACEHOLDERS = new Set(
  (["user_timeline", "search", "filter"] as const)
    .flatMap((type) => API_VERSIONS.flatMap((api) => texts(template(type, { api }))))
    .filter((text) => text.startsWith("<")),
);

/** Whether a value is a text of a template that nobody has replaced. */
export function isPlaceholder(value: Json): boolean {
  return typeof value === "string" && PLACEHOLDERS.has(value);
}

function texts(value: Json): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}
