/** The OAuth 1.0a login with a PIN, by which a person authorizes an application to read in their name. */

import type { TwitterKeys } from "../../base/api_keys.ts";
import { readBody } from "../../base/body.ts";
import { OutsideError, UserError } from "../../base/errors.ts";
import { networkReason } from "../../base/network.ts";
import { aheadBy, clockText } from "./api_time.ts";
import { movedError } from "./moved.ts";
import { toSend, type UserKeys } from "./oauth1.ts";
import { API_URL } from "./signer.ts";

/** A login that is waiting for its PIN. */
export interface PinLogin {
  /** The page where the person authorizes the application and gets the PIN. */
  url: string;
  /** Returns the person's keys. @throws UserError for a wrong PIN. */
  finish(pin: string): Promise<TwitterKeys>;
}

/**
 * Begins a login. https://docs.x.com/fundamentals/authentication/oauth-1-0a/pin-based-oauth
 * @param consumer The application's consumer key and secret.
 * @param base Replaces scheme and host of every address.
 * @throws UserError where the consumer pair is refused; OutsideError where the host does not respond.
 */
export async function beginLogin(
  consumer: { consumer_key: string; consumer_secret: string },
  base: URL = API_URL,
): Promise<PinLogin> {
  const { consumer_key, consumer_secret } = consumer;
  const pair = { key: consumer_key, secret: consumer_secret };
  const first = await requestForm({ consumer: pair }, new URL("oauth/request_token", base), {
    oauth_callback: "oob",
  });
  const token = field(first, "oauth_token");
  const secret = field(first, "oauth_token_secret");
  const url = new URL("oauth/authorize", base);
  url.searchParams.set("oauth_token", token);
  return {
    url: url.href,
    async finish(pin) {
      const keys = { consumer: pair, access: { key: token, secret } };
      const parameters = { oauth_verifier: pin };
      const last = await requestForm(keys, new URL("oauth/access_token", base), parameters);
      return {
        consumer_key,
        consumer_secret,
        access_token: field(last, "oauth_token"),
        access_token_secret: field(last, "oauth_token_secret"),
      };
    },
  };
}

/** Requests a form, signed with the available tokens. */
async function requestForm(
  keys: UserKeys,
  url: URL,
  parameters: Record<string, string>,
): Promise<URLSearchParams> {
  const { method, headers, body } = toSend({ method: "POST", parameters }, url, keys);
  let response: Response;
  let answer: Uint8Array;
  const sent = Date.now();
  try {
    const signal = AbortSignal.timeout(30_000);
    response = await fetch(url, { method, headers, body, redirect: "manual", signal });
    answer = await readBody(response, signal);
  } catch (cause) {
    throw new OutsideError(`${url.host} does not answer: ${networkReason(cause)}`, { cause });
  }
  if (response.ok) return new URLSearchParams(new TextDecoder().decode(answer));
  const moved = movedError(url.pathname.slice(1), response);
  if (moved) throw moved;
  if (response.status >= 500 || response.status < 400) {
    throw new OutsideError(`${url.host} responded with ${response.status}`);
  }
  throw new UserError(
    `${url.host} refused the ${keys.access ? "PIN" : "consumer key and secret"}`,
    {
      hint: aheadText(response.headers, sent) +
        "Check your input, and that the application is set up for reading with a PIN.",
    },
  );
}

/** Returns a sentence for a wrong clock, which makes signatures fail as well. */
function aheadText(headers: Headers, sent: number): string {
  const ahead = aheadBy(headers, { sent, answered: Date.now() });
  return ahead === 0 ? "" : `${clockText(ahead)}: set it by a time server. `;
}

function field(form: URLSearchParams, name: string): string {
  const value = form.get(name);
  if (value) return value;
  throw new OutsideError(`The response to the login has no ${name}`);
}
