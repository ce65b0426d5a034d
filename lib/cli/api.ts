/** Opens the API with the keys of a configuration. */

import type { ConfigKeys } from "../collection/config.ts";
import { isoTime } from "../base/clock.ts";
import type { Words } from "../base/api_fields.ts";
import type { Settings } from "../base/settings.ts";
import type { TwitterApi } from "../twitter/api.ts";
import type { ApiOptions } from "../twitter/open.ts";
import type { PaidApi } from "../twitter/paid_api.ts";
import { Waits } from "../base/waits.ts";
import type { Context } from "./context.ts";
import { waitText } from "./text/progress.ts";
import { capital, type Output } from "./output.ts";

/** Milliseconds from which a wait is reported. */
const LONG_WAIT_MS = 2_000;

/** Options of apiWith(). */
export interface ApiWanted {
  keys: ConfigKeys;
  version: string;
  words?: Words | undefined;
}

/** The context that opening the API requires. */
interface ApiContext extends Pick<Context, "clock" | "env"> {
  /** Where waits are reported; absent if nobody waits. */
  output?: Output;
  settings: Settings;
}

/**
 * Opens the API with a configuration's keys, and reports waits on the terminal.
 * @throws UserError if there are no keys.
 */
export async function apiWith(wanted: ApiWanted, context: ApiContext): Promise<TwitterApi> {
  const { openApi } = await import("../twitter/open.ts");
  return await openApi({ ...await optionsFor(wanted, context), version: wanted.version });
}

/** Opens version 2 likewise, which also reports costs. @throws as `apiWith` */
export async function paidApiWith(
  wanted: Omit<ApiWanted, "version">,
  context: ApiContext,
): Promise<PaidApi> {
  const { openPaid } = await import("../twitter/open.ts");
  return await openPaid(await optionsFor(wanted, context));
}

async function optionsFor(
  { keys: named, words }: Omit<ApiWanted, "version">,
  { clock, env, output, settings }: ApiContext,
): Promise<Omit<ApiOptions, "version">> {
  const { heldKeys } = await import("../secrets/credentials.ts");
  const keys = await heldKeys(named, { ...settings.place, env });
  const waits = new Waits((wait) => {
    if (wait.until - clock.now() < LONG_WAIT_MS) return;
    output?.note(capital(waitText({ for: wait.for, until: isoTime(wait.until) })));
  });
  const base = settings.twitterApiUrl;
  const say = (text: string) => output?.note(`${text}.`);
  return { keys, words, clock, base, waits, say };
}
