import assert from "node:assert/strict";
import { z } from "zod";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { idsOf, inOneProcess, until } from "./program.ts";

const FILTER = { id: "live", type: "filter", filter: { track: "sandbox" } };
const lockSchema = z.object({ control: z.url() });

Deno.test({
  name: "a harvest that may have 256 descriptors has them, whoever connects to its control server",
  // Windows knows no such limit.
  fn: () =>
    inOneProcess(async (place) => {
      await place.add(FILTER);
      const args = ["harvest", "run", "--port", "0", "--flush-secs", "1", "live"];
      const harvester = place.spawn(args, {}, "ulimit -n 256");
      const ended = harvester.output();
      await until(() => Promise.resolve(place.sandbox.streams.size > 0));
      const { control } = lockSchema.parse(await place.object("live/lock.json"));
      const { hostname, port } = new URL(control);
      const idle: Deno.TcpConn[] = [];
      const posted: string[] = [];
      for (let i = 0; i < 600; i++) {
        idle.push(await Deno.connect({ hostname, port: Number(port) }));
        if (i % 20 === 0) posted.push(...place.post(1));
      }
      await until(async () => (await place.running("live")).tweets === posted.length);
      assert.equal(await place.ok("collection", "filter-stop", "live"), "Stopping ...\nStopped\n");
      const { success, stderr } = await ended;
      assert.ok(success, new TextDecoder().decode(stderr));
      assert.doesNotMatch(new TextDecoder().decode(stderr), /warning|error|bug/i);
      assert.deepEqual(idsOf(await place.tweets("live")), posted);
      for (const connection of idle) connection.close();
    }, { world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 0 }) }),
});
