/** Errors that a person reads, by who must act, each with the exit code of the process. */

import { withFullStop, withoutFullStop } from "./full_stop.ts";

/** Details of an error. */
export interface ErrorDetails {
  /** Says what to do: a sentence, best with the command to type. */
  hint?: string;
  /** The foreign error that was translated into this one. */
  cause?: unknown;
  /** Milliseconds until a retry, where the server gives them. */
  retryAfterMs?: number | undefined;
}

/**
 * The base of every error that is shown as one line and without a stack trace. Its message ends without a full stop, also
 * where it ends with what the API or AWS said.
 */
export abstract class TwarcCloudError extends Error {
  /** The exit code of a process that ends with this error. */
  abstract readonly exitCode: number;
  /** Says what to do. */
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    const cause = details.cause === undefined ? undefined : { cause: details.cause };
    super(withoutFullStop(message), cause);
    this.name = new.target.name;
    this.hint = details.hint;
  }
}

/** The person must change something: a configuration, a key, a name. Exit code 1. */
export class UserError extends TwarcCloudError {
  override readonly exitCode = 1;
}

/** The bucket's service requires the person to sign in, or to be given a permission; then it works again. */
export class AccessError extends UserError {}

/** The bucket keeps everything: it does not allow this person, or anybody, to delete. */
export class UndeletableError extends AccessError {}

/** The path leads out of its bucket by a link that is not allowed. */
export class LinkError extends UserError {}

/** The command line is wrong. Exit code 2. */
export class UsageError extends TwarcCloudError {
  override readonly exitCode = 2;
}

/** The person left a question, by Ctrl-C, Ctrl-D or Escape. Exit code 130, as after Ctrl-C elsewhere. */
export class InterruptedError extends TwarcCloudError {
  override readonly exitCode = 130;
}

/** Something outside (API, AWS, network, disk of a store) failed after retries. Exit code 3. */
export class OutsideError extends TwarcCloudError {
  override readonly exitCode: number = 3;
  /** Milliseconds until a retry, where the server gives them. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** There is no capacity for a harvester at the moment: starting it again later is safe. */
export class CapacityError extends OutsideError {}

/** A harvester neither responds nor ends: waiting longer would not help. */
export class UnresponsiveError extends OutsideError {}

/** A file on this machine's disk is damaged: a retry finds the same. Exit code 3. */
export class DamagedError extends TwarcCloudError {
  override readonly exitCode = 3;
}

/** The disk for temporary files failed: retrying the bucket does not help. */
export class DiskError extends OutsideError {}

/** A conditional write failed its condition: another process wrote first. */
export class ConflictError extends OutsideError {
  /** The key of the object. */
  readonly key: string;

  constructor(key: string, details: ErrorDetails = {}) {
    super(`Another process changed ${key} at the same time`, details);
    this.key = key;
  }
}

/** An object has more bytes than are to be read at once. */
export class LargerError extends OutsideError {}

/** Another process is harvesting the collection. */
export class LockedError extends UserError {}

/** Number of reasons that the message shows. */
const SHOWN = 20;

/** A collection configuration is invalid, for these reasons. */
export class InvalidConfigError extends UserError {
  /** One sentence a fault, each naming the field and the fix. */
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[], details: ErrorDetails = {}) {
    const more = reasons.length - SHOWN;
    const shown = reasons.slice(0, SHOWN).join(" ") + (more > 0 ? ` And ${more} more.` : "");
    super(`Collection configuration is invalid: ${shown}`, details);
    this.reasons = reasons;
  }
}

/** Facts of an API's error response. */
export interface ApiFault extends ErrorDetails {
  /** The HTTP status; 0 without a response. */
  status: number;
  /** The API's own error code (v1.1), where it sent one. */
  code?: number;
  /** The name of the problem (v2), e.g. `usage-capped`, where it sent one. */
  problem?: string;
  /** When the rate limit's window ends, in milliseconds since 1970. */
  resetAt?: number;
  /** The error texts of the response, in full. */
  said?: readonly string[];
}

/** The API responded with an error, or not at all, and retrying did not help. */
export class ApiError extends OutsideError {
  /** The HTTP status; 0 without a response. */
  readonly status: number;
  /** The API's own error code (v1.1), where it sent one. */
  readonly code: number | undefined;
  /** The name of the problem (v2), e.g. `usage-capped`, where it sent one. */
  readonly problem: string | undefined;
  /** When the rate limit's window ends, in milliseconds since 1970. */
  readonly resetAt: number | undefined;
  /** The error texts of the response, in full: the message has the beginning of them. */
  readonly said: readonly string[];

  constructor(message: string, fault: ApiFault) {
    super(message, fault);
    this.status = fault.status;
    this.code = fault.code;
    this.problem = fault.problem;
    this.resetAt = fault.resetAt;
    this.said = fault.said ?? [];
  }
}

/**
 * Handles an error that may be ignored or retried later: `.catch(ifOurs(null))` gives null for an error that a person
 * reads, and throws any other, which is a bug.
 */
export function ifOurs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof TwarcCloudError) return value;
    throw error;
  };
}

/** Returns whether an error is about invalid content, rather than a store or a network that fails. */
export function isOfContent(error: unknown): error is TwarcCloudError {
  return error instanceof TwarcCloudError && !(error instanceof OutsideError);
}

/** Returns the message of anything that was thrown, without a full stop at its end. */
export function errorMessage(thrown: unknown): string {
  return withoutFullStop(thrown instanceof Error ? thrown.message : String(thrown));
}

/** Returns an error's message and hint as sentences. */
export function errorSentence(failure: unknown): string {
  const hint = failure instanceof TwarcCloudError && failure.hint ? ` ${failure.hint}` : "";
  return `${withFullStop(errorMessage(failure))}${hint}`;
}
