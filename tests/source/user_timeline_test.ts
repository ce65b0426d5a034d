import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { ApiError, OutsideError, UserError } from "../../lib/base/errors.ts";
import { IdleClock } from "../fakes/idle_clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { added, json, KEYS, run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const DAMAGED = new ApiError("The answer is damaged, 10 times in a row", { status: 200 });

/** Timelines that are read side by side. */
const WIDTH = 16;
const UNAUTHORIZED = new UserError("The API answered with 401: Unauthorized", {
  cause: new ApiError("The API answered with 401: Unauthorized", { status: 401 }),
});

/** A clock by which hours pass at once, however busy the machine is. */
const idleClock = () =>
  new IdleClock({ start: Date.now(), rests: { afterTouch: 6, afterWaking: 1 } });

async function collected(users = 6) {
  const world = World.create({ clock: systemClock, users, tweetsPerUser: 25 });
  const ids = [...world.users.values()].filter(({ state }) => state === "open").map(({ id }) => id);
  const config = { id: "c", type: "user_timeline", keys: KEYS };
  const store = await added({ ...config, users: Object.fromEntries(ids.map((id) => [id, {}])) });
  return { world, ids, store, api: new WorldApi(world) };
}

Deno.test("a timeline that the API cannot give costs no other: it is set aside, asked once more, and recorded", async () => {
  for (const [name, place] of [["first", 0], ["in the middle", 2], ["last", 4]] as const) {
    const { ids, store, api } = await collected();
    const poisoned = ids[place] ?? "";
    let asked = 0;
    api.before = (call) => {
      if (call !== `timeline ${poisoned}`) return;
      asked++;
      throw DAMAGED;
    };
    using clock = idleClock();
    await run(store, api, { clock, patienceMs: 3_600_000 });
    assert.equal(asked, 2, name);
    assert.equal((await tweets(store)).length, (ids.length - 1) * 25);
    const info = await json(
      store,
      store.keys().find((key) => key.endsWith("/harvest.json")) ?? "",
    );
    assert.equal(info.outcome, "complete");
    assert.deepEqual(
      info.unavailable.map(({ id, why }: { id: string; why: string }) => [id, why]),
      [
        [poisoned, DAMAGED.message],
      ],
    );
    const { users } = await json(store, "collections/c/collection.json");
    assert.deepEqual(ids.filter((id) => users[id].since_id === undefined), [poisoned]);
    api.before = () => {};
    await run(store, api);
    const all = await tweets(store);
    assert.deepEqual([all.length, new Set(all).size], [ids.length * 25, ids.length * 25]);
  }
});

Deno.test("a limit that one timeline meets while the others are given is set aside, and ends none of them", async () => {
  const { ids, store, api } = await collected();
  const [limited = ""] = ids;
  using clock = idleClock();
  api.before = async (call) => {
    const isLimited = call === `timeline ${limited}`;
    await clock.sleep(isLimited ? 60_000 : 1_000);
    if (isLimited) throw new ApiError("The API answered with 429", { status: 429 });
  };
  await run(store, api, { clock, patienceMs: 3_600_000 });
  assert.equal((await tweets(store)).length, (ids.length - 1) * 25);
  const name = store.keys().find((key) => key.endsWith("/harvest.json")) ?? "";
  const { outcome, unavailable } = await json(store, name);
  assert.equal(outcome, "complete");
  assert.deepEqual(unavailable.map(({ id }: { id: string }) => id), [limited]);
});

Deno.test("a timeline that breaks off in its middle goes on from there, and since_id waits for it", async () => {
  const { ids, store, api } = await collected();
  const [poisoned = ""] = ids;
  let asked = 0;
  api.before = (call) => {
    if (call === `timeline ${poisoned}` && ++asked > 1) throw DAMAGED;
  };
  await run(store, api);
  assert.equal((await tweets(store)).length, (ids.length - 1) * 25 + 10);
  const config = await json(store, "collections/c/collection.json");
  assert.equal(config.users[poisoned].since_id, undefined);
  api.before = () => {};
  await run(store, api);
  const all = await tweets(store);
  assert.deepEqual([all.length, new Set(all).size], [ids.length * 25, ids.length * 25]);
});

Deno.test("an API that gives nobody ends the harvest, and names no user for it", async () => {
  const { store, api } = await collected();
  api.before = (call) => {
    if (call.startsWith("timeline")) throw DAMAGED;
  };
  await assert.rejects(run(store, api), (error) => {
    assert.ok(error instanceof OutsideError);
    assert.match(error.message, /^None of \d timelines could be read: The answer is damaged/);
    return true;
  });
});

Deno.test("an API that goes away for all in the middle is waited for, and sets nobody aside", async () => {
  const { ids, store, api } = await collected(60);
  using clock = idleClock();
  let [calls, refused] = [0, 0];
  api.before = (call) => {
    if (!call.startsWith("timeline") || ++calls < 30 || refused >= 150) return;
    refused++;
    throw new ApiError("The API did not answer", { status: 0 });
  };
  await run(store, api, { clock, patienceMs: 36_000_000 });
  assert.equal((await tweets(store)).length, ids.length * 25);
  assert.equal(refused, 150);
});

Deno.test("a user whose look-up fails is collected all the same", async () => {
  const { ids, store, api } = await collected();
  api.before = (call) => {
    if (call === "users") throw DAMAGED;
  };
  await run(store, api);
  assert.equal((await tweets(store)).length, ids.length * 25);
});

Deno.test("pages that are on their way at a stop are kept: they may be paid for", async () => {
  const { ids, store, api } = await collected();
  const stop = new AbortController();
  const answered = Promise.withResolvers<void>();
  const asked = new Set<string>();
  api.before = async (call, signal) => {
    if (!call.startsWith("timeline")) return;
    signal.throwIfAborted();
    asked.add(call);
    if (asked.size < 4) return await answered.promise;
    // The fourth is answered last, and before anything else is asked.
    stop.abort();
    answered.resolve();
  };
  await run(store, api, { signal: stop.signal });
  assert.equal(asked.size, 4);
  assert.equal((await tweets(store)).length, 40);
  api.before = () => {};
  await run(store, api);
  const all = await tweets(store);
  assert.deepEqual([all.length, new Set(all).size], [ids.length * 25, ids.length * 25]);
});

Deno.test("good keys that the API refuses for all in the middle are trouble of the API, waited for, and end nothing", async () => {
  for (const users of [12, 60]) {
    const { ids, store, api } = await collected(users);
    let [calls, refused] = [0, 0];
    api.before = (call) => {
      if (!call.startsWith("timeline") || ++calls < 5 || refused >= 30) return;
      refused++;
      throw UNAUTHORIZED;
    };
    using clock = idleClock();
    await run(store, api, { clock, patienceMs: 36_000_000 });
    assert.equal((await tweets(store)).length, ids.length * 25);
    assert.equal(refused, 30);
  }
});

Deno.test("keys that were never good end it at once, and those that stay refused after patience", async () => {
  for (const good of [0, 5]) {
    const { store, api } = await collected(60);
    let calls = 0;
    api.before = (call) => {
      if (call.startsWith("timeline") && ++calls > good) throw UNAUTHORIZED;
    };
    using clock = idleClock();
    await assert.rejects(
      run(store, api, { clock, patienceMs: 600_000 }),
      (thrown) => thrown === UNAUTHORIZED,
    );
    // Those that were on their way, and two more that could have been taken.
    assert.ok(good > 0 || calls <= WIDTH + 2, `${calls}`);
  }
});

Deno.test("many users whom the API cannot give, more than all others in a row, hold up and end nothing", async () => {
  const { ids, store, api } = await collected(90);
  const poisoned = new Set(ids.slice(3, 63).map((id) => `timeline ${id}`));
  let asked = 0;
  api.before = (call) => {
    if (!poisoned.has(call)) return;
    asked++;
    throw DAMAGED;
  };
  using clock = idleClock();
  await run(store, api, { clock, patienceMs: 3_600_000 });
  const given = ids.length - poisoned.size;
  assert.ok(given > 3);
  // As often as each one alone: nobody takes them for an API in trouble, which is waited for.
  assert.equal(asked, poisoned.size * 2);
  const all = await tweets(store);
  assert.deepEqual([all.length, new Set(all).size], [given * 25, given * 25]);
  const info = await json(store, store.keys().find((key) => key.endsWith("/harvest.json")) ?? "");
  assert.deepEqual([info.outcome, info.unavailable.length], ["complete", poisoned.size]);
});

Deno.test("keys that are refused for one user are good for the others, whoever comes first", async () => {
  for (const place of [0, 2, 4]) {
    const { ids, store, api } = await collected();
    const refused = ids[place] ?? "";
    const told = Promise.withResolvers<void>();
    api.before = async (call) => {
      if (!call.startsWith("timeline")) return;
      // Nobody is answered for before.
      if (call !== `timeline ${refused}`) return await told.promise;
      setTimeout(told.resolve);
      throw UNAUTHORIZED;
    };
    await run(store, api);
    assert.equal((await tweets(store)).length, (ids.length - 1) * 25, `${place}`);
    const { users } = await json(store, "collections/c/collection.json");
    assert.deepEqual(ids.filter((id) => users[id].since_id === undefined), [refused]);
  }
});

Deno.test("keys that are refused for the only two users there are, are named as that", async () => {
  const { ids, store, api } = await collected(2);
  assert.ok(ids.length > 0 && ids.length < 3);
  api.before = (call) => {
    if (call.startsWith("timeline")) throw UNAUTHORIZED;
  };
  await assert.rejects(run(store, api), (thrown) => thrown === UNAUTHORIZED);
});

Deno.test("a look-up that is refused after timelines were given ends nothing", async () => {
  const { ids, store, api } = await collected();
  api.before = (call) => {
    if (call === "users") throw UNAUTHORIZED;
  };
  await run(store, api);
  assert.equal((await tweets(store)).length, ids.length * 25);
});
