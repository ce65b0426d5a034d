/** Finds unknown members of a configuration: a misspelled name would be ignored, and cost money. */

import { z } from "zod";
import { isObject, type Json, member } from "../base/json.ts";
import { nearTo } from "./near.ts";

/** Prefix of a person's own notes. */
const OWN = "_";

/** An unknown member. */
export interface UnknownMember {
  /** Its path: `search.max_record`. */
  at: string;
  /** The name that was probably meant. */
  meant: string | undefined;
}

/** Returns the members of a value, at every depth, that its schema does not have. */
export function unknownMembers(schema: z.core.$ZodType, value: Json): UnknownMember[] {
  const found: UnknownMember[] = [];
  look(schema, value, { above: "", found });
  return found;
}

/** Searches a value. @param above Prefix of its members' paths. */
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

/** Returns the path of a member of that name elsewhere in the schema: it may be misplaced. */
function elsewhere(key: string, shape: Record<string, z.core.$ZodType>): string | undefined {
  const below = Object.entries(shape).flatMap(([name, schema]) =>
    listMembers(schema).map((inner) => ({ inner, path: `${name}.${inner}` }))
  );
  const exact = below.find(({ inner }) => inner === key);
  if (exact) return exact.path;
  const [near] = nearTo(key, below.map(({ inner }) => inner));
  const isNearer = near !== undefined && nearTo(key, Object.keys(shape)).length === 0;
  return isNearer ? below.find(({ inner }) => inner === near)?.path : undefined;
}

function listMembers(schema: z.core.$ZodType): string[] {
  if (schema instanceof z.ZodOptional) return listMembers(schema.unwrap());
  return schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
}
