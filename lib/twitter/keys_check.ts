/** Checks keys with a request that costs nothing. */

import type { TwitterKeys } from "../base/api_keys.ts";
import type { Clock } from "../base/clock.ts";
import { ApiError, errorMessage, TwarcCloudError } from "../base/errors.ts";
import { answerBehind } from "./http/refusals.ts";
import { type ApiRequest, Signer } from "./http/signer.ts";
import { Transport } from "./http/transport.ts";

/** The result of a check: `taken`, `refused` with the API's message, or `unknown` with why the check failed. */
export type KeysCheck = { is: "taken" } | { is: "refused" | "unknown"; why: string };

/** https://docs.x.com/x-api/usage/introduction */
const AS_APP: ApiRequest = { method: "GET", path: "2/usage/tweets", parameters: {}, as: ["app"] };
/** A request of version 1.1, which checks the keys before it reports that an access has no version 1.1. */
const AS_USER: ApiRequest = {
  method: "GET",
  path: "1.1/account/verify_credentials.json",
  parameters: {},
  as: ["user"],
};

/**
 * Checks once whether the API accepts keys: the user's where there are some, otherwise the app's.
 * @param options.base Replaces scheme and host of every address.
 */
export async function checkKeys(
  keys: TwitterKeys,
  { base, clock, signal }: { base?: URL | undefined; clock: Clock; signal: AbortSignal },
): Promise<KeysCheck> {
  const request = keys.access_token ? AS_USER : AS_APP;
  try {
    const transport = new Transport({ signer: new Signer(keys, base), clock });
    await transport.ask({ ...request, tries: 1 }, () => true, signal);
    return { is: "taken" };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TwarcCloudError)) throw error;
    const fault = answerBehind(error) ?? error;
    const status = fault instanceof ApiError ? fault.status : 401;
    // A lack of access is reported for valid keys only.
    if (status === 403 || status === 429) return { is: "taken" };
    const isRefused = status === 401 || status === 400;
    return { is: isRefused ? "refused" : "unknown", why: errorMessage(error) };
  }
}
