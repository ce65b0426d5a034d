/** The flags of a harvest as documents have them. */

import { z } from "zod";
import { LIMIT_NAMES } from "../../collection/limits.ts";

/** The flags of harvests in documents. */
export const flagsSchema = z.partialRecord(z.enum(LIMIT_NAMES), z.int().nonnegative());
