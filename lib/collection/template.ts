/** The configurations that a person starts from. */

import type { JsonObject } from "../json.ts";
import type { CollectionType } from "./config.ts";

const PART: Record<CollectionType, JsonObject> = {
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

/** A template of a type, with what a person has to fill in between `<` and `>`. */
export function template(type: CollectionType, id: string | undefined): JsonObject {
  return {
    id: id ?? "<Identifier for collection. Should not have spaces. Must be unique for bucket.>",
    keys: {
      consumer_key: "<Your Twitter API consumer key>",
      consumer_secret: "<Your Twitter API consumer secret>",
      access_token: "<Your Twitter API access token>",
      access_token_secret: "<Your Twitter API access token secret>",
    },
    type,
    ...PART[type],
  };
}
