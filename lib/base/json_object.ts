/** JSON objects of the bucket's documents. */

import { z } from "zod";
import type { JsonObject } from "./json.ts";

/**
 * Any object that was parsed from JSON text: its content is JSON, and is neither checked nor copied, as `z.json()`
 * would for each of a hundred thousand users.
 */
export const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  "Invalid input: expected an object",
);
