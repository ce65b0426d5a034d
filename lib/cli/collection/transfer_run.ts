/** Renames, copies and moves a collection: prepares and completes the copy of its files. */

import { z } from "zod";
import { settleLast } from "../../archive/repair.ts";
import { transfer, type Transferred } from "../../archive/transfer.ts";
import {
  mark,
  type Marker,
  type Moved,
  readMarker,
  readMoved,
  removeMoved,
  removeSource,
  unmark,
} from "../../archive/transfer_marks.ts";
import { isoTime } from "../../base/clock.ts";
import { UserError } from "../../base/errors.ts";
import { isObject } from "../../base/json.ts";
import { jsonObject } from "../../base/json_object.ts";
import { lastWord } from "../../base/visible.ts";
import { readIdentity } from "../../bucket/identity.ts";
import type { Lease } from "../../bucket/lease.ts";
import { checkNotFrozen, readFrozen } from "../../collection/frozen.ts";
import { checkedId, checkedNewId, collectionKeys } from "../../collection/layout.ts";
import { flagsSchema } from "../../runner/local/flags_schema.ts";
import { findPlace } from "../../store/place.ts";
import type { Bucket, Context } from "../context.ts";
import { underLease } from "../harvest/lease.ts";
import { count, many, size } from "../output.ts";
import { checkNotKept } from "./freeze.ts";
import { keepReadmeFor } from "./readme.ts";
import { readAll } from "./verify.ts";

/** A person's request. */
export interface Transfers {
  what: "renamed" | "copied" | "moved";
  collectionId: string;
  newId: string;
  /** Whether the old collection is removed. */
  removes: boolean;
  /** Whether the new one gets the keys, and the schedule. */
  keys: boolean;
  schedule: boolean;
  despiteFaults: boolean;
}

/** The buckets: one, or two. */
interface Buckets {
  source: Bucket;
  target: Bucket;
}

const scheduleSchema = z.object({
  expression: z.string(),
  timezone: z.string().exactOptional(),
  flags: flagsSchema.default({}),
});

/** Renames, copies or moves a collection. @throws UserError, OutsideError; LockedError while either is harvested */
export async function transferCollection(
  buckets: Buckets,
  wanted: Transfers,
  context: Context,
): Promise<void> {
  const { source, target } = buckets;
  const { collectionId: id, newId, removes } = wanted;
  const to = { bucket: await identify(target), id: newId };
  const from = { bucket: await identify(source), id };
  checkDiffer(from, to, wanted);
  const moved = await readMoved(source.store, checkedId(id));
  if (moved) checkGoesOn(id, moved, { to, removes });
  else await checkSource(source, wanted);
  const began = isoTime(context.clock.now());
  const schedule = moved || !removes ? null : await readSchedule(source, id);
  const marker = moved
    ? await readMarker(target.store, newId)
    : await mark({ store: target.store, collectionId: newId }, {
      from,
      began,
      ...(schedule && wanted.schedule ? { schedule } : {}),
    });
  if (removes) await (await source.runner()).unschedule(id);
  await underLease({ store: source.store, collectionId: id }, context, async (lease, holder) => {
    if (!moved && marker) {
      await copyCollection(buckets, { wanted, marker, lease, holder }, context);
    }
    if (removes) await removeAfterMove(source, { id, to, lease }, context);
  });
  if (removes) await removeMoved(source.store, id);
  if (marker?.schedule) await carrySchedule(target, newId, marker.schedule, context);
  await unmark({ store: target.store, collectionId: newId });
  await target.identify();
  context.output.line(`${id} was ${wanted.what}: ${newId} in ${target.settings.bucket.text}`);
  await noteKeys(buckets, newId, context);
}

/** Returns a bucket's identity for comparison: its id, or its place if it has none. */
async function identify({ store, settings: { bucket, aws } }: Bucket): Promise<string> {
  return (await readIdentity(store))?.identity.id ?? (await findPlace(bucket, aws)).place;
}

interface NamedEnd {
  bucket: string;
  id: string;
}

function checkDiffer(from: NamedEnd, to: NamedEnd, { what }: Transfers): void {
  if (what !== "moved") checkedNewId(to.id);
  if (from.bucket !== to.bucket || from.id !== to.id) return;
  throw new UserError(`${from.id} is there already`, {
    hint: what === "moved"
      ? "Name another bucket with --to. Another id gives it: twarc-cloud collection rename"
      : "Name another id.",
  });
}

/** Only the same command may complete an interrupted removal. */
function checkGoesOn(
  id: string,
  moved: Moved,
  { to, removes }: { to: NamedEnd; removes: boolean },
): void {
  if (removes && moved.bucket === to.bucket && moved.id === to.id) return;
  throw new UserError(`${id} is ${moved.id} of bucket ${moved.bucket} since ${moved.at}`, {
    hint: "What is left of it here goes when the command that moved it is run again.",
  });
}

async function checkSource(source: Bucket, { collectionId: id, what, removes }: Transfers) {
  const { json } = await source.collections.loadJson(id);
  if (what === "renamed") checkNotFrozen(id, json);
  if (removes) await checkNotKept(source, id);
}

/** Returns a collection's schedule in the format of a marker. */
async function readSchedule(source: Bucket, id: string): Promise<Marker["schedule"] | null> {
  const found = await (await source.runner()).findSchedule(id);
  return found && jsonObject.parse({ ...found.schedule, flags: found.flags ?? {} });
}

async function carrySchedule(
  target: Bucket,
  collectionId: string,
  kept: NonNullable<Marker["schedule"]>,
  { output }: Context,
): Promise<void> {
  const { flags, ...schedule } = scheduleSchema.parse(kept);
  await (await target.runner()).schedule({ collectionId, flags }, schedule);
  output.note(`Scheduled: ${schedule.expression}`);
}

/** Copies the collection, and verifies the copy. @throws UserError for faults */
async function copyCollection(
  { source, target }: Buckets,
  { wanted, marker, lease, holder }: {
    wanted: Transfers;
    marker: Marker;
    lease: Lease;
    holder: string;
  },
  context: Context,
): Promise<void> {
  const { collectionId: id, newId, what, keys, removes, despiteFaults } = wanted;
  const { clock, output, signal } = context;
  const from = { store: source.store, collectionId: id, lease };
  const isFrozen = readFrozen((await source.collections.loadJson(id)).json) !== null;
  if (removes && !isFrozen && source.settings.runner === "local") {
    const { settings, store } = source;
    const spool = context.env.TWARC_CLOUD_SPOOL || undefined;
    await context.recover({ settings, store, collectionId: id, lease, holder, spool });
  }
  await settleLast({ ...from, clock, holder });
  await underLease({ store: target.store, collectionId: newId }, context, async (own) => {
    const progress = await output.progress();
    let n = 0;
    const onFile = (key: string) => progress.show(`File ${count(++n)}: ${key}`);
    const to = { store: target.store, collectionId: newId, lease: own };
    const done = await transfer({ from, to, marker, clock, keys, what, onFile, signal })
      .finally(() => progress.end());
    tell(done, context);
    await keepReadmeFor(target, newId);
    const { config } = collectionKeys(newId);
    // Missing keys are intended.
    const faults = (await readAll(target, newId, context)).faults
      .filter(({ key }) => keys || key !== config);
    if (faults.length === 0 || despiteFaults) return;
    throw new UserError(
      `${many(faults.length, "fault")} found in ${newId}${removes ? `, so ${id} stays` : ""}`,
      {
        hint:
          `They may be those of ${id}: repair them there, or give --despite-faults. See them with: ` +
          `twarc-cloud collection verify ${lastWord(id)}`,
      },
    );
  });
}

function tell({ files, bytes, skipped }: Transferred, { output }: Context): void {
  const there = skipped > 0 ? `, ${count(skipped)} were there` : "";
  output.note(`${many(files, "file")} (${size(bytes)}) copied and compared${there}.`);
}

async function removeAfterMove(
  { store }: Bucket,
  { id, to, lease }: { id: string; to: NamedEnd; lease: Lease },
  { clock, output }: Context,
): Promise<void> {
  const progress = await output.progress();
  let n = 0;
  const onFile = (key: string) => progress.show(`Removed ${count(++n)}: ${key}`);
  await removeSource({ store, collectionId: id, lease }, { to, clock, onFile })
    .finally(() => progress.end());
}

/** Reports that named keys are kept in the other bucket's Parameter Store. */
async function noteKeys(
  { source, target }: Buckets,
  id: string,
  { output }: Context,
): Promise<void> {
  if (source === target) return;
  const { keys } = (await target.collections.loadJson(id)).json;
  const isNamed = isObject(keys) && "profile" in keys;
  if (keys !== undefined && !isNamed) return;
  const why = isNamed
    ? "Its keys are only named, and may not be where this bucket has them"
    : "It has no keys";
  const bucket = lastWord(target.settings.bucket.text);
  output.note(`${why}: twarc-cloud collection keys --bucket ${bucket} ${lastWord(id)}`);
}
