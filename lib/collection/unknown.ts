/** Members of a configuration that nobody knows: a name that was typed wrong would be ignored, and billed. */

import { z } from "zod";
import { isObject, type Json, member } from "../base/json.ts";
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

/** Returns the members of a value, at every depth, that its schema does not have. */
export function unknownMembers(schema: z.core.$ZodType, value: Json): UnknownMember[] {
  const found: UnknownMember[] = [];
  look(schema, value, { above: "", found });
  return found;
}

/** Looks through a value. @param above What stands before the path of its members. */
function look(
  schema: z.core.$ZodType,
  value: Json,
  { above, found }: { above: string; found: UnknownMember[] },
): void {
  if (schema instanceof z.ZodOptional) return look(schema.unwrap(), value, { above, found });
  if (schema instanceof z.ZodArray && Array.isArray(value)) {
    value.forEach((item, i) => look(schema.element, item, { above: `${above}${i}.`, found }));
  }
  if (!isObject(value)) return;
  const isRecord = schema instanceof z.ZodRecord;
  if (!isRecord && !(schema instanceof z.ZodObject)) return;
  const shape: Record<string, z.core.$ZodType> = isRecord ? {} : schema.shape;
  for (const key of Object.keys(value)) {
    const known = isRecord ? schema.valueType : Object.hasOwn(shape, key) ? shape[key] : undefined;
    const below = member(value, key);
    if (known && below !== undefined) look(known, below, { above: `${above}${key}.`, found });
    if (known || key.startsWith(OWN)) continue;
    const meant = elsewhere(key, shape) ?? nearTo(key, Object.keys(shape))[0];
    found.push({ at: `${above}${key}`, meant });
  }
}

/** Returns the path of a member of that name in another one: it was put in the wrong place. */
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
