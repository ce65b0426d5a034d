/** A collection's compliance jobs: begun, remembered in the bucket, gone on with, their results kept. */

import { z } from "zod";
import { type Clock, isoTime } from "../base/clock.ts";
import { collectionKeys } from "../collection/layout.ts";
import { stamp } from "../base/stamp.ts";
import { OutsideError, UserError } from "../base/errors.ts";
import { parseAs } from "../base/json.ts";
import { jsonBytes } from "../base/json_bytes.ts";
import type { Store } from "../store/store.ts";
import {
  type ComplianceJobs,
  type ComplianceResult,
  readResults,
} from "../twitter/v2/compliance.ts";
import { allIdsIn } from "../twitter/bytes/redact.ts";
import { IdList, idText } from "../bucket/id_list.ts";
import { listedFiles } from "../bucket/listing.ts";
import { readLines } from "../bucket/tweets.ts";

/** Milliseconds between two looks at a job: at first, and at most. */
const [FIRST_LOOK_MS, MAX_LOOK_MS] = [5_000, 60_000];

const recordSchema = z.object({
  /** Of the API. */
  job_id: z.string(),
  /** When it was begun; ISO 8601, UTC. */
  began: z.string(),
  /** created: it waits for ids; uploaded: X looks at them; complete: the results are here; applied: they are done. */
  state: z.enum(["created", "uploaded", "complete", "applied"]),
  /** Ids that were handed in. */
  ids: z.number().optional(),
  /** When it was decided to remove what must be deleted. */
  applied: z.string().optional(),
});

/** What the bucket knows of a job. */
export type ComplianceRecord = z.infer<typeof recordSchema>;

/** A job that is complete. */
export interface ComplianceCheck {
  /** The job's folder in the bucket. */
  folder: string;
  record: ComplianceRecord;
  /** By the ids of tweets. */
  results: Map<string, ComplianceResult>;
}

/** What a check works with. */
export interface ComplianceOptions {
  store: Store;
  clock: Clock;
  jobs: ComplianceJobs;
  collectionId: string;
  /** Whether a job that is complete, and whose results nobody has applied, will do. */
  reuse: boolean;
  /** Tells how far it is. */
  tell: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Returns the results of a compliance job: of the one that is under way, or of a new one. Cut at any moment, it goes on
 * with the same job.
 * @throws UserError where the collection has no tweets; OutsideError where the job fails; what the API throws.
 */
export async function complianceCheck(options: ComplianceOptions): Promise<ComplianceCheck> {
  const { store, collectionId, reuse } = options;
  const last = await newest(store, collectionId);
  const { state } = last?.record ?? {};
  if (last && state === "complete" && reuse) return await withResults(store, last);
  const isUnderWay = state === "created" || state === "uploaded";
  const left = last && isUnderWay ? await finished(last, options) : null;
  const done = left ?? await finished(await begun(options), options);
  if (done) return await withResults(store, done);
  throw new OutsideError("The compliance job failed", {
    hint: "Start it again later: it makes a new job.",
  });
}

/** Remembers that results are applied. @param at In milliseconds since 1970. */
export async function markApplied(store: Store, check: ComplianceCheck, at: number): Promise<void> {
  await save(store, {
    ...check,
    record: { ...check.record, state: "applied", applied: isoTime(at) },
  });
}

/** Returns when it was first decided to apply results: now, unless that was cut. In milliseconds since 1970. */
export async function decidedAt(
  store: Store,
  check: ComplianceCheck,
  now: number,
): Promise<number> {
  const { applied } = check.record;
  if (applied !== undefined) return Date.parse(applied);
  const decided = isoTime(now);
  await save(store, { ...check, record: { ...check.record, applied: decided } });
  return Date.parse(decided);
}

/** A job as the bucket has it. */
interface Kept {
  folder: string;
  record: ComplianceRecord;
}

async function newest(store: Store, collectionId: string): Promise<Kept | null> {
  const { compliance } = collectionKeys(collectionId);
  let found: string | undefined;
  for await (const { key } of store.list(compliance, { folders: true })) {
    if (/\/\d{14}\/$/.test(key)) found = key;
  }
  const object = found === undefined ? null : await store.get(`${found}job.json`);
  if (found === undefined || !object) return null;
  return { folder: found, record: parseAs(recordSchema, object.bytes, `${found}job.json`) };
}

async function save(store: Store, { folder, record }: Kept): Promise<Kept> {
  await store.put(`${folder}job.json`, jsonBytes(record));
  return { folder, record };
}

async function withResults(store: Store, kept: Kept): Promise<ComplianceCheck> {
  const found = await store.get(`${kept.folder}results.jsonl`);
  return { ...kept, results: readResults(found?.bytes ?? new Uint8Array()) };
}

/** A new job; one that was created and then not remembered, as its name tells, is taken up. */
async function begun({ store, clock, jobs, collectionId, signal }: ComplianceOptions) {
  const name = `twarc-cloud ${collectionId}`;
  const lost = (await jobs.underWay(signal)).find((job) => job.name === name);
  const id = lost?.id ?? await jobs.create(name, signal);
  const now = clock.now();
  const folder = `${collectionKeys(collectionId).compliance}${stamp(now)}/`;
  return await save(store, {
    folder,
    record: { job_id: id, began: isoTime(now), state: "created" },
  });
}

/** Sees a job to its end; null where it failed, or nobody gave it ids in time. */
async function finished(kept: Kept, options: ComplianceOptions): Promise<Kept | null> {
  const { store, clock, jobs, tell, signal } = options;
  for (let wait = FIRST_LOOK_MS;; wait = Math.min(wait * 2, MAX_LOOK_MS)) {
    const job = await jobs.get(kept.record.job_id, signal);
    if (job.status === "failed" || job.status === "expired") return null;
    if (job.status === "complete") {
      tell("Fetching the results");
      await store.put(`${kept.folder}results.jsonl`, await jobs.download(job, signal));
      return await save(store, { ...kept, record: { ...kept.record, state: "complete" } });
    }
    if (job.status === "created" && kept.record.state === "created") {
      tell("Gathering the ids of the collection's tweets");
      const ids = await allIds(options);
      tell(`Handing in ${ids.length.toLocaleString("en-US")} ids`);
      await jobs.upload(job, idText(ids), signal);
      kept = await save(store, {
        ...kept,
        record: { ...kept.record, state: "uploaded", ids: ids.length },
      });
      continue;
    }
    tell(`X looks at the tweets (job ${job.id}); looking again in ${wait / 1_000} s`);
    await clock.sleep(wait, signal);
    signal.throwIfAborted();
  }
}

/** Returns the ids of every tweet of a collection, also of those inside others. */
async function allIds({ store, collectionId }: ComplianceOptions): Promise<BigUint64Array> {
  const list = new IdList();
  for await (const { key } of listedFiles(store, collectionId)) {
    for await (const ids of readLines(store, key, allIdsIn)) {
      for (const id of ids) list.add(id);
    }
  }
  const ids = list.sorted();
  if (ids.length > 0) return ids;
  throw new UserError(`${collectionId} has no tweets`, { hint: "There is nothing to look up." });
}
