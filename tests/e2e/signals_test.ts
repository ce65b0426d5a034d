import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { idsOf, inOneProcess, until } from "./program.ts";

const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };

// `deno task` passes a terminal's Ctrl-C on to what has had it already.
for (const signals of [["SIGHUP"], ["SIGTERM"], ["SIGINT", "SIGINT"]] as const) {
  Deno.test(`${signals.join(" and ")}: a harvest of a stream stores all that has come, and ends well`, () => {
    const world = World.create({ clock: systemClock, users: 3, tweetsPerUser: 0 });
    return inOneProcess(async (place) => {
      await place.add(FILTER);
      const args = ["harvest", "run", "--port", "0", "--flush-secs", "3600", "live"];
      const harvester = place.spawn(args);
      const ended = harvester.output();
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      const posted = place.post(25);
      await until(async () => (await place.running("live")).tweets === 25);
      for (const signal of signals) {
        harvester.kill(signal);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const { success, stderr } = await ended;
      assert.ok(success, new TextDecoder().decode(stderr));
      assert.deepEqual(idsOf(await place.tweets("live")), posted);
      await assert.rejects(place.object("live/lock.json"));
    }, { world });
  });
}
