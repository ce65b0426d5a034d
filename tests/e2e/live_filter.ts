/** What tests of a running filter stream share. */

import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { type Place, until } from "./program.ts";

/** The collection. */
export const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };

/** A world in which nothing has been posted yet. */
export function world(): World {
  return World.create({ clock: systemClock, users: 3, tweetsPerUser: 0 });
}

/** Waits until the stream is open. */
export async function connected(place: Place): Promise<void> {
  await until(() => Promise.resolve(place.sandbox.streams.size > 0));
}

/** Waits until the harvester has so many tweets. */
export async function collected(place: Place, tweets: number): Promise<void> {
  await until(async () => (await place.running("live")).tweets === tweets);
}
