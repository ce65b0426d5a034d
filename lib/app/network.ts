/** Opens a collection's network with the keys that its configuration holds or names. */

import type { Clock } from "../base/clock.ts";
import type { Settings } from "../base/settings.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import type { Limits } from "../collection/limits.ts";
import type { Waits } from "../base/waits.ts";
import type { Network } from "../source/source.ts";

/** Options of openNetwork(). */
export interface NetworkOptions {
  settings: Settings;
  clock: Clock;
  env: Record<string, string | undefined>;
  limitsFor: (config: CollectionConfig) => Limits;
  /** Called with each key, to keep it out of output and reports. */
  onSecret: (secret: string) => void;
}

/** Opens X, the only network so far. @throws UserError if its keys are invalid or unavailable */
export async function openNetwork(
  config: CollectionConfig,
  waits: Waits,
  { settings, clock, env, limitsFor, onSecret }: NetworkOptions,
): Promise<Network> {
  const { isProtectedWanted, requireKeys } = await import("../collection/config.ts");
  const { heldKeys } = await import("../secrets/credentials.ts");
  const { X } = await import("../source/x.ts");
  const { openApi } = await import("../twitter/open.ts");
  const keys = await heldKeys(requireKeys(config), { ...settings.place, env });
  for (const key of Object.values(keys)) if (key !== undefined) onSecret(key);
  const api = await openApi({
    version: config.api ?? "1.1",
    keys,
    fields: config.fields,
    words: config.words,
    isProtectedWanted: isProtectedWanted(config),
    clock,
    base: settings.twitterApiUrl,
    waits,
    patienceMs: limitsFor(config).patienceMs,
  });
  return new X(api, clock);
}
