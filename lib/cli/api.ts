/** The API, asked with the keys of a configuration. */

import type { ConfigKeys } from "../collection/config.ts";
import type { Settings } from "../settings.ts";
import type { TwitterApi } from "../twitter/api.ts";
import type { Context } from "./context.ts";

/** Opens the API with keys that a configuration has, or names. @throws UserError where they are not there. */
export async function apiWith(
  { keys: named, version }: { keys: ConfigKeys; version: string },
  { clock, env, settings }: Pick<Context, "clock" | "env"> & { settings: Settings },
): Promise<TwitterApi> {
  const { heldKeys } = await import("../bucket/keys.ts");
  const { openApi } = await import("../twitter/api.ts");
  const keys = await heldKeys(named, { ...settings.place, env });
  return await openApi({ version, keys, clock, base: settings.twitterApiUrl });
}
