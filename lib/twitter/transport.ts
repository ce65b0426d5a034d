/** The one way to the API: signs, keeps to the rate limits, retries, and tells what cannot be helped. */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock.ts";
import { ApiError, type ApiFault, messageOf, UserError } from "../errors.ts";
import { REST_TRIES, restDelay, type Trouble } from "./backoff.ts";
import { Budget, rateLimitOf } from "./budget.ts";
import { faultOf, personsFault } from "./faults.ts";
import { API_URL, type ApiRequest, type Signer, STREAM_URL } from "./signer.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** What a transport is made of. */
export interface TransportOptions {
  signer: Signer;
  clock: Clock;
  /** Milliseconds that a whole REST answer may take; 120,000 unless said. */
  answerTimeout?: number;
}

/** A try that failed in a way that a later try may mend. */
interface Failed {
  trouble: Trouble;
  error: ApiError;
}

/** Sends requests to the API. */
export class Transport {
  readonly #signer: Signer;
  readonly #clock: Clock;
  readonly #answerTimeout: number;
  readonly #budgets = new Map<string, Budget>();

  constructor({ signer, clock, answerTimeout = 120_000 }: TransportOptions) {
    this.#signer = signer;
    this.#clock = clock;
    this.#answerTimeout = answerTimeout;
  }

  /**
   * Asks until there is an answer that `read` takes. A SyntaxError of `read` means that the answer
   * was damaged: it is asked for again.
   * @throws ApiError for an answer that asking again does not change, or after the last try;
   *   UserError where the keys are at fault; the signal's reason when it is aborted.
   */
  async ask<T>(
    request: ApiRequest,
    read: (answer: Uint8Array) => T,
    signal: AbortSignal,
  ): Promise<T> {
    const budget = this.#budget(request);
    for (let failures = 0;;) {
      const answer = await this.#try(request, read, budget, signal);
      if (!("trouble" in answer)) return answer.value;
      const { trouble, error } = answer;
      // The budget waits until the window is over: that is no failure.
      if (error.resetAt !== undefined) continue;
      if (++failures === REST_TRIES) {
        throw new ApiError(`${error.message}, ${REST_TRIES} times in a row`, {
          ...factsOf(error),
          hint: "What was collected is safe. Start the harvest again later: it goes on from here.",
          cause: error,
        });
      }
      const ms = restDelay(trouble, failures);
      log.warn("{problem}. Trying again in {seconds} s", {
        problem: error.message,
        seconds: ms / 1_000,
      });
      await this.#clock.sleep(ms, signal);
    }
  }

  /**
   * Opens a stream: one try, whose answer is good if its status is 200.
   * @throws ApiError, with status 0 where there was no answer; UserError where the keys are at fault.
   */
  async open(request: ApiRequest, signal: AbortSignal): Promise<Response> {
    const signed = await this.#signer.sign(request, STREAM_URL);
    let response: Response;
    try {
      response = await fetch(signed.url, { ...signed, signal });
    } catch (cause) {
      signal.throwIfAborted();
      throw noAnswer(request, cause);
    }
    if (response.status === 200) return response;
    const body = await response.bytes().catch(() => new Uint8Array());
    throw refusal(request, response, body);
  }

  #budget({ method, path }: ApiRequest): Budget {
    const name = `${method} ${path.replace(/\/\d+(?=\/|$)/g, "/:id")}`;
    const budget = this.#budgets.get(name) ?? new Budget(name, this.#clock);
    this.#budgets.set(name, budget);
    return budget;
  }

  async #try<T>(
    request: ApiRequest,
    read: (answer: Uint8Array) => T,
    budget: Budget,
    signal: AbortSignal,
  ): Promise<{ value: T } | Failed> {
    await budget.turn(signal, request.everyMs);
    let headers: Headers | null = null;
    try {
      const signed = await this.#signer.sign(request, API_URL);
      const limit = AbortSignal.any([signal, AbortSignal.timeout(this.#answerTimeout)]);
      const response = await fetch(signed.url, { ...signed, signal: limit });
      headers = response.headers;
      const body = await bytesOf(response, limit);
      if (response.ok) return { value: read(body) };
      const error = refusal(request, response, body);
      const trouble = troubleOf(error);
      if (trouble === null) throw error;
      return { trouble, error };
    } catch (cause) {
      if (cause instanceof ApiError || cause instanceof UserError) throw cause;
      signal.throwIfAborted();
      if (cause instanceof SyntaxError) {
        return { trouble: "server", error: damaged(request, cause) };
      }
      return { trouble: "network", error: noAnswer(request, cause) };
    } finally {
      budget.answered(headers);
    }
  }
}

/** An answer's body; the signal that a fetch was given may be forgotten while only its body waits for it. */
async function bytesOf(response: Response, signal: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  const over = Promise.withResolvers<never>();
  const end = () => over.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    return await Promise.race([response.bytes(), over.promise]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** What kind of trouble an answer is, or null for one that asking again does not change. */
export function troubleOf(error: ApiError): Trouble | null {
  if (error.status === 0) return "network";
  if (error.status === 420 || error.status === 429) return "calm";
  return error.status >= 500 || error.status === 408 ? "server" : null;
}

/** An error answer as what it means. */
function refusal(request: ApiRequest, response: Response, body: Uint8Array): ApiError {
  const fault = faultOf(body);
  const facts: ApiFault = { status: response.status };
  if (fault.code !== undefined) facts.code = fault.code;
  if (fault.problem !== undefined) facts.problem = fault.problem;
  const limit = rateLimitOf(response.headers);
  if (response.status === 429 && limit?.remaining === 0) facts.resetAt = limit.resetAt;
  const error = new ApiError(
    `The API answered ${request.path} with ${response.status}: ${fault.message}`,
    facts,
  );
  const forPerson = personsFault(error);
  if (forPerson) throw forPerson;
  return error;
}

function noAnswer(request: ApiRequest, cause: unknown): ApiError {
  return new ApiError(`The API did not answer ${request.path}: ${messageOf(cause)}`, {
    status: 0,
    cause,
  });
}

function damaged(request: ApiRequest, cause: SyntaxError): ApiError {
  return new ApiError(`The API's answer to ${request.path} is damaged: ${cause.message}`, {
    status: 200,
    cause,
  });
}

function factsOf({ status, code, problem, resetAt }: ApiError): ApiFault {
  return {
    status,
    ...(problem === undefined ? {} : { problem }),
    ...(code === undefined ? {} : { code }),
    ...(resetAt === undefined ? {} : { resetAt }),
  };
}
