/** Templates of configurations. */

import type { Json, JsonObject } from "../base/json.ts";
import { RULES } from "./types/registry.ts";
import { API_VERSIONS, TEMPLATE_TYPES } from "./types/traits.ts";

/** The types with a template. */
export type TemplateType = (typeof TEMPLATE_TYPES)[number];

const PROTECTED =
  '<Optional. "collect" to collect what protected accounts write, as far as the keys\' owner may read it.>';

/** The budget of templates for version 2: 20,000 posts a month by the prices of 2026. */
const BUDGET: JsonObject = { dollars: 100, per: "month" };

/**
 * Returns the template of a type, with placeholders between `<` and `>`.
 * @param api The version of the API; 1.1 is omitted, as in the documents, where it is the default.
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
    ...RULES[type].template?.members(api),
  };
}

const PLACEHOLDERS = new Set(
  TEMPLATE_TYPES.flatMap((type) => API_VERSIONS.flatMap((api) => texts(template(type, { api }))))
    .filter((text) => text.startsWith("<")),
);

/** Returns whether a value is a placeholder. */
export function isPlaceholder(value: Json): boolean {
  return typeof value === "string" && PLACEHOLDERS.has(value);
}

/** Returns whether a placeholder is optional. */
export function isOptional(value: Json): boolean {
  return typeof value === "string" && value.startsWith("<Optional.");
}

function texts(value: Json): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}
