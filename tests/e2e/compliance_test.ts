import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place, until } from "./program.ts";

const world = () => ({ world: World.create({ clock: systemClock, users: 4, tweetsPerUser: 60 }) });

/** A collection of a search with its tweets, some of which are gone since; why, by id. */
async function withGone(place: Place, api: string): Promise<Record<string, string>> {
  await place.add({ id: "find", type: "search", api, search: { query: "sandbox" } });
  await place.harvest("find");
  place.post(3);
  await place.harvest("find");
  const { world } = place.sandbox;
  const [deleting, suspended] = [...world.users.values()];
  assert.ok(deleting && suspended);
  const gone: Record<string, string> = {};
  for (const status of world.timeline(suspended.id, { count: 100 })) {
    gone[`${status.id}`] = "suspended";
  }
  suspended.state = "suspended";
  for (const status of world.timeline(deleting.id, { count: 5 })) {
    gone[`${status.id}`] = "deleted";
    world.remove(`${status.id}`);
  }
  return gone;
}

async function idsLeft(place: Place): Promise<string[]> {
  return (await place.ok("collection", "dehydrate", "find")).trimEnd().split("\n");
}

for (const api of ["1.1", "2"]) {
  Deno.test(`compliance lists what must be deleted and why, and removes it, with version ${api}`, () =>
    inOneProcess(async (place) => {
      const gone = await withGone(place, api);
      const before = await idsLeft(place);
      const told = JSON.parse(await place.ok("collection", "compliance", "find", "--json"));
      const found = told.delete.map((one: { id: string; reason: string }) => [one.id, one.reason]);
      assert.deepEqual(Object.fromEntries(found), gone);
      assert.equal(told.ids, before.length);
      assert.equal(told.removed, null);
      assert.deepEqual(await idsLeft(place), before, "Nothing is removed unasked");

      const out = await place.ok("collection", "compliance", "find", "--apply");
      assert.match(out, /Removed 65 tweets from 2 files\./);
      const left = before.filter((id) => !(id in gone));
      assert.deepEqual(await idsLeft(place), left);
      // Checks the manifests, and that no file is there unlisted.
      await place.tweets("find");
      const last = JSON.parse(await place.ok("harvest", "last", "find", "--json"));
      assert.deepEqual([last.tweets, last.files, last.removed], [0, 0, 3]);
      const changes = await place.ok("collection-config", "changes", "find");
      const [id, reason] = Object.entries(gone)[0] ?? [];
      assert.match(
        changes,
        new RegExp(`Tweet ${id} \\(${reason}\\) removed from harvests/.*gz on`),
      );
      const jobs = place.sandbox.requests.filter(({ method }) => method === "POST");
      assert.equal(jobs.filter(({ path }) => path.startsWith("/2/compliance")).length, 1);

      const again = await place.run("collection", "compliance", "find", "--apply");
      assert.match(again.err, /Nothing must be deleted/);
      place.post(2);
      await place.harvest("find");
      assert.equal((await idsLeft(place)).length, left.length + 2, "The next harvest goes on");
    }, world()));
}

Deno.test("a check that was killed goes on with the same job", () =>
  inOneProcess(async (place) => {
    const gone = await withGone(place, "2");
    place.sandbox.compliance.looks = 1_000;
    const child = place.spawn(["collection", "compliance", "find"]);
    await until(() => {
      const looks = place.sandbox.requests.filter(({ path }) => /jobs\/\d+$/.test(path));
      return Promise.resolve(looks.length >= 2);
    });
    child.kill("SIGKILL");
    await child.output();
    place.sandbox.compliance.finish();
    const told = JSON.parse(await place.ok("collection", "compliance", "find", "--json"));
    assert.equal(told.delete.length, Object.keys(gone).length);
    const created = place.sandbox.requests.filter(({ method, path }) =>
      method === "POST" && path === "/2/compliance/jobs"
    );
    assert.equal(created.length, 1);
  }, world()));

Deno.test("a job that fails is told, and the next check makes a new one", () =>
  inOneProcess(async (place) => {
    await withGone(place, "2");
    place.sandbox.compliance.failing = 1;
    const failed = await place.run("collection", "compliance", "find");
    assert.equal(failed.code, 3);
    assert.match(failed.err, /Error: The compliance job failed\. Start it again later/);
    assert.match(
      await place.ok("collection", "compliance", "find"),
      / {2}suspended {2}collections/,
    );
  }, world()));

Deno.test("what must be deleted is not removed while the collection is harvested", () =>
  inOneProcess(async (place) => {
    await place.add({
      id: "find",
      type: "filter",
      api: "2",
      filter: { rules: [{ value: "sandbox" }] },
    });
    const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "find"]);
    await until(() => Promise.resolve(place.sandbox.filtered.size > 0));
    const [id = ""] = place.post(1);
    await until(async () => (await idsLeft(place)).includes(id));
    place.sandbox.world.remove(id);
    const { code, err } = await place.run("collection", "compliance", "find", "--apply");
    assert.equal(code, 1);
    assert.match(err, /find is being harvested/);
    assert.ok((await idsLeft(place)).includes(id));
    await place.end(harvest, "find");
    await harvest.output();
    await place.ok("collection", "compliance", "find", "--apply");
    assert.deepEqual(await idsLeft(place), [""]);
  }, world()));

Deno.test("a collection without tweets has nothing to look up", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
    const { code, err } = await place.run("collection", "compliance", "find");
    assert.equal(code, 1);
    assert.match(err, /find has no tweets/);
  }, world()));
