/** The buckets that this machine has worked on, each with its place: a copy is recognised by it. */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { z } from "zod";
import { InUseError, readTextFile } from "../../base/in_use.ts";
import type { BucketRef } from "../../base/bucket_ref.ts";
import { stateFolder } from "../../base/folders.ts";
import { isObject, jsonOrNull } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import { ownFolder } from "../../base/own_folder.ts";
import { IDENTITY, type Identity } from "../../bucket/identity.ts";
import { STATE, STATE_HINT } from "../../secrets/control_secret.ts";
import { LocalStore } from "../../store/folder/store.ts";
import { isSamePlace, type Place, placeSchema } from "../../store/place.ts";

/** The file of a bucket in the folder of its state. */
const FILE = "bucket.json";

const knownSchema = z.object({
  id: z.string(),
  place: placeSchema,
  /** The names of its former places. */
  former: z.array(z.string()).default([]),
});

/** A bucket that this machine has worked on. */
export interface Known extends z.output<typeof knownSchema> {
  /** The folder of its state. */
  folder: string;
}

type Env = Record<string, string | undefined>;

/** Returns the buckets that this machine has worked on, without damaged records. */
export async function knownBuckets(env: Env): Promise<Known[]> {
  const parent = join(stateFolder({ env }), "buckets");
  const known: Known[] = [];
  const names = await Array.fromAsync(Deno.readDir(parent), ({ name }) => name).catch(() => []);
  for (const name of names.sort()) {
    const folder = join(parent, name);
    const text = await readText(join(folder, FILE));
    const { data } = knownSchema.safeParse(jsonOrNull(text));
    if (data) known.push({ ...data, folder });
  }
  return known;
}

/** Returns the last place on this machine of a bucket that is elsewhere now; null where that shows no copy. */
export function seenElsewhere(
  { id, place: written }: Identity,
  { here, known }: { here: Place; known: Known[] },
): Place | null {
  const places = known.filter((one) => one.id === id).map(({ place }) => place);
  if (places.length === 0 && written) places.push(written);
  const [first] = places;
  return !first || places.some((place) => isSamePlace(place, here)) ? null : first;
}

/**
 * Returns the folder for a bucket's state: the one from before it was renamed; otherwise one by its place, unless
 * another bucket had it.
 */
export function findFolder(
  bucket: BucketRef,
  { id, here, known, env }: { id: string | null; here: Place; known: Known[]; env: Env },
): string {
  const own = known.find((one) => one.id === id && isSamePlace(one.place, here));
  if (own) return own.folder;
  const name = bucket.name.replace(/[^A-Za-z0-9_-]/g, "-").slice(0, 40);
  const folderNamed = (text: string) =>
    join(stateFolder({ env }), "buckets", `${name}-${shortHash(text)}`);
  const place = bucket.kind === "folder" ? here.place : `${here.place} ${here.endpoint ?? ""}`;
  const usual = folderNamed(place);
  const isOthers = id !== null &&
    known.some((one) => basename(one.folder) === basename(usual));
  return isOthers ? folderNamed(`${place} ${id}`) : usual;
}

/** Records the place of a bucket, where it changed. @throws UserError where the state is not this person's alone. */
export async function remember(
  { folder, ...record }: Omit<Known, "former">,
  { known }: { known: Known[] },
): Promise<void> {
  const before = known.find((one) => one.folder === folder && one.id === record.id);
  const left = before && before.place.place !== record.place.place ? [before.place.place] : [];
  const former = [...new Set([...before?.former ?? [], ...left])];
  if (before && left.length === 0 && before.place.number === record.place.number) return;
  await ownFolder(folder, { called: STATE, hint: STATE_HINT });
  await (await LocalStore.open(folder)).put(FILE, jsonBytes({ ...record, former }));
}

/** Returns the names of a bucket's former places on this machine. */
export async function formerPlaces(id: string, env: Env): Promise<string[]> {
  const own = (await knownBuckets(env)).filter((one) => one.id === id);
  return own.flatMap(({ former }) => former);
}

/** Returns the id of a bucket in a folder; null for any other, whose name is unique, and for one without. */
export async function readBucketId(bucket: BucketRef): Promise<string | null> {
  if (bucket.kind !== "folder") return null;
  const text = await readText(join(bucket.path, IDENTITY));
  const json = jsonOrNull(text);
  return isObject(json) && typeof json.id === "string" ? json.id : null;
}

/** Returns a file's text; empty where it cannot be read, unless that may pass: then it would be taken for another. */
async function readText(path: string): Promise<string> {
  return await readTextFile(path).catch((error) => {
    if (error instanceof InUseError) throw error;
    return "";
  });
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
