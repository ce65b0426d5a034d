/** What one harvest of a schedule asks for, of the API and of its store: a real one, in which nothing is new. */

import { systemClock } from "../../../lib/base/clock.ts";
import { Waits } from "../../../lib/base/waits.ts";
import { startSandbox } from "../../../lib/sandbox/server.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { openApi } from "../../../lib/twitter/open.ts";
import { counted } from "../../fakes/counting_store.ts";
import { added, KEYS, run } from "../../fakes/whole_harvest.ts";

/** Of a harvest, unless a person says otherwise. */
const flushMs = 15_000;

/** What a harvest asks for. */
export interface OneRun {
  /** Endpoints of the API in the order in which they are asked, and as whom. */
  requests: { path: string; as: "app" | "user" }[];
  puts: number;
  gets: number;
}

/** What the second harvest of the timelines of so many users asks for, by version 1.1, as the app. */
export async function oneRun(users: number): Promise<OneRun> {
  const world = World.create({ clock: systemClock, users, tweetsPerUser: 1 });
  const sandbox = startSandbox({ world });
  try {
    const ids = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
    const store = await added({ id: "c", type: "user_timeline", keys: KEYS, users: ids });
    const keys = { ...sandbox.keys, bearer_token: sandbox.bearer };
    const opening = { version: "1.1", keys, base: sandbox.url, clock: systemClock } as const;
    await run(store, await openApi({ ...opening, waits: new Waits() }), {
      clock: later(1),
      flushMs,
    });
    const [before, asked] = [sandbox.requests.length, counted(store)];
    await run(store, await openApi({ ...opening, waits: new Waits() }), {
      clock: later(2),
      flushMs,
    });
    const requests = sandbox.requests.slice(before).map(({ path, as }) => ({ path, as }));
    return { requests, puts: asked.puts.length, gets: asked.gets.length };
  } finally {
    await sandbox.close();
  }
}

/** A clock of some minutes later: harvests of one second would have one folder. */
function later(minutes: number) {
  return { ...systemClock, now: () => systemClock.now() + minutes * 60_000 };
}
