import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess } from "./program.ts";

for (const api of ["1.1", "2"]) {
  Deno.test(`dehydrate prints every tweet's id once, of every harvest, with version ${api}`, () =>
    inOneProcess(async (place) => {
      await place.add({ id: "find", type: "search", api, search: { query: "sandbox" } });
      assert.equal(await place.ok("collection", "dehydrate", "find"), "");
      await place.ok("collection", "once", "find", "--wait");
      const [user = ""] = place.sandbox.world.users.keys();
      place.sandbox.world.post(user, 3);
      await place.ok("collection", "once", "find", "--wait");
      const ids = (await place.ok("collection", "dehydrate", "find")).trimEnd().split("\n");
      const wanted = place.sandbox.world.search("sandbox", { count: 1_000 }).map((status) =>
        `${status.id}`
      );
      assert.deepEqual(ids.toSorted(), wanted.toSorted());
    }, { world: World.made({ clock: systemClock, users: 3, tweetsPerUser: 80 }) }));
}

Deno.test("a file that is damaged ends dehydrate with its name", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    await place.ok("collection", "once", "find", "--wait");
    const [folder = ""] = await place.harvests("find");
    const { name } = (await Array.fromAsync(Deno.readDir(folder))).find((entry) =>
      entry.name.startsWith("tweets-")
    ) ??
      assert.fail();
    await Deno.truncate(`${folder}/${name}`, 100);
    const { code, err } = await place.run("collection", "dehydrate", "find");
    assert.equal(code, 3);
    assert.match(err, new RegExp(`Error: .*${name} cannot be read`));
  }, { world: World.made({ clock: systemClock, users: 3, tweetsPerUser: 80 }) }));
