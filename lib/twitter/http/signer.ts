/** Signs requests with a person's keys. */

import { getLogger } from "@logtape/logtape";
import { missingKeys, PUT_KEYS, type TwitterKeys, USER_KEYS } from "../../base/api_keys.ts";
import { UserError } from "../../base/errors.ts";
import { VERSION } from "../../base/version.ts";
import { AppToken } from "./app_token.ts";
import { type FormRequest, type SignedRequest, toSend, type UserKeys } from "./oauth1.ts";

const log = getLogger(["twarc-cloud", "api"]);

/** The signer of a request: the app (a bearer token), or a user of it (OAuth 1.0a). */
export type SignedAs = "app" | "user";

/** A request to the API before it is signed. */
export interface ApiRequest extends FormRequest {
  /** Below the host, e.g. `1.1/search/tweets.json`. */
  path: string;
  /** The signers that may be used, the one with the better limit first; by default the app alone. */
  as?: readonly SignedAs[];
  /** Tries, where the request is about one of many; by default ten, and longer where the API has responded before. */
  tries?: number;
  /**
   * Whether a refusal (401, 403, 404) does not concern the parameters, as with a search: where the API accepted such
   * a request before it is then in trouble, and waited for.
   */
  isAboutAll?: true;
  /** Milliseconds between two requests to this path, where the API requires more than its windows. */
  everyMs?: number;
}

/** The default host of the API. */
export const API_URL = new URL("https://api.twitter.com/");
/** The default host of v1.1 streams. */
export const STREAM_URL = new URL("https://stream.twitter.com/");

const USER_AGENT = `twarc-cloud/${VERSION}`;

const APP_ONLY: readonly SignedAs[] = ["app"];
const ADD_KEYS = `Get a set with \`twarc-cloud configure\`, ${PUT_KEYS}`;

/** Signs requests as the app (RFC 6750) or as a user of it (RFC 5849), whichever they accept and the keys allow. */
export class Signer {
  readonly #user: UserKeys | undefined;
  readonly #base: URL | undefined;
  readonly #app: AppToken;
  /** Why the consumer pair yields no token. */
  #refusal: UserError | undefined;

  /**
   * @param base Replaces scheme and host of every address.
   * @throws UserError where the keys are not sufficient for signing.
   */
  constructor(keys: TwitterKeys, base?: URL) {
    if (missingKeys((name) => Boolean(keys[name])).length > 0) {
      throw new UserError("The keys are incomplete", { hint: ADD_KEYS });
    }
    const { consumer_key, consumer_secret, access_token, access_token_secret } = keys;
    if (consumer_key && consumer_secret && access_token && access_token_secret) {
      this.#user = {
        consumer: { key: consumer_key, secret: consumer_secret },
        access: { key: access_token, secret: access_token_secret },
      };
    }
    this.#app = new AppToken(keys, base ?? API_URL);
    this.#base = base;
  }

  /** Returns whether the keys allow requests of a signer. */
  can(as: SignedAs): boolean {
    return as === "app" ? this.#refusal === undefined : this.#user !== undefined;
  }

  /** Returns the signer of a request. @throws UserError that names the keys it needs. */
  askerOf({ path, as = APP_ONLY }: ApiRequest): SignedAs {
    const first = as.find((one) => this.can(one));
    if (first) return first;
    if (this.#refusal && as.includes("app")) throw this.#refusal;
    throw new UserError(`${path} requires the keys of a user: ${USER_KEYS.join(", ")}`, {
      hint: ADD_KEYS,
    });
  }

  /**
   * Returns the request with its signature, which is valid for one try.
   * @throws UserError where the keys do not allow it; ApiError where the API issues no token to the app now.
   */
  async sign(request: ApiRequest, host: URL, signal: AbortSignal): Promise<SignedRequest> {
    const as = this.askerOf(request);
    const token = as === "app" ? await this.#token(request, signal) : null;
    const keys = token === null ? this.#user : undefined;
    const signed = toSend(request, new URL(request.path, this.#base ?? host), keys);
    const bearer = token === null ? {} : { authorization: `Bearer ${token}` };
    return { ...signed, headers: { ...signed.headers, ...bearer, "user-agent": USER_AGENT } };
  }

  /** Records that the API refused a signature; returns whether another one may be accepted. */
  async noteRefusal({ headers }: SignedRequest): Promise<boolean> {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? "")?.[1];
    return token !== undefined && await this.#app.forget(token);
  }

  /** Returns the app's token; null where it gets none, and a user may send the request as well. */
  async #token({ as = APP_ONLY }: ApiRequest, signal: AbortSignal): Promise<string | null> {
    try {
      return await this.#app.get(signal);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      this.#refusal = error;
      if (!as.includes("user") || !this.#user) throw error;
      log.warn("{problem}. Using the user's keys from now on", { problem: error.message });
      return null;
    }
  }
}
