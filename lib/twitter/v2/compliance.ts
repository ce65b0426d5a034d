/** Batch compliance jobs of version 2: which of many tweets must be deleted. */

import { z } from "zod";
import type { Clock } from "../../base/clock.ts";
import { ApiError, OutsideError, UserError } from "../../base/errors.ts";
import { networkReason } from "../../base/network.ts";
import { jsonOrNull } from "../../base/json.ts";
import { askedDelay, REST_TRIES, restDelay } from "../http/backoff.ts";
import { readBody } from "../../base/body.ts";
import { retryAfter } from "../../base/retry_after.ts";
import { isDamaged, type Transport, troubleFor } from "../http/transport.ts";
import { parseAnswer } from "./answers.ts";
import { Wording } from "./words.ts";

/** https://docs.x.com/x-api/compliance/batch-compliance/introduction */
const jobSchema = z.object({
  id: z.string().regex(/^\d+$/),
  name: z.string().optional(),
  status: z.enum(["created", "in_progress", "failed", "complete", "expired"]),
  upload_url: z.url(),
  upload_expires_at: z.string(),
  download_url: z.url(),
  download_expires_at: z.string(),
});

const oneSchema = z.object({ data: jobSchema });
const createdSchema = z.object({ data: jobSchema.pick({ id: true }) });
const listedSchema = jobSchema.pick({ id: true, name: true, status: true });
/** Optional members are not checked: a job of another kind is left out. */
const listSchema = z.object({
  data: z.array(listedSchema.nullable().catch(null)).default([])
    .transform((jobs) => jobs.filter((job) => job !== null)),
});

/** A job in the list. */
export type ListedJob = z.infer<typeof listedSchema>;

/** A job as the API returns it. Its addresses are valid without a signature: they are secrets. */
export type ComplianceJob = z.infer<typeof jobSchema>;

const PATH = "2/compliance/jobs";
/** Milliseconds that one try of an upload or a download may take. */
const PATIENCE_MS = 600_000;

/** Creates jobs, uploads their ids, and downloads their results. All of it is for the app alone. */
export class ComplianceJobs {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #wording: Wording;

  /** @param options.wording With the new words, the members of a job are requested by name. */
  constructor(
    { transport, clock, wording = new Wording() }: {
      transport: Transport;
      clock: Clock;
      wording?: Wording;
    },
  ) {
    this.#wording = wording;
    this.#transport = transport;
    this.#clock = clock;
  }

  /**
   * POST /2/compliance/jobs. Where the response is lost or invalid, the job is found by its name: none is created
   * twice.
   * @returns The job's id.
   * @throws ApiError, such as where another job of the app is in progress.
   */
  async create(name: string, signal: AbortSignal): Promise<string> {
    const json = { type: "tweets", name };
    const request = { method: "POST", path: PATH, parameters: {}, json, tries: 1 } as const;
    const read = (answer: Uint8Array) => parseAnswer(createdSchema, answer).data.id;
    for (let failures = 1;; failures++) {
      try {
        return await this.#transport.ask(request, read, signal);
      } catch (error) {
        const trouble = error instanceof ApiError ? troubleFor(error) : null;
        if (!trouble && !isDamaged(error)) throw error;
        const made = (await this.underWay(signal)).find((job) => job.name === name);
        if (made) return made.id;
        if (!trouble || failures === REST_TRIES) throw error;
        await this.#pause(
          "another try to create a compliance job",
          restDelay(trouble, failures),
          signal,
        );
      }
    }
  }

  async #ask<T>(
    path: string,
    wanted: Record<string, string>,
    read: (answer: Uint8Array) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const fields: Record<string, string> = this.#wording.hasNewWords
      ? { "compliance_job.fields": Object.keys(jobSchema.shape).join(",") }
      : {};
    return await this.#wording.ask(
      { ...wanted, ...fields },
      (parameters) => this.#transport.ask({ method: "GET", path, parameters }, read, signal),
    );
  }

  async #pause(what: string, ms: number, signal: AbortSignal): Promise<void> {
    const wait = { for: what, until: this.#clock.now() + ms };
    await this.#transport.waits.during(wait, this.#clock.sleep(ms, signal));
  }

  /** GET /2/compliance/jobs/:id. */
  async get(id: string, signal: AbortSignal): Promise<ComplianceJob> {
    const read = (answer: Uint8Array) => parseAnswer(oneSchema, answer).data;
    return await this.#ask(`${PATH}/${id}`, {}, read, signal);
  }

  /** GET /2/compliance/jobs: the jobs of the app that are still in progress. */
  async underWay(signal: AbortSignal): Promise<ListedJob[]> {
    const read = (answer: Uint8Array) => parseAnswer(listSchema, answer).data;
    const jobs = await this.#ask(PATH, { type: "tweets" }, read, signal);
    return jobs.filter(({ status }) => status === "created" || status === "in_progress");
  }

  /** Uploads ids, one a line, to a job. @throws UserError where its time has expired. */
  async upload(job: ComplianceJob, ids: Uint8Array<ArrayBuffer>, signal: AbortSignal) {
    const init = { method: "PUT", body: ids, headers: { "content-type": "text/plain" } };
    await this.#send(job.upload_url, init, signal);
  }

  /** Returns the results of a complete job: JSON lines. @throws UserError where their time has expired. */
  async download(job: ComplianceJob, signal: AbortSignal): Promise<Uint8Array> {
    return await this.#send(job.download_url, { method: "GET" }, signal);
  }

  async #send(url: string, init: RequestInit, signal: AbortSignal): Promise<Uint8Array> {
    for (let failures = 1;; failures++) {
      const tried = await this.#try(url, init, signal);
      if (!(tried instanceof ApiError)) return tried;
      const isOver = tried.status >= 400 && tried.status < 500 && tried.status !== 408 &&
        tried.status !== 429;
      if (isOver) {
        throw new UserError(`${tried.message}: its time has expired`, {
          cause: tried,
          hint: "Start it again: it creates a new job.",
        });
      }
      if (failures === REST_TRIES) {
        throw new OutsideError(`${tried.message}, ${REST_TRIES} times in a row`, {
          cause: tried,
          hint: "Start it again later: it goes on with the same job.",
        });
      }
      const delay = restDelay(tried.status === 0 ? "network" : "server", failures);
      const ms = askedDelay(tried.retryAfterMs, { delay, failures });
      await this.#pause(`another try: ${tried.message}`, ms, signal);
    }
  }

  async #try(url: string, init: RequestInit, signal: AbortSignal): Promise<Uint8Array | ApiError> {
    const what = init.method === "PUT" ? "The upload of ids" : "The download of results";
    const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
    try {
      const response = await fetch(url, { ...init, signal: limit });
      const body = await readBody(response, limit);
      if (response.ok) return body;
      return new ApiError(`${what} failed with status ${response.status}`, {
        status: response.status,
        retryAfterMs: retryAfter((name) => response.headers.get(name), Date.now()),
      });
    } catch (cause) {
      signal.throwIfAborted();
      return new ApiError(`${what} failed: ${networkReason(cause)}`, { status: 0, cause });
    }
  }
}

const resultSchema = z.looseObject({
  id: z.string().regex(/^\d+$/),
  action: z.string(),
  reason: z.string(),
});

/** The result of a job for a tweet. */
export interface ComplianceResult {
  /** The required action: `delete`; any other is left to the person. */
  action: string;
  /** `deleted`, `deactivated`, `suspended`, `protected`, `scrub_geo` ... */
  reason: string;
}

/** Returns a job's results by the ids of the tweets. @throws OutsideError for an invalid line. */
export function readResults(lines: Uint8Array): Map<string, ComplianceResult> {
  const results = new Map<string, ComplianceResult>();
  for (const [n, line] of new TextDecoder().decode(lines).split("\n").entries()) {
    if (line.trim() === "") continue;
    const parsed = resultSchema.safeParse(jsonOrNull(line));
    if (!parsed.success) {
      throw new OutsideError(`Line ${n + 1} of the compliance job's results is invalid`);
    }
    const { id, action, reason } = parsed.data;
    results.set(id, { action, reason });
  }
  return results;
}
