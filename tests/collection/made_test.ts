import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { VERSION } from "../../lib/base/version.ts";
import { checkConfig } from "../../lib/collection/config.ts";
import { madeFrom } from "../../lib/collection/made.ts";
import { World } from "../../lib/sandbox/world.ts";
import { added, KEYS, run, told } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const BASE = { id: "c", keys: KEYS };

Deno.test("a harvest says what it was asked for, as far as that is short", () => {
  const asked = (config: object) => madeFrom(checkConfig({ ...BASE, ...config })).asked;
  assert.deepEqual(asked({ type: "user_timeline", users: { "1": {}, "2": {} } }), { users: 2 });
  const search = { query: "x", archive: "all", since_id: "7" };
  assert.deepEqual(asked({ type: "search", api: "2", search }), search);
  assert.deepEqual(asked({ type: "filter", filter: { track: "x" } }), { track: "x" });
  const track = Array.from({ length: 400 }, (_, i) => `a long term ${i}`).join(",");
  assert.deepEqual(asked({ type: "filter", filter: { track } }), { see: "collection.json" });
});

/** What a harvest of a search says of itself. */
async function harvested(
  search: object,
  options: Partial<Parameters<typeof run>[2]> & { before?: (call: string) => void } = {},
) {
  const store = await added({ ...BASE, type: "search", search: { query: "sandbox", ...search } });
  const api = new WorldApi(World.create({ clock: systemClock, users: 2, tweetsPerUser: 20 }));
  const { before, ...rest } = options;
  if (before) api.before = before;
  await run(store, api, { flushMs: 15_000, ...rest }).catch(() => {});
  const [info] = await told(store);
  return info ?? assert.fail("no harvest.json");
}

Deno.test("harvest.json says which program made it, of which API, and why it ended", async () => {
  const { made, ended_by, outcome } = await harvested({});
  assert.deepEqual(made, {
    program: `twarc-cloud ${VERSION}`,
    bucket_format: 1,
    api: "X 1.1",
    asked: { query: "sandbox" },
  });
  assert.deepEqual([outcome, ended_by], ["complete", "done"]);
  assert.equal((await harvested({ max_records: 5 })).ended_by, "max_records");
  const stopped = new AbortController();
  const before = () => stopped.abort();
  assert.equal((await harvested({}, { signal: stopped.signal, before })).ended_by, "signal");
  const failing = () => {
    throw new Error("a bug");
  };
  assert.equal((await harvested({}, { before: failing })).ended_by, "fault");
});

Deno.test("a harvest ends after it began, though the clock is set back meanwhile", async () => {
  let back = 0;
  const clock = { ...systemClock, now: () => Date.now() - back };
  const info = await harvested({}, { clock, before: () => void (back = 3_600_000) });
  const [began, ended] = [info.harvest_timestamp, info.harvest_end_timestamp].map((time) =>
    Date.parse(`${time}`)
  );
  assert.ok((began ?? NaN) <= (ended ?? NaN), `${began} to ${ended}`);
});
