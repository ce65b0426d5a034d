/** The errors that a person reads, each named by who must act, with the exit code of the process. */

/** What an error may carry besides its message. */
export interface ErrorDetails {
  /** What the person can do about it: a sentence, best with the command to type. */
  hint?: string;
  /** The foreign error that was translated into this one. */
  cause?: unknown;
  /** Milliseconds after which whoever failed wants to be asked again, where that was said. */
  retryAfterMs?: number | undefined;
}

/** The base of every error that is shown as one line and without a stack trace. */
export abstract class TwarcCloudError extends Error {
  /** The exit code of a process that ends with this error. */
  abstract readonly exitCode: number;
  /** What the person can do about it. */
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.hint = details.hint;
  }
}

/** The person must change something: a configuration, a key, a name. Exit code 1. */
export class UserError extends TwarcCloudError {
  override readonly exitCode = 1;
}

/** The place that keeps a bucket wants the person to sign in, or to be given a right; then it works again. */
export class AccessError extends UserError {}

/** A bucket that keeps all that was written: it does not allow this person, or anybody, to delete. */
export class UndeletableError extends AccessError {}

/** What is asked for lies outside of its bucket, behind a link that nobody has allowed. */
export class LinkError extends UserError {}

/** The command line is wrong. Exit code 2. */
export class UsageError extends TwarcCloudError {
  override readonly exitCode = 2;
}

/** The outside (API, AWS, network, disk of a store) failed after retries. Exit code 3. */
export class OutsideError extends TwarcCloudError {
  override readonly exitCode: number = 3;
  /** Milliseconds after which whoever failed wants to be asked again, where that was said. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.retryAfterMs = details.retryAfterMs;
  }
}

/** There is no room for a harvester just now: it can be started again, as nothing was. */
export class CapacityError extends OutsideError {}

/** A harvester that neither answers nor ends: asking for longer would not help. */
export class UnresponsiveError extends OutsideError {}

/** A file on this machine's disk is not as it was written: a later try finds the same. Exit code 3. */
export class DamagedError extends TwarcCloudError {
  override readonly exitCode = 3;
}

/** The disk for temporary files failed: no bucket that comes back ends that. */
export class DiskError extends OutsideError {}

/** A conditional write whose condition was not met: somebody else wrote first. */
export class ConflictError extends OutsideError {
  /** The key that was to be written. */
  readonly key: string;

  constructor(key: string, details: ErrorDetails = {}) {
    super(`Somebody else changed ${key} at the same time`, details);
    this.key = key;
  }
}

/** The collection is being harvested by somebody else. */
export class LockedError extends UserError {}

/** Reasons that the message of a configuration's error shows. */
const SHOWN = 20;

/** A collection configuration that cannot be used, with every reason at once. */
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

/** Facts of an API answer that was an error. */
export interface ApiFault extends ErrorDetails {
  /** The HTTP status; 0 where there was no answer. */
  status: number;
  /** The API's own error code (v1.1), where it sent one. */
  code?: number;
  /** The name of the problem (v2), e.g. `usage-capped`, where it sent one. */
  problem?: string;
  /** When the rate limit's window ends, in milliseconds since 1970. */
  resetAt?: number;
  /** What the answer says, each text whole. */
  said?: readonly string[];
}

/** The API answered with an error, or did not answer, and retrying did not help. */
export class ApiError extends OutsideError {
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** The API's own error code (v1.1), where it sent one. */
  readonly code: number | undefined;
  /** The name of the problem (v2), e.g. `usage-capped`, where it sent one. */
  readonly problem: string | undefined;
  /** When the rate limit's window ends, in milliseconds since 1970. */
  readonly resetAt: number | undefined;
  /** What the answer says, each text whole: the message has the beginning of it. */
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
 * Catches what is only for show, or can be done later: `.catch(ifOurs(null))` gives null for an error that a person
 * reads, and throws any other, which is a bug.
 */
export function ifOurs<T>(value: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof TwarcCloudError) return value;
    throw error;
  };
}

/** Returns the message of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
