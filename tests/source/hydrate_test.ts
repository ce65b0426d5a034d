import assert from "node:assert/strict";
import { ApiError, UserError } from "../../lib/base/errors.ts";
import { HydrateSource } from "../../lib/source/hydrate.ts";
import { World } from "../../lib/sandbox/world.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { TweetsFound } from "../../lib/twitter/api.ts";
import { QuickClock } from "../fakes/quick_clock.ts";
import { WorldApi } from "../fakes/world_api.ts";

const never = new AbortController().signal;

/** An API that refuses every call with an id that is bad. */
class RefusingApi extends WorldApi {
  calls = 0;
  readonly #refused: (ids: string[]) => Error | null;

  constructor(refused: (ids: string[]) => Error | null) {
    super(World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 }));
    this.#refused = refused;
  }

  override tweets(ids: string[]): Promise<TweetsFound> {
    this.calls++;
    const refused = this.#refused(ids);
    if (refused) return Promise.reject(refused);
    const lines = [new TextEncoder().encode(ids.join(","))];
    return Promise.resolve({ lines, count: ids.length, asked: ids.length, missing: [] });
  }
}

async function hydrated(
  api: RefusingApi,
  count: number,
  { clock = new QuickClock(), patienceMs = 0 } = {},
) {
  const ids = BigUint64Array.from({ length: count }, (_, i) => BigInt(i + 1));
  const batches = await Array.fromAsync(
    new HydrateSource(api, { ids, patienceMs }, clock).batches({}, never),
  );
  return {
    ids: batches.flatMap(({ tweets }) => tweets).flatMap((line) =>
      new TextDecoder().decode(line).split(",")
    ),
    missing: batches.flatMap(({ missing = [] }) => missing),
    last: batches.at(-1),
  };
}

const refusal = (status: number, problem?: string) =>
  new ApiError(`The API answered 2/tweets with ${status}`, {
    status,
    ...(problem ? { problem } : {}),
  });

Deno.test("an id that the API refuses is accounted for, and costs no other one", async () => {
  for (
    const error of [
      refusal(400),
      refusal(403),
      new UserError("Unauthorized", { cause: refusal(401, "unauthorized") }),
    ]
  ) {
    const bad = new Set(["7", "203", "204", "450"]);
    const api = new RefusingApi((ids) => ids.some((id) => bad.has(id)) ? error : null);
    const { ids, missing, last } = await hydrated(api, 450);
    assert.deepEqual(missing.map(({ id }) => id), [...bad]);
    assert.ok(missing.every(({ why, detail }) => why === "refused" && detail === error.message));
    assert.deepEqual(
      ids,
      Array.from({ length: 450 }, (_, i) => `${i + 1}`).filter((id) => !bad.has(id)),
    );
    assert.equal(last?.position, "whole");
    assert.ok(api.calls < 80, `${api.calls} calls`);
  }
});

Deno.test("a refusal that is of the keys, a cap or the API ends it, with nothing called missing", async () => {
  const cases: [Error, number][] = [
    [new UserError("Unauthorized", { cause: refusal(401, "unauthorized") }), 40],
    [new UserError("No credits", { cause: refusal(402, "credits") }), 1],
    [new UserError("Cap", { cause: refusal(429, "usage-capped") }), 1],
    [refusal(503), 1],
  ];
  for (const [error, calls] of cases) {
    const api = new RefusingApi(() => error);
    await assert.rejects(hydrated(api, 450), (thrown) => thrown === error);
    assert.ok(api.calls <= calls, `${api.calls} calls of ${error.message}`);
  }
});

for (const status of [401, 403, 404]) {
  Deno.test(`an API that answers ${status} to everything in the middle is waited for, and no id is called missing`, async () => {
    const error = status === 401
      ? new UserError("Unauthorized", { cause: refusal(401, "unauthorized") })
      : refusal(status);
    const clock = new QuickClock();
    let answered = 0;
    const paused = () => clock.slept.length;
    const api = new RefusingApi(() => answered > 0 && paused() < 20 ? error : (answered++, null));
    const { ids, missing, last } = await hydrated(api, 450, { clock, patienceMs: 3_600_000 });
    assert.deepEqual(missing, []);
    assert.equal(new Set(ids).size, 450);
    assert.equal(last?.position, "whole");
    assert.deepEqual(clock.slept, Array(20).fill(60_000));
  });
}

Deno.test("an API that refuses everything for longer than patience ends it with the refusal, and goes on there later", async () => {
  const error = new UserError("Unauthorized", { cause: refusal(401, "unauthorized") });
  const clock = new QuickClock();
  let answered = 0;
  const api = new RefusingApi(() => answered > 1 ? error : (answered++, null));
  const harvested = hydrated(api, 450, { clock, patienceMs: 600_000 });
  await assert.rejects(harvested, (thrown) => thrown === error);
  assert.ok(clock.slept.length === 10, `${clock.slept.length}`);
});

Deno.test("ids of which an answer says nothing are asked for once more, and only what is silent twice is missing", async () => {
  let asked = 0;
  const api = new RefusingApi(() => null);
  api.tweets = (ids) => {
    asked++;
    const silent = ids.filter((id) => id === "7" || (ids.length > 60 && Number(id) % 2 === 0));
    const found = ids.filter((id) => !silent.includes(id));
    const lines = found.length > 0 ? [new TextEncoder().encode(found.join(","))] : [];
    const missing = silent.map((id) => ({ id, why: "not_told" as const }));
    return Promise.resolve({ lines, count: found.length, asked: ids.length, missing });
  };
  const { ids, missing } = await hydrated(api, 300);
  assert.equal(new Set(ids).size, 299);
  assert.equal(ids.length, 299);
  assert.deepEqual(missing, [{ id: "7", why: "not_told" }]);
  assert.equal(asked, 6);
});

Deno.test("access that is refused after ids were answered is waited for, as trouble of the API", async () => {
  let calls = 0;
  const error = new UserError("Client Forbidden", { cause: refusal(403, "client-forbidden") });
  const api = new RefusingApi(() => {
    calls++;
    return calls > 2 && calls < 10 ? error : null;
  });
  const { ids, missing } = await hydrated(api, 500, { patienceMs: 3_600_000 });
  assert.deepEqual([new Set(ids).size, missing], [500, []]);
  const never = new RefusingApi(() => error);
  await assert.rejects(hydrated(never, 500, { patienceMs: 3_600_000 }), /Client Forbidden/);
});
