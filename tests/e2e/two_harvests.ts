/** A collection that was harvested twice, for what reads its files. */

import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place } from "./program.ts";

/** A place with two harvests, and the path of the tweets file of each. */
export async function withTwoFiles(
  use: (place: Place, files: [string, string]) => Promise<void>,
): Promise<void> {
  await inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.harvest("find");
    const [user = ""] = place.sandbox.world.users.keys();
    place.sandbox.world.post(user, 3);
    await place.harvest("find");
    const files = [];
    for (const folder of await place.harvests("find")) {
      for await (const { name } of Deno.readDir(folder)) {
        if (name.startsWith("tweets-")) files.push(`${folder}/${name}`);
      }
    }
    const [first = "", second = ""] = files;
    await use(place, [first, second]);
  }, { world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 80 }) });
}
