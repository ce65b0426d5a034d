/** Reports a failed harvest to Honeybadger, where an API key for it is set. */

import { systemClock } from "../base/clock.ts";
import { LockedError } from "../base/errors.ts";
import type { Settings } from "../base/settings.ts";
import { VERSION } from "../base/version.ts";

/** The harvest that may fail. */
export interface Failing {
  collectionId: string;
  settings: Settings;
  env: Record<string, string | undefined>;
  /** Values to take out of a report; read when it is made. */
  secrets: readonly string[];
}

/** Runs a harvest and reports its failure to Honeybadger if a key is set. A lock is not reported. */
export async function reportingFailure(failing: Failing, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof LockedError)) await reportTo(failing, error);
    throw error;
  }
}

async function reportTo(
  { collectionId, settings, env, secrets }: Failing,
  error: unknown,
): Promise<void> {
  const apiKey = env.HONEYBADGER_API_KEY ?? settings.get("honeybadger_key");
  if (!apiKey) return;
  const { report } = await import("./honeybadger.ts");
  const { secretKey, sessionToken } = settings.aws;
  const known = [settings.controlSecret, secretKey, sessionToken, apiKey];
  await report(error, {
    apiKey,
    endpoint: env.HONEYBADGER_ENDPOINT,
    context: { collection_id: collectionId, bucket: settings.bucket.text, version: VERSION },
    secrets: [...secrets, ...known.filter((one) => one !== undefined)],
    hostname: Deno.hostname(),
    now: systemClock.now(),
  });
}
