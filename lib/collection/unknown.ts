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
    const meant = elsewhere(key, shape) ?? nearTo(key, Object.keys(shape))[0];
    return [{ at: [...path, key].join("."), meant }];
  });
}

/** The path of a member of that name in another one: it was put in the wrong place. */
function elsewhere(key: string, shape: Record<string, z.core.$ZodType>): string | undefined {
  const below = Object.entries(shape).flatMap(([name, schema]) =>
    membersOf(schema).map((inner) => ({ inner, path: `${name}.${inner}` }))
  );
  const exact = below.find(({ inner }) => inner === key);
  if (exact) return exact.path;
  const [near] = nearTo(key, below.map(({ inner }) => inner));
  const isNearer = near !== undefined && nearTo(key, Object.keys(shape)).length === 0;
  return isNearer ? below.find(({ inner }) => inner === near)?.path : undefined;
}

function membersOf(schema: z.core.$ZodType): string[] {
  if (schema instanceof z.ZodOptional) return membersOf(schema.unwrap());
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
