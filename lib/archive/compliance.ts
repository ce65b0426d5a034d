/** A collection's compliance jobs: created, recorded in the bucket, resumed, and their results kept. */

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
import { listAllIds } from "../twitter/bytes/redact.ts";
import { IdList, idText } from "../bucket/id_list.ts";
import { listedFiles } from "../bucket/listing.ts";
import { readLines } from "../bucket/tweets.ts";

/** Milliseconds between two polls of a job: at first, and at most. */
const [FIRST_LOOK_MS, MAX_LOOK_MS] = [5_000, 60_000];

const recordSchema = z.object({
  /** The API's id. */
  job_id: z.string(),
  /** When it was created; ISO 8601, UTC. */
  began: z.string(),
  /**
   * created: it waits for ids; uploaded: X processes them; complete: the results are here; applied: tweets were
   * removed.
   */
  state: z.enum(["created", "uploaded", "complete", "applied"]),
  /** Number of uploaded ids. */
  ids: z.number().optional(),
  /** When it was decided to remove the tweets. */
  applied: z.string().optional(),
});

/** A job's record in the bucket. */
export type ComplianceRecord = z.infer<typeof recordSchema>;

/** A complete job. */
export interface ComplianceCheck {
  /** The job's folder in the bucket. */
  folder: string;
  record: ComplianceRecord;
  /** By tweet id. */
  results: Map<string, ComplianceResult>;
}

/** Options of complianceCheck(). */
export interface ComplianceOptions {
  store: Store;
  clock: Clock;
  jobs: ComplianceJobs;
  collectionId: string;
  /** Whether to use a complete job whose results were not applied yet. */
  reuse: boolean;
  /** Reports progress. */
  tell: (text: string) => void;
  signal: AbortSignal;
}

/**
 * Returns the results of the current compliance job, or of a new one. After an interruption, it resumes the same job.
 * @throws UserError if the collection has no tweets; OutsideError if the job fails; what the API throws.
 */
export async function complianceCheck(options: ComplianceOptions): Promise<ComplianceCheck> {
  const { store, collectionId, reuse } = options;
  const last = await newest(store, collectionId);
  const { state } = last?.record ?? {};
  if (last && state === "complete" && reuse) return await withResults(store, last);
  const isUnderWay = state === "created" || state === "uploaded";
  const left = last && isUnderWay ? await awaitJob(last, options) : null;
  const done = left ?? await awaitJob(await startJob(options), options);
  if (done) return await withResults(store, done);
  throw new OutsideError("The compliance job failed", {
    hint: "Start it again later: it creates a new job.",
  });
}

/** Records that results are applied. @param at In milliseconds since 1970. */
export async function markApplied(store: Store, check: ComplianceCheck, at: number): Promise<void> {
  await save(store, {
    ...check,
    record: { ...check.record, state: "applied", applied: isoTime(at) },
  });
}

/**
 * Returns when it was first decided to apply results: now, unless an earlier run was interrupted. In milliseconds since
 * 1970.
 */
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

/** A job as recorded in the bucket. */
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

/** Creates a job, or adopts one that was created and not recorded, by its name. */
async function startJob({ store, clock, jobs, collectionId, signal }: ComplianceOptions) {
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

/** Sees a job to its end. @returns Null if it failed, or expired without ids */
async function awaitJob(kept: Kept, options: ComplianceOptions): Promise<Kept | null> {
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
      tell("Collecting the ids of the collection's tweets");
      const ids = await allIds(options);
      tell(`Uploading ${ids.length.toLocaleString("en-US")} ids`);
      await jobs.upload(job, idText(ids), signal);
      kept = await save(store, {
        ...kept,
        record: { ...kept.record, state: "uploaded", ids: ids.length },
      });
      continue;
    }
    tell(`X is checking the tweets (job ${job.id}); checking again in ${wait / 1_000} s`);
    await clock.sleep(wait, signal);
    signal.throwIfAborted();
  }
}

/** Returns the ids of all tweets of a collection, including embedded ones. */
async function allIds({ store, collectionId }: ComplianceOptions): Promise<BigUint64Array> {
  const list = new IdList();
  for await (const { key } of listedFiles(store, collectionId)) {
    for await (const ids of readLines(store, key, listAllIds)) {
      for (const id of ids) list.add(id);
    }
  }
  const ids = list.takeSorted();
  if (ids.length > 0) return ids;
  throw new UserError(`${collectionId} has no tweets`, { hint: "There is nothing to look up." });
}
