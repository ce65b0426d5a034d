/** Opens the API in the version of a collection. */

import type { Clock } from "../base/clock.ts";
import type { FieldChoice, Words } from "../base/api_fields.ts";
import type { TwitterApi } from "./api.ts";
import { isPaid, type PaidApi } from "./paid_api.ts";
import type { TwitterKeys } from "../base/api_keys.ts";
import { UserError } from "../base/errors.ts";
import type { Waits } from "../base/waits.ts";

/** Options of the API. */
export interface ApiOptions {
  /** `1.1` or `2`. */
  version: string;
  keys: TwitterKeys;
  clock: Clock;
  /** With version 2: the fields of every post. */
  fields?: FieldChoice | undefined;
  /** With version 2: the words of requests; by default the old ones. */
  words?: Words | undefined;
  /** Whether to collect tweets that are not public as well, as far as the owner of the keys may read them. */
  isProtectedWanted?: boolean | undefined;
  /** Replaces scheme and host of every address. */
  base?: URL | undefined;
  /** Milliseconds that a response may take, and of a stream its beginning; by default two minutes. */
  answerTimeout?: number | undefined;
  /** Notified of the waits for rate limits and between tries. */
  waits?: Waits | undefined;
  /** Milliseconds to wait for an API that has responded before; by default none. */
  patienceMs?: number | undefined;
  /** Called once where this machine's clock is wrong; by default logs it. */
  say?: ((text: string) => void) | undefined;
}

/**
 * Opens the API in a version.
 * @throws UserError for an unknown version, or incomplete keys.
 */
export async function openApi(
  { version, keys, clock, fields, words, base, answerTimeout, waits, patienceMs, say, ...wanted }:
    ApiOptions,
): Promise<TwitterApi> {
  const { isProtectedWanted } = wanted;
  const { Signer } = await import("./http/signer.ts");
  const { Transport } = await import("./http/transport.ts");
  const { ApiTime } = await import("./http/api_time.ts");
  const time = new ApiTime(clock, say);
  const transport = new Transport({
    signer: new Signer(keys, base),
    clock,
    time,
    answerTimeout,
    waits,
    patienceMs,
  });
  switch (version) {
    case "1.1": {
      const { V1Api } = await import("./v1/api.ts");
      return new V1Api({ transport, clock, time, isProtectedWanted });
    }
    case "2": {
      const { V2Api } = await import("./v2/api.ts");
      return new V2Api({ transport, clock, time, fields, words, isProtectedWanted });
    }
    default:
      throw new UserError(`There is no version ${version} of the API`, {
        hint: 'Set "api" in the collection\'s configuration to "1.1" or "2".',
      });
  }
}

/** Opens version 2, which is paid. @throws UserError for incomplete keys. */
export async function openPaid(options: Omit<ApiOptions, "version">): Promise<PaidApi> {
  const api = await openApi({ ...options, version: "2" });
  if (isPaid(api)) return api;
  throw new Error("Version 2 has a bill");
}
