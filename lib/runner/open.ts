/** Opens the runner of an installation. */

import type { Runner, RunnerOptions } from "./runner.ts";
/**
 * Opens the runner of an installation, for a bucket.
 * @throws UserError
 */
export async function openRunner(options: RunnerOptions): Promise<Runner> {
  const { runner, aws } = options.settings;
  if (runner === "local") {
    const { LocalRunner } = await import("./local/runner.ts");
    return await LocalRunner.open({ ...options, aws });
  }
  const { EcsRunner } = await import("./ecs/runner.ts");
  return new EcsRunner(options);
}
