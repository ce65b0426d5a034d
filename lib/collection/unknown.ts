/** Members of a configuration that nobody knows: a name that was typed wrong would be ignored, and billed. */

import { z } from "zod";
import type { Json } from "../json.ts";
import { isObject } from "./changeset.ts";
import { nearTo } from "./near.ts";

/** Notes of a person's own have names that begin so. */
const OWN = "_";

/** A member that is not known. */
export interface UnknownMember {
  /** Its path: `search.max_record`. */
  at: string;
  /** The name that may be meant. */
  meant: string | undefined;
}

/** The members of a value, at every depth, that its schema does not have. */
export function unknownMembers(
  schema: z.core.$ZodType,
  value: Json,
  path: string[] = [],
): UnknownMember[] {
  if (schema instanceof z.ZodOptional) return unknownMembers(schema.unwrap(), value, path);
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    return value.flatMap((item, i) => unknownMembers(schema.element, item, [...path, `${i}`]));
  }
  if (!isObject(value)) return [];
  const members = Object.entries(value);
  if (schema instanceof z.ZodRecord) {
    return members.flatMap(([key, below]) =>
      unknownMembers(schema.valueType, below, [...path, key])
    );
  }
  if (!(schema instanceof z.ZodObject)) return [];
  const shape: Record<string, z.core.$ZodType> = schema.shape;
  return members.flatMap(([key, below]) => {
    const known = Object.hasOwn(shape, key) ? shape[key] : undefined;
    if (known) return unknownMembers(known, below, [...path, key]);
    if (key.startsWith(OWN)) return [];
    const [meant] = nearTo(key, Object.keys(shape));
    return [{ at: [...path, key].join("."), meant }];
  });
}
