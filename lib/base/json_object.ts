/** Objects of JSON as documents in the bucket have them. */

import { z } from "zod";
import type { JsonObject } from "./json.ts";

/**
 * An object of whatever members, for what was parsed from JSON text: everything in it is JSON, and is neither looked
 * through nor copied, as `z.json()` would at each of a hundred thousand users.
 */
export const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "Invalid input: expected an object",
);
