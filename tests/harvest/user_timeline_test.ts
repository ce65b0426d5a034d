import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { ApiError, OutsideError } from "../../lib/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import { added, json, KEYS, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const DAMAGED = new ApiError("The answer is damaged, 10 times in a row", { status: 200 });

async function collected() {
  const world = World.made({ clock: systemClock, users: 6, tweetsPerUser: 25 });
  const ids = [...world.users.values()].filter(({ state }) => state === "open").map(({ id }) => id);
  const users = Object.fromEntries(ids.map((id) => [id, {}]));
  const store = await added({ id: "c", type: "user_timeline", keys: KEYS, users });
  return { world, ids, store, api: new WorldApi(world) };
}

Deno.test("a timeline that the API cannot give costs no other: they are whole, and it is left for the next harvest", async () => {
  const { ids, store, api } = await collected();
  const [, poisoned = ""] = ids;
  api.before = async (call) => {
    if (call !== `timeline ${poisoned}`) return;
    // As long as ten tries take: others are answered meanwhile.
    await new Promise((resolve) => setTimeout(resolve, 50));
    throw DAMAGED;
  };
  await assert.rejects(run(store, api), (error) => {
    assert.ok(error instanceof OutsideError);
    assert.match(
      error.message,
      new RegExp(`^One timeline could not be read.*${poisoned}.*damaged`),
    );
    return true;
  });
  assert.equal((await tweets(store)).length, (ids.length - 1) * 25);
  const { users } = await json(store, "collections/c/collection.json");
  const without = ids.filter((id) => users[id].since_id === undefined);
  assert.deepEqual(without, [poisoned]);
  api.before = () => {};
  await run(store, api);
  const all = await tweets(store);
  assert.deepEqual([all.length, new Set(all).size], [ids.length * 25, ids.length * 25]);
});

Deno.test("an API that answers nobody ends the harvest at once, not after every user", async () => {
  const { store, api } = await collected();
  let asked = 0;
  api.before = (call) => {
    if (!call.startsWith("timeline")) return;
    asked++;
    throw DAMAGED;
  };
  await assert.rejects(run(store, api), DAMAGED);
  assert.ok(asked <= 4, `${asked}`);
});
