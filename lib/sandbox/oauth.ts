/** Authentication: OAuth 1.0a signatures and bearer tokens, really verified, and the PIN login. */

import OAuth from "oauth-1.0a";
import { createHmac, randomInt } from "node:crypto";
import type { Clock } from "../base/clock.ts";

/** The keys of one application and one user of it. */
export interface SandboxKeys {
  consumer_key: string;
  consumer_secret: string;
  access_token: string;
  access_token_secret: string;
}

/** The caller of a request, or why it is rejected. */
export type Caller =
  | { token: string; kind: "user" | "app" }
  | { status: number; code: number; message: string };

/** Seconds that a request's timestamp may be off. */
const SKEW = 300;

/** Knows the keys, verifies requests, and issues tokens. */
export class Gate {
  /** The app's token. */
  bearer: string;
  readonly #keys: SandboxKeys;
  readonly #clock: Clock;
  readonly #oauth: OAuth;
  readonly #tokens = new Map<string, string>();
  readonly #requests = new Map<string, { secret: string; pin: string }>();
  readonly #nonces = new Set<string>();
  #issued = 0;

  constructor(keys: SandboxKeys, bearer: string, clock: Clock) {
    this.#keys = keys;
    this.bearer = bearer;
    this.#clock = clock;
    this.#tokens.set(keys.access_token, keys.access_token_secret);
    this.#oauth = new OAuth({
      consumer: { key: keys.consumer_key, secret: keys.consumer_secret },
      signature_method: "HMAC-SHA1",
      hash_function: (base, key) => createHmac("sha1", key).update(base).digest("base64"),
    });
  }

  /** Verifies a request whose query and form parameters are given. */
  verify(request: Request, parameters: [string, string][]): Caller {
    const header = request.headers.get("authorization") ?? "";
    const bearer = /^Bearer (\S+)$/.exec(header)?.[1];
    if (bearer !== undefined) {
      return bearer === this.bearer
        ? { token: "app", kind: "app" }
        : { status: 401, code: 89, message: "Invalid or expired token." };
    }
    if (!header.startsWith("OAuth ")) {
      return { status: 400, code: 215, message: "Bad Authentication data." };
    }
    return this.#verifySigned(request, { signed: parseHeader(header), parameters });
  }

  #verifySigned(
    request: Request,
    { signed, parameters }: { signed: Map<string, string>; parameters: [string, string][] },
  ): Caller {
    const token = signed.get("oauth_token") ?? "";
    const secret = this.#tokens.get(token) ?? this.#requests.get(token)?.secret;
    if (token !== "" && secret === undefined) {
      return { status: 401, code: 89, message: "Invalid or expired token." };
    }
    const seconds = Number(signed.get("oauth_timestamp"));
    if (!(Math.abs(seconds - this.#clock.now() / 1_000) <= SKEW)) {
      return { status: 401, code: 135, message: "Timestamp out of bounds." };
    }
    const nonce = `${seconds} ${signed.get("oauth_nonce")}`;
    const isRight = signed.get("oauth_consumer_key") === this.#keys.consumer_key &&
      signed.get("oauth_signature") === this.#signature(request, { signed, parameters, secret }) &&
      !this.#nonces.has(nonce);
    if (!isRight) return { status: 401, code: 32, message: "Could not authenticate you." };
    this.#nonces.add(nonce);
    return { token, kind: "user" };
  }

  #signature(
    request: Request,
    { signed, parameters, secret = "" }: {
      signed: Map<string, string>;
      parameters: [string, string][];
      secret: string | undefined;
    },
  ): string {
    const url = new URL(request.url);
    const all: Record<string, string> = Object.fromEntries(parameters);
    for (const [name, value] of signed) if (name !== "oauth_signature") all[name] = value;
    const base = [
      request.method,
      this.#oauth.percentEncode(url.origin + url.pathname),
      this.#oauth.percentEncode(
        Object.entries(all)
          .map((
            [name, value],
          ) => [this.#oauth.percentEncode(name), this.#oauth.percentEncode(value)])
          .sort(([a = ""], [b = ""]) => a < b ? -1 : a > b ? 1 : 0)
          .map(([name, value]) => `${name}=${value}`)
          .join("&"),
      ),
    ].join("&");
    return this.#oauth.hash_function(base, this.#oauth.getSigningKey(secret));
  }

  /** Replaces the app's token. */
  revoke(): void {
    this.bearer = `sandbox-bearer-token-${++this.#issued}`;
  }

  /** Returns a request token for the PIN login. */
  requestToken(): { oauth_token: string; oauth_token_secret: string } {
    const oauth_token = `request-${++this.#issued}`;
    const secret = `request-secret-${this.#issued}`;
    this.#requests.set(oauth_token, { secret, pin: `${randomInt(1_000_000, 10_000_000)}` });
    return { oauth_token, oauth_token_secret: secret };
  }

  /** Returns the PIN for a person who authorizes a request token. */
  pinFor(requestToken: string): string | undefined {
    return this.#requests.get(requestToken)?.pin;
  }

  /** Returns an access token for a request token and its PIN; null for a wrong one. */
  accessToken(
    requestToken: string,
    pin: string,
  ): { oauth_token: string; oauth_token_secret: string } | null {
    if (this.#requests.get(requestToken)?.pin !== pin) return null;
    this.#requests.delete(requestToken);
    const oauth_token = `access-${this.#issued}`;
    const oauth_token_secret = `access-secret-${this.#issued}`;
    this.#tokens.set(oauth_token, oauth_token_secret);
    return { oauth_token, oauth_token_secret };
  }

  /** Returns whether a Basic authorization is the consumer pair, which a bearer token is issued for. */
  isConsumer(authorization: string | null): boolean {
    const { consumer_key, consumer_secret } = this.#keys;
    const pair = `${encodeURIComponent(consumer_key)}:${encodeURIComponent(consumer_secret)}`;
    return authorization === `Basic ${btoa(pair)}`;
  }
}

/** Returns the parameters of an OAuth authorization header (RFC 5849, 3.5.1). */
function parseHeader(header: string): Map<string, string> {
  const pairs = header.slice("OAuth ".length).matchAll(/([^=,\s]+)="([^"]*)"/g);
  return new Map([...pairs].map(([, name = "", value = ""]) => [name, decodeURIComponent(value)]));
}
