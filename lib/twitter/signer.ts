/** Signs requests with a person's keys, by twitter-api-v2. */

import type { ITwitterApiClientPlugin, TwitterApi } from "twitter-api-v2";
import { UserError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import { VERSION } from "../version.ts";
import type { TwitterKeys } from "./keys.ts";

/** A request to the API before it is signed. */
export interface ApiRequest {
  method: "GET" | "POST" | "DELETE";
  /** Below the host, e.g. `1.1/search/tweets.json`. */
  path: string;
  /** The query of a GET, the form of a POST. */
  parameters: Record<string, string>;
  /** A body of JSON in place of a form; `parameters` are the query then. */
  json?: JsonObject;
  /** Milliseconds between two requests to this path, where the API asks for more than its windows. */
  everyMs?: number;
}

/** A request that can be sent. */
export interface SignedRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | null;
}

/** The host of the API where nothing else is said. */
export const API_URL = new URL("https://api.twitter.com/");
/** The host of v1.1 streams where nothing else is said. */
export const STREAM_URL = new URL("https://stream.twitter.com/");

const USER_AGENT = `twarc-cloud/${VERSION}`;

/** Signs requests: OAuth 1.0a (RFC 5849) with four keys, a bearer token (RFC 6750) with one. */
export class Signer {
  readonly #client: TwitterApi;
  readonly #base: URL | undefined;

  private constructor(client: TwitterApi, base: URL | undefined) {
    this.#client = client;
    this.#base = base;
  }

  /**
   * @param base Replaces scheme and host of every address.
   * @throws UserError where the keys are not enough to sign with.
   */
  static async open(keys: TwitterKeys, base?: URL): Promise<Signer> {
    const { TwitterApi } = await import("twitter-api-v2");
    const settings = { plugins: [answerWithRequest] };
    if (
      keys.consumer_key && keys.consumer_secret && keys.access_token && keys.access_token_secret
    ) {
      const tokens = {
        appKey: keys.consumer_key,
        appSecret: keys.consumer_secret,
        accessToken: keys.access_token,
        accessSecret: keys.access_token_secret,
      };
      return new Signer(new TwitterApi(tokens, settings), base);
    }
    if (keys.bearer_token) return new Signer(new TwitterApi(keys.bearer_token, settings), base);
    throw new UserError("The keys are not complete", {
      hint: "Get a set with `twarc-cloud configure`, then `twarc-cloud collection-config keys`.",
    });
  }

  /** The request with its signature, which is good for one try. */
  async sign(request: ApiRequest, host: URL): Promise<SignedRequest> {
    const signed = await this.#signed(request, new URL(request.path, this.#base ?? host).href);
    const headers = { ...signed.headers, "user-agent": USER_AGENT };
    if (!request.json) return { ...signed, headers };
    // A body of JSON is no part of a signature (RFC 5849, 3.4.1.3.1).
    const type = { "content-type": "application/json" };
    return { ...signed, headers: { ...headers, ...type }, body: JSON.stringify(request.json) };
  }

  #signed({ method, parameters, json }: ApiRequest, url: string): Promise<SignedRequest> {
    switch (method) {
      case "GET":
        return this.#client.get(url, parameters);
      case "POST":
        return json
          ? this.#client.post(url, undefined, { query: parameters })
          : this.#client.post(url, parameters);
      case "DELETE":
        return this.#client.delete(url, parameters);
    }
  }
}

/**
 * Answers every request of the client with its own signed form, so that the transport sends it:
 * `getHttpRequestArgs` is where twitter-api-v2 signs (protected in its types only).
 */
export const answerWithRequest: ITwitterApiClientPlugin = {
  onBeforeRequestConfig({ client, params }) {
    const { url, method, headers, body } = client["getHttpRequestArgs"](params);
    const signed = { url, method, headers, body: typeof body === "string" ? body : null };
    return Promise.resolve({ data: signed, headers: {} });
  },
};
