/** The bearer token of an app: given, or obtained with its consumer pair and kept in memory only. */

import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import { PUT_KEYS, type TwitterKeys } from "../../base/api_keys.ts";
import { ApiError, UserError } from "../../base/errors.ts";
import { networkReason } from "../../base/network.ts";
import { readBody } from "../../base/body.ts";
import { retryAfter } from "../../base/retry_after.ts";
import { readFault } from "./faults.ts";
import { movedError } from "./moved.ts";

const log = getLogger(["twarc-cloud", "api"]);

const PATH = "oauth2/token";
const TIMEOUT = 30_000;
const FORM = "grant_type=client_credentials";

const answerSchema = z.object({ token_type: z.literal("bearer"), access_token: z.string().min(1) });

/** Holds the token of an app, and obtains it once. */
export class AppToken {
  readonly #consumer: { key: string; secret: string } | null;
  readonly #host: URL;
  #token: Promise<string> | undefined;
  /** The former one, which was refused. */
  #former: string | undefined;
  /** Whether the API has issued one: then the consumer pair is valid, whatever it responds later. */
  #wasGiven = false;

  /** @param host The API's. */
  constructor(
    { consumer_key: key, consumer_secret: secret, bearer_token }: TwitterKeys,
    host: URL,
  ) {
    this.#consumer = key && secret ? { key, secret } : null;
    this.#host = host;
    if (bearer_token) this.#token = Promise.resolve(bearer_token);
  }

  /**
   * Returns the token.
   * @throws UserError where the consumer pair is refused, ApiError where a retry may help.
   */
  get(signal: AbortSignal): Promise<string> {
    if (this.#token) return this.#token;
    const asked = this.#ask(signal).catch((error) => this.#formerAfter(error, signal));
    this.#token = asked;
    asked.catch((error) => {
      if (!(error instanceof UserError) && this.#token === asked) this.#token = undefined;
    });
    return asked;
  }

  /** Forgets a refused token; returns whether another one can be obtained. */
  async forget(refused: string): Promise<boolean> {
    if (!this.#consumer) return false;
    if (await this.#token?.catch(() => undefined) === refused) this.#token = undefined;
    this.#former = refused;
    return true;
  }

  /** Returns the refused token, where there is no other: an API in trouble refuses valid ones too. */
  #formerAfter(error: Error, signal: AbortSignal): string {
    signal.throwIfAborted();
    if (this.#former === undefined) throw error;
    log.info("There is no other token: {problem}", { problem: error.message });
    return this.#former;
  }

  /** POST oauth2/token: https://docs.x.com/fundamentals/authentication/oauth-2-0/application-only */
  async #ask(signal: AbortSignal): Promise<string> {
    if (!this.#consumer) throw new UserError("There is no consumer key and secret");
    const { key, secret } = this.#consumer;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
    let response: Response;
    let body: Uint8Array;
    try {
      response = await fetch(new URL(PATH, this.#host), {
        method: "POST",
        headers: {
          authorization: `Basic ${
            btoa(`${encodeURIComponent(key)}:${encodeURIComponent(secret)}`)
          }`,
          "content-type": "application/x-www-form-urlencoded;charset=UTF-8",
        },
        body: FORM,
        redirect: "manual",
        signal: limit,
      });
      body = await readBody(response, limit);
    } catch (cause) {
      signal.throwIfAborted();
      throw new ApiError(`The API did not answer ${PATH}: ${networkReason(cause)}`, {
        status: 0,
        cause,
      });
    }
    if (!response.ok) throw this.#refusal(response, body);
    const token = readToken(body);
    this.#wasGiven = true;
    return token;
  }

  #refusal(response: Response, body: Uint8Array): ApiError | UserError {
    const moved = this.#wasGiven ? null : movedError(PATH, response);
    if (moved) return moved;
    const { status } = response;
    const message = `The API answered ${PATH} with ${status}: ${readFault(body).message}`;
    const isRedirect = status >= 300 && status < 400;
    const passes = status >= 500 || status === 408 || status === 420 || status === 429;
    const hint = "Check the consumer key and secret, or give a bearer token with " +
      `\`twarc-cloud configure --bearer-token\`, ${PUT_KEYS}`;
    const retryAfterMs = retryAfter((name) => response.headers.get(name), Date.now());
    const error = new ApiError(message, { status, hint, retryAfterMs });
    return isRedirect || passes || this.#wasGiven ? error : new UserError(message, { hint });
  }
}

function readToken(body: Uint8Array): string {
  try {
    const token = answerSchema.parse(JSON.parse(new TextDecoder().decode(body))).access_token;
    log.info("The API gave a token for the app of the keys");
    return token;
  } catch (cause) {
    throw new ApiError(`The API's answer to ${PATH} is damaged`, { status: 502, cause });
  }
}
