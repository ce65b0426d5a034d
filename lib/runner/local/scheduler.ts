/**
 * Carries out the schedules of a bucket, and restarts its harvesters that are to be kept alive on this machine, for
 * months.
 */

import { type Clock, isoTime } from "../../base/clock.ts";
import { readLastHarvest } from "../../bucket/last_harvest.ts";
import { ConflictError, errorSentence, TwarcCloudError } from "../../base/errors.ts";
import { parseAs } from "../../base/json.ts";
import { jsonBytes } from "../../base/json_bytes.ts";
import { outlast } from "../../base/outage.ts";
import { settledPut } from "../../store/settled_put.ts";
import type { Store, Version } from "../../store/store.ts";
import type { Documents } from "./documents.ts";
import { KEPT } from "./kept.ts";
import { Revival } from "./revival.ts";
import type { Job, Runner } from "../runner.ts";
import { nextTime, type Schedule } from "../schedule.ts";
import { type Scheduled, scheduledSchema, SCHEDULES, toSchedule } from "./scheduled.ts";
import { Runs } from "./scheduled_runs.ts";

/** Milliseconds between two checks of the schedules, at most, by default. */
const POLL_MS = 5_000;
/** Milliseconds by which the clocks of machines differ without any of them being wrong. */
const SKEW_MS = 600_000;
/** Milliseconds until a run that did not begin is retried: at first, and at most. Longer than starting takes. */
const [FIRST_RETRY_MS, MAX_RETRY_MS] = [60_000, 1_800_000];

/** Options of the scheduler. */
export interface SchedulerOptions {
  /** The bucket. */
  store: Store;
  /** The documents of the schedules. */
  documents: Documents;
  runner: Runner;
  clock: Clock;
  signal: AbortSignal;
  /** Called with a line for each action. */
  report: (line: string) => void;
  /** Milliseconds between two checks of the schedules, at most. */
  pollMs?: number;
}

/**
 * Starts each collection when its schedule is due, until the signal is aborted. Missed runs are caught up once. A due
 * run is recorded, by a conditional write, before it is started: of two schedulers one starts it. The record also
 * marks it for a retry, until it is known to have begun. Neither a passing failure, nor one that a person can fix
 * meanwhile, ends the scheduler.
 */
export async function runScheduler(options: SchedulerOptions): Promise<void> {
  const { clock, signal, pollMs = POLL_MS } = options;
  const scheduler = new Scheduler(options);
  const say = (line: string) => scheduler.report(line);
  const passes = (failure: unknown) => failure instanceof TwarcCloudError;
  try {
    while (!signal.aborted) {
      const next = await outlast(() => scheduler.look(), { clock, signal, say, passes });
      const ms = Math.min(next - clock.now(), pollMs);
      await clock.sleep(Math.max(ms, 0), signal);
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  }
}

/** A schedule, as it was read. */
interface Found {
  key: string;
  version: Version;
  scheduled: Scheduled;
}

class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #id = crypto.randomUUID();
  readonly #runs: Runs;
  readonly #revival: Revival;
  /** The faults of documents, by their keys: each is reported once. */
  readonly #faults = new Map<string, string>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
    const readOutcome = (id: string) => outcomeText(options.store, id);
    this.#runs = new Runs(options.runner, {
      report: (line) => this.report(line),
      outcomeOf: readOutcome,
    });
    this.#revival = new Revival(options, (line) => this.report(line));
  }

  /** Reports a line with the time. */
  report(line: string): void {
    this.#options.report(`${isoTime(this.#options.clock.now())} ${line}`);
  }

  /**
   * Checks every schedule and every harvester to keep alive, and starts what is due; returns when something is due
   * next, in milliseconds since 1970.
   */
  async look(): Promise<number> {
    const { documents, signal } = this.#options;
    const keys = new Set<string>();
    let next = Infinity;
    for await (const { key } of documents.list(SCHEDULES)) {
      if (signal.aborted) return next;
      keys.add(key);
      next = Math.min(next, await this.#unlessFaulty(key, () => this.#lookAt(key)) ?? Infinity);
    }
    for await (const { key } of documents.list(KEPT)) {
      if (signal.aborted) return next;
      keys.add(key);
      await this.#unlessFaulty(key, () => this.#revival.look(key));
    }
    this.#runs.forgetBut(keys);
    this.#revival.forgetBut(keys);
    for (const key of this.#faults.keys()) if (!keys.has(key)) this.#faults.delete(key);
    return next;
  }

  /** Checks one document. An invalid or unreadable one is reported once, and does not end the others. */
  async #unlessFaulty<T>(key: string, look: () => Promise<T>): Promise<T | null> {
    try {
      const seen = await look();
      if (this.#faults.delete(key)) this.report(`${key} is valid again`);
      return seen;
    } catch (error) {
      if (!(error instanceof TwarcCloudError)) throw error;
      if (this.#faults.get(key) !== error.message) {
        this.report(`${key} is skipped: ${errorSentence(error)}`);
      }
      this.#faults.set(key, error.message);
      return null;
    }
  }

  /** Checks one schedule; returns when it is due next. */
  async #lookAt(key: string): Promise<number | null> {
    const found = await this.#readSchedule(key);
    return found && await this.#carryOut(found);
  }

  async #readSchedule(key: string): Promise<Found | null> {
    const found = await this.#options.documents.get(key);
    if (!found) return null;
    const scheduled = parseAs(scheduledSchema, found.bytes, key);
    return { key, version: found.version, scheduled };
  }

  /** Starts a run that is due, or is to be retried; returns when something is due next. */
  async #carryOut(found: Found): Promise<number | null> {
    const { key, scheduled } = found;
    const now = this.#options.clock.now();
    const last = Date.parse(scheduled.last_due);
    if (last > now + SKEW_MS) return await this.#dueAnew(found, now);
    const run = await this.#runs.look(key);
    if (run?.problem) return await this.#recordFailure(found, run.problem, run.tries);
    // It has begun, and that could not be recorded then.
    if (run?.due === scheduled.last_due && scheduled.retry) return await this.#recordBegun(found);
    const schedule = toSchedule(scheduled);
    const due = nextTime(schedule, last);
    const { since = isoTime(due ?? now), tries = 0, next } = scheduled.retry ?? {};
    if (due !== null && due <= now) {
      const last_due = isoTime(latestDue(schedule, due, now));
      return await this.#run({ ...found, scheduled: { ...scheduled, last_due } }, since, tries);
    }
    if (next === undefined) return due;
    const again = Date.parse(next);
    // A time further ahead than any retry was written by a clock that was wrong.
    const isNow = again <= now || again > now + MAX_RETRY_MS;
    return isNow ? await this.#run(found, since, tries) : Math.min(due ?? Infinity, again);
  }

  /** Resets a schedule that was last due in the future by a clock that was wrong: it would be silent until then. */
  async #dueAnew({ key, version, scheduled }: Found, now: number): Promise<number | null> {
    const { collection_id: id, last_due } = scheduled;
    const last = isoTime(now);
    if (!await this.#put(key, { ...scheduled, last_due: last }, version)) return now;
    const next = nextTime(toSchedule(scheduled), now);
    const from = next === null ? "" : `: ${id} is due next at ${isoTime(next)}`;
    this.report(
      `${id} was due last at ${last_due}, which is in the future: this machine's clock was wrong then, or is wrong ` +
        `now. Due times are counted from now on${from}`,
    );
    return next;
  }

  /** Records that a run is due, and is to be retried, then starts it. */
  async #run({ key, version, scheduled }: Found, since: string, tries: number): Promise<number> {
    const now = this.#options.clock.now();
    const retry = { ...scheduled.retry, since, tries, next: isoTime(now + FIRST_RETRY_MS) };
    const due = { ...scheduled, retry };
    const written = await this.#put(key, due, version);
    if (written === null) return now;
    const found = { key, version: written, scheduled: due };
    const run = { job: this.#toJob(scheduled), due: scheduled.last_due, tries };
    const problem = await this.#runs.start(key, run);
    return problem === null
      ? await this.#recordBegun(found)
      : await this.#recordFailure(found, problem, tries);
  }

  /** Records that a run has begun; returns when something is due next. */
  async #recordBegun(
    { key, version, scheduled: { retry: _, ...scheduled } }: Found,
  ): Promise<number> {
    const now = this.#options.clock.now();
    if (await this.#put(key, scheduled, version) === null) return now;
    return nextTime(toSchedule(scheduled), Date.parse(scheduled.last_due)) ?? Infinity;
  }

  /** Records and reports that a run failed, or did not begin; returns when it is retried. */
  async #recordFailure(
    { key, version, scheduled }: Found,
    problem: string,
    tries: number,
  ): Promise<number> {
    const now = this.#options.clock.now();
    const next = now + Math.min(FIRST_RETRY_MS * 2 ** tries, MAX_RETRY_MS);
    const { since = isoTime(now), problem: before } = scheduled.retry ?? {};
    const retry = { since, tries: tries + 1, next: isoTime(next), problem };
    if (await this.#put(key, { ...scheduled, retry }, version) === null) return now;
    this.#runs.forget(key);
    if (problem !== before) {
      const { collection_id: id } = scheduled;
      this.report(`${id} ${problem} It is retried with increasing delays, next at ${retry.next}`);
    }
    return next;
  }

  #toJob({ collection_id: collectionId, flags }: Scheduled): Job {
    return { collectionId, flags };
  }

  /** Writes a schedule; null where another process wrote it meanwhile. */
  async #put(key: string, scheduled: Scheduled, ifVersion: Version): Promise<Version | null> {
    try {
      const bytes = jsonBytes({ ...scheduled, by: this.#id });
      return await settledPut(this.#options.documents, key, bytes, { ifVersion });
    } catch (error) {
      if (error instanceof ConflictError) return null;
      throw error;
    }
  }
}

/** Returns the outcome of a collection's last harvest, for a person. */
async function outcomeText(store: Store, collectionId: string): Promise<string> {
  try {
    const last = await readLastHarvest(store, collectionId);
    if (!last) return "its outcome is unknown.";
    const { outcome = "done", reason, tweets } = last.info;
    const why = outcome !== "complete" && reason ? ` ${errorSentence(new Error(reason))}` : "";
    return `${outcome}, ${tweets.toLocaleString("en-US")} tweets.${why}`;
  } catch (error) {
    if (error instanceof TwarcCloudError) return errorSentence(error);
    throw error;
  }
}

/** Returns the last time at which a schedule was due until now: earlier ones are caught up with it. */
function latestDue(schedule: Schedule, due: number, now: number): number {
  if (schedule.expression.startsWith("rate(")) {
    const period = (nextTime(schedule, due) ?? now) - due;
    return due + Math.floor((now - due) / period) * period;
  }
  return now;
}
