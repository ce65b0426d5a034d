import assert from "node:assert/strict";
import { inOneProcess } from "../../e2e/program.ts";

const users = (ids: number[]) => Object.fromEntries(ids.map((id) => [`${id}`, {}]));

Deno.test("splits a configuration over collections of a profile each, and schedules all of them", () =>
  inOneProcess(async (place) => {
    const { keys } = place.sandbox;
    const profiles = ["a", "b"].map((name) =>
      [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`), ""].join(
        "\n",
      )
    );
    await Deno.writeTextFile(place.path(".twarc"), profiles.join("\n"));
    const ids = [...place.sandbox.world.users.values()].map(({ id }) => Number(id)).slice(0, 3);
    const config = { id: "people", type: "user_timeline", keys, users: users(ids) };
    await place.writeJson("collection.json", config);
    const split = [
      "collection-config",
      "split",
      "--profiles",
      "a,b",
      "--schedule",
      "rate(7 days)",
      "--yes",
    ];
    const first = await place.ok(...split);
    assert.match(
      first,
      /^Added people-01: 1 user\.\nAdded people-02: 2 users\.\npeople-01:\nScheduled\n/,
    );
    assert.match(
      await place.ok("collection", "scheduled"),
      /people-01_schedule[^]*people-02_schedule/,
    );
    const again = await place.ok(...split);
    assert.match(again, /^people-01 exists already: 1 user\.\npeople-02 exists already/);
    for (const id of ["people-01", "people-02"]) await place.ok("collection", "stop", "--now", id);
    await place.writeJson("collection.json", { ...config, users: users(ids.slice(1)) });
    const other = await place.run(...split);
    assert.deepEqual([other.code, other.out], [1, ""]);
    assert.match(other.err, /^Error: Collection people-01 already exists with other users\. /);
  }));

Deno.test("says what is missing before anything is added", () =>
  inOneProcess(async (place) => {
    const { keys } = place.sandbox;
    await place.writeJson("collection.json", {
      id: "p",
      type: "user_timeline",
      keys,
      users: users([1, 2]),
    });
    const none = await place.run("collection-config", "split");
    assert.deepEqual([none.code, none.out], [2, ""]);
    assert.match(none.err, /--into, or name several profiles with --profiles/);
    const unknown = await place.run("collection-config", "split", "--profiles", "a,nobody");
    assert.equal(unknown.code, 1);
    const many = await place.run("collection-config", "split", "--into", "3");
    assert.match(many.err, /^Error: 2 users cannot be split over 3 collections/);
    assert.equal(
      await place.ok("collection", "list", "--bucket", "./twarc-cloud-data").catch(() => ""),
      "",
    );
  }));
