/** The runs that a scheduler has started: whether they began, and their outcomes. */

import { errorSentence, LockedError, TwarcCloudError } from "../../base/errors.ts";
import type { Job, Outcome, Runner, Started } from "../runner.ts";

/** A run that has begun. */
export interface Run {
  /** When it was due, as its schedule says. */
  due: string;
  /** How many tries failed before. */
  tries: number;
  /** Its failure, as `failed: The disk is full.`; null while it goes on, and where it ended well. */
  problem: string | null;
}

/** Starts runs, and watches them. */
export class Runs {
  readonly #runner: Runner;
  readonly #report: (line: string) => void;
  readonly #outcomeOf: (collectionId: string) => Promise<string>;
  readonly #begun = new Map<string, Pick<Run, "due" | "tries"> & { started: Started }>();
  /** The keys of runs whose success was reported. */
  readonly #ended = new Set<string>();

  /**
   * @param report Called with a line for each run that began, and for each that ended well.
   * @param outcomeOf Returns the outcome of a collection's last harvest, for a person.
   */
  constructor(
    runner: Runner,
    { report, outcomeOf }: {
      report: (line: string) => void;
      outcomeOf: (collectionId: string) => Promise<string>;
    },
  ) {
    this.#runner = runner;
    this.#report = report;
    this.#outcomeOf = outcomeOf;
  }

  /** Starts a run under a key; returns why it did not begin, as `failed: The disk is full.`, or null where it did. */
  async start(
    key: string,
    { job, due, tries }: Pick<Run, "due" | "tries"> & { job: Job },
  ): Promise<string | null> {
    this.#begun.delete(key);
    try {
      const started = await this.#runner.once(job);
      const problem = problemFor(await started.outcome());
      if (problem !== null) return problem;
      this.#begun.set(key, { started, due, tries });
      this.#ended.delete(key);
      this.#report(`${job.collectionId} started`);
      return null;
    } catch (error) {
      if (error instanceof LockedError) {
        return `was not started, as it is still being harvested: ${error.message}.`;
      }
      if (error instanceof TwarcCloudError) return `failed: ${errorSentence(error)}`;
      throw error;
    }
  }

  /**
   * Returns the run that began under a key last, or null where there is none. @throws where its status cannot be
   * read.
   */
  async look(key: string): Promise<Run | null> {
    const run = this.#begun.get(key);
    if (!run) return null;
    const { due, tries, started } = run;
    const outcome = await started.outcome();
    if (outcome?.exitCode === 0 && !this.#ended.has(key)) {
      this.#report(`${started.collectionId} ended: ${await this.#outcomeOf(started.collectionId)}`);
      this.#ended.add(key);
    }
    return { due, tries, problem: problemFor(outcome) };
  }

  /** Forgets a run. */
  forget(key: string): void {
    this.#begun.delete(key);
    this.#ended.delete(key);
  }

  /** Forgets the runs of all other keys. */
  forgetBut(keys: ReadonlySet<string>): void {
    for (const key of this.#begun.keys()) if (!keys.has(key)) this.forget(key);
  }
}

/** Returns the failure of an outcome, if any. */
function problemFor(outcome: Outcome | null): string | null {
  if (!outcome || outcome.exitCode === 0) return null;
  const { exitCode, message = `The harvester ended with exit code ${exitCode}` } = outcome;
  return `failed: ${errorSentence(new Error(message))}`;
}
