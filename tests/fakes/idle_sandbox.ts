/** A sandbox and its clients with one clock, whose time passes when everything is at rest. */

import { type Sandbox, type SandboxOptions, startSandbox } from "../../lib/sandbox/server.ts";
import { World } from "../../lib/sandbox/world.ts";
import { IdleClock } from "./idle_clock.ts";

/** What a test works with. */
export interface IdleSandbox {
  sandbox: Sandbox;
  clock: IdleClock;
  /** Posts of the first user; their ids. */
  post: (count?: number) => string[];
}

/** Uses a sandbox without a tweet, and ends it. */
export async function inIdleSandbox(
  use: (place: IdleSandbox) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  // Signatures have the time of this machine, and are good for some minutes.
  const clock = new IdleClock({ start: Date.now() });
  const world = World.create({ clock, users: 2, tweetsPerUser: 0 });
  const [user = ""] = world.users.keys();
  const touch = () => clock.touch();
  const shared = { clock, world, keepAliveMs: 20_000, onRequest: touch, onSent: touch };
  const sandbox = startSandbox({ ...shared, ...options });
  const post = (count = 1) => {
    // Later than all that was before, and earlier than all that comes.
    clock.pass(1);
    const posted = world.post(user, count).map(({ id }) => `${id}`);
    clock.pass(1);
    return posted;
  };
  try {
    await use({ sandbox, clock, post });
  } finally {
    await sandbox.close();
    clock.close();
  }
}
