/** The one way to the API: signs, keeps to the rate limits, retries, and reports permanent failures. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { ApiError, type ApiFault, TwarcCloudError, UserError } from "../../base/errors.ts";
import { networkReason } from "../../base/network.ts";
import { askedDelay, REST_TRIES, restDelay, type RestTrouble, type Trouble } from "./backoff.ts";
import { ApiTime, clockText } from "./api_time.ts";
import { readBody, unpack } from "../../base/body.ts";
import { release } from "../../base/memory.ts";
import { Budget, hasRequestsLeft, readRateLimit } from "./rate_limits.ts";
import { isUnsigned, personsFault, readFault, readTexts } from "./faults.ts";
import { isRuleRefused, passingRefusal } from "./refusals.ts";
import { retryAfter } from "../../base/retry_after.ts";
import { Waits } from "../../base/waits.ts";
import { queryFault } from "../query_fault.ts";
import { findRedirect, movedError } from "./moved.ts";
import { LateStop, tooLate } from "./stop.ts";
import { API_URL, type ApiRequest, type SignedAs, type Signer, STREAM_URL } from "./signer.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** Options of a transport. */
export interface TransportOptions {
  signer: Signer;
  clock: Clock;
  /** Milliseconds that a whole REST response may take, and the head of a stream; by default 120,000. */
  answerTimeout?: number | undefined;
  /** Notified of the waits. */
  waits?: Waits | undefined;
  /** Milliseconds to wait for an API that has responded before; by default none. */
  patienceMs?: number | undefined;
  /** Time by the API's clock; by default a new one. */
  time?: ApiTime;
}

/** Milliseconds that a rate limit may be used up, window after window: after a day something else is wrong. */
const MAX_LIMIT_MS = 86_400_000;

/** Milliseconds after which a response is late, so that the wait is shown. */
const LATE_MS = 2_000;

/** Options of sending a request. */
interface Sending {
  host: URL;
  /** Without compression, as for streams: compressed data may be held back until there is more of it. */
  asItIs?: boolean;
  client?: Deno.HttpClient | null;
  signal: AbortSignal;
}

const AS_IT_IS = { "accept-encoding": "identity" };

/** A try that failed in a way that a retry may solve. */
interface Failed {
  trouble: RestTrouble;
  error: ApiError;
  /** The error where it stays that way: a refusal. */
  refusal?: unknown;
}

/** Sends requests to the API. */
export class Transport {
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #answerTimeout: number;
  /** The waits for rate limits and between tries. */
  readonly waits: Waits;
  /** Milliseconds to wait for an API that has responded before. */
  readonly patienceMs: number;
  /** Time by the API's clock, where this machine's is wrong. */
  readonly time: ApiTime;
  readonly #budgets = new Map<string, Budget>();
  /** The budgets of requests that the API accepted. */
  readonly #taken = new Set<Budget>();
  /** Whether the API accepted any request. */
  #isKnown = false;
  #beside: Transport | undefined;

  constructor(
    {
      signer,
      clock,
      answerTimeout = 120_000,
      waits = new Waits(),
      patienceMs = 0,
      time = new ApiTime(clock),
    }: TransportOptions,
  ) {
    this.time = time;
    this.#signer = signer;
    this.#clock = clock;
    this.#answerTimeout = answerTimeout;
    this.waits = waits;
    this.patienceMs = patienceMs;
  }

  /**
   * Requests until there is a response that `read` accepts. A SyntaxError of `read` means that the response was
   * damaged: the request is repeated, unless it changes something: then that is an ApiError of status 200.
   * @param read Gets bytes that are valid for as long as it runs: those to keep, it copies or takes over.
   * @throws ApiError for a response that a retry does not change, or after the last try; UserError where the keys are
   * at fault; the signal's reason when it is aborted.
   */
  async ask<T>(
    request: ApiRequest,
    read: (answer: Uint8Array<ArrayBuffer>) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const budget = this.#budget(request);
    const began = this.#clock.monotonic();
    let failingSince: number | undefined;
    for (let failures = 0;;) {
      const answer = await this.#try(request, read, budget, signal);
      if (!("trouble" in answer)) {
        this.#taken.add(budget);
        this.#isKnown = true;
        return answer.value;
      }
      const { trouble, error } = answer;
      signal.throwIfAborted();
      // The budget waits until the window has ended: that is not a failure.
      const isLimited = error.resetAt !== undefined;
      const now = this.#clock.monotonic();
      const isTooLong = isLimited && now - began > MAX_LIMIT_MS;
      if (isLimited && !isTooLong) continue;
      failures++;
      failingSince ??= now;
      const isOver = this.#isOver(answer, request, { failures, ms: now - failingSince });
      if (isTooLong || isOver) {
        throw finalError(answer, isTooLong ? ", for a day" : inARow(failures));
      }
      const delay = restDelay(trouble, failures);
      const ms = askedDelay(error.retryAfterMs, { delay, failures });
      log.warn("{problem}. Trying again in {seconds} s", {
        problem: error.message,
        seconds: ms / 1_000,
      });
      await this.waits.during(
        { for: `another try, as the API failed: ${error.message}`, until: this.#clock.now() + ms },
        this.#clock.sleep(ms, signal),
      );
    }
  }

  /**
   * Opens a stream: one try, whose response is good if its status is 200.
   * @throws ApiError, with status 0 where there was no response; UserError where the keys are at fault.
   */
  async open(request: ApiRequest, signal: AbortSignal): Promise<Response> {
    // Only the beginning is limited: a stream goes on.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(tooLate(this.#answerTimeout)), this.#answerTimeout);
    const limit = AbortSignal.any([signal, late.signal]);
    try {
      const host = request.path.startsWith("1.1/") ? STREAM_URL : API_URL;
      const response = await this.#send(request, { host, asItIs: true, signal: limit });
      if (response.status === 200) {
        this.#isKnown = true;
        return response;
      }
      const body = await readBody(response, limit).catch(() => new Uint8Array());
      throw this.#refusal(request, response, body);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof SyntaxError) throw unreadable(request, cause);
      throw cause instanceof TwarcCloudError ? cause : noAnswer(request, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The same for requests beside a stream, which goes on without their responses: their waits are not shown. */
  get beside(): Transport {
    const [signer, clock, time] = [this.#signer, this.#clock, this.time];
    return this.#beside ??= new Transport({
      signer,
      clock,
      time,
      answerTimeout: this.#answerTimeout,
    });
  }

  /** Returns whether the keys allow requests of a signer. */
  can(as: SignedAs): boolean {
    return this.#signer.can(as);
  }

  /**
   * Returns whether a failure is not retried: after its tries, or after patience where the API has responded before.
   */
  #isOver(
    { refusal }: Failed,
    { tries }: ApiRequest,
    { failures, ms }: { failures: number; ms: number },
  ): boolean {
    // One of many is set aside; the others go on.
    const isPatient = tries === undefined && this.#taken.size > 0 && ms < this.patienceMs;
    return !isPatient && (refusal !== undefined || failures >= (tries ?? REST_TRIES));
  }

  /** Limits are counted by endpoint, the app's and each user's apart. */
  #budget(request: ApiRequest): Budget {
    const endpoint = request.path.replace(/\/\d+(?=\/|$)/g, "/:id");
    const name = `${request.method} ${endpoint} (${this.#signer.askerOf(request)})`;
    const budget = this.#budgets.get(name) ??
      new Budget(name, { clock: this.#clock, time: this.time, waits: this.waits });
    this.#budgets.set(name, budget);
    return budget;
  }

  /**
   * Sends a request; again with another token where the app's is no longer accepted. Redirects are not followed: keys
   * are for the API's host alone, and its responses come from nowhere else.
   */
  async #send(
    request: ApiRequest,
    { host, asItIs = false, client, signal }: Sending,
  ): Promise<Response> {
    for (let again = false;; again = true) {
      const signed = await this.#signer.sign(request, host, signal);
      const headers = { ...signed.headers, ...(asItIs ? AS_IT_IS : {}) };
      const began = this.#clock.now();
      const init = { ...signed, headers, redirect: "manual", signal } as const;
      const sent = await fetch(signed.url, client ? { ...init, client } : init);
      this.time.heard(sent.headers, began);
      const response = asItIs ? await unpack(sent) : sent;
      if (response.status !== 401 || again) return response;
      const body = await readBody(response, signal);
      if (!isUnsigned(body) || !await this.#signer.noteRefusal(signed)) {
        return new Response(body, response);
      }
      log.info("The API no longer accepts the app's token: requesting another one");
    }
  }

  async #try<T>(
    request: ApiRequest,
    read: (answer: Uint8Array<ArrayBuffer>) => T,
    budget: Budget,
    signal: AbortSignal,
  ): Promise<{ value: T } | Failed> {
    await budget.turn(signal, request.everyMs);
    let headers: Headers | null = null;
    // A response in transit is waited for: it may be paid for.
    const stop = new LateStop(signal, { clock: this.#clock, ms: this.#answerTimeout });
    const limit = stop.signal;
    // Where a kept connection breaks, fetch repeats a request by itself: what changes something has its own.
    using client = request.json ? Deno.createHttpClient({ poolMaxIdlePerHost: 0 }) : null;
    try {
      const wait = {
        for: `a response to ${request.method} ${request.path}`,
        until: this.#clock.now() + this.#answerTimeout,
      };
      const sendAndRead = async () => {
        const response = await this.#send(request, { host: API_URL, client, signal: limit });
        headers = response.headers;
        return { response, body: await readBody(response, limit) };
      };
      const { response, body } = await this.waits.late(wait, LATE_MS, sendAndRead());
      if (response.ok) {
        const value = read(body);
        release(body);
        return { value };
      }
      throw this.#refusal(request, response, body);
    } catch (cause) {
      if (cause instanceof ApiError) {
        const isPace = cause.status === 429 && !isRuleRefused(cause) && headers !== null &&
          hasRequestsLeft(headers);
        const trouble = isPace ? "pace" : troubleFor(cause);
        if (trouble !== null) return { trouble, error: cause };
      }
      const refusal = request.isAboutAll && this.#taken.has(budget) ? passingRefusal(cause) : null;
      if (refusal) return { trouble: "server", error: refusal, refusal: cause };
      if (cause instanceof TwarcCloudError) throw cause;
      signal.throwIfAborted();
      if (cause instanceof SyntaxError) {
        const error = damagedAnswer(request, cause);
        // The change is done, however its response looks: the caller finds out its outcome.
        if (request.method !== "GET") throw error;
        return { trouble: "server", error };
      }
      return { trouble: "network", error: noAnswer(request, cause) };
    } finally {
      stop.close();
      budget.noteAnswer(headers);
    }
  }

  /** Returns the error for an error response; refused keys may be valid, and this machine's clock wrong. */
  #refusal(request: ApiRequest, response: Response, body: Uint8Array): ApiError {
    const { ahead } = this.time;
    // A host that has responded here before may do so again.
    const moved = this.#isKnown ? null : movedError(request.path, response);
    if (moved) throw moved;
    try {
      return refusal(request, response, body);
    } catch (thrown) {
      if (!(thrown instanceof UserError) || response.status !== 401 || ahead === 0) throw thrown;
      const clock = `${clockText(ahead)}, by which requests are signed: set it by a time server.`;
      const hint = `${clock} ${thrown.hint ?? ""}`.trimEnd();
      throw new UserError(thrown.message, { hint, cause: thrown.cause });
    }
  }
}

/** Returns the error of a failure that is not retried. @param often How often, or how long, it failed. */
function finalError({ trouble, error, refusal }: Failed, often: string): unknown {
  return refusal ?? new ApiError(`${error.message}${often}`, {
    ...toApiFault(error),
    hint: "Collected tweets are safe. Start the harvest again later: it goes on from here." +
      (trouble === "pace" ? " The rate limit was not reached: a cap may be used up." : ""),
    cause: error,
  });
}

/** Returns how often a request failed, where that was more than once. */
function inARow(failures: number): string {
  return failures === 1 ? "" : `, ${failures} times in a row`;
}

/** Returns the kind of trouble of a response, or null for one that a retry does not change. */
export function troubleFor(error: ApiError): Trouble | null {
  if (isRuleRefused(error)) return null;
  if (error.status === 0) return "network";
  if (error.status === 420 || error.status === 429) return "calm";
  const isServer = error.status >= 500 || error.status === 408 || isRedirect(error.status);
  return isServer ? "server" : null;
}

function isRedirect(status: number): boolean {
  return status >= 300 && status < 400;
}

/** Returns whether a request succeeded, and its response could not be read: the change is done. */
export function isDamaged(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status >= 200 && error.status < 300;
}

/** Returns the error for an error response. */
function refusal(request: ApiRequest, response: Response, body: Uint8Array): ApiError {
  const fault = readFault(body);
  const facts: ApiFault = {
    status: response.status,
    said: readTexts(body),
    retryAfterMs: retryAfter((name) => response.headers.get(name), Date.now()),
  };
  if (fault.code !== undefined) facts.code = fault.code;
  if (fault.problem !== undefined) facts.problem = fault.problem;
  const limit = readRateLimit(response.headers);
  if (response.status === 429 && limit?.remaining === 0) facts.resetAt = limit.resetAt;
  const moved = findRedirect(response);
  const message = moved
    ? `it has moved for good to ${moved.to}`
    : isRedirect(response.status)
    ? "it redirects elsewhere, where keys are not sent"
    : fault.message;
  const { query = "" } = request.parameters;
  const place = response.status === 400 ? queryFault(query, `${facts.said}`) : null;
  if (place !== null) facts.hint = place;
  const error = new ApiError(
    `The API answered ${request.path} with ${response.status}: ${message}`,
    facts,
  );
  const forPerson = personsFault(error);
  if (forPerson) throw forPerson;
  return error;
}

function noAnswer(request: ApiRequest, cause: unknown): ApiError {
  return new ApiError(`The API did not answer ${request.path}: ${networkReason(cause)}`, {
    status: 0,
    cause,
  });
}

function damagedAnswer(request: ApiRequest, cause: SyntaxError): ApiError {
  return new ApiError(`The API's answer to ${request.path} is damaged: ${cause.message}`, {
    status: 200,
    cause,
  });
}

/** A stream that cannot be read may be readable a little later. */
function unreadable(request: ApiRequest, cause: SyntaxError): ApiError {
  return new ApiError(`The API's answer to ${request.path} cannot be read: ${cause.message}`, {
    status: 502,
    cause,
  });
}

function toApiFault({ status, code, problem, resetAt }: ApiError): ApiFault {
  return {
    status,
    ...(problem === undefined ? {} : { problem }),
    ...(code === undefined ? {} : { code }),
    ...(resetAt === undefined ? {} : { resetAt }),
  };
}
