import assert from "node:assert/strict";
import { inOneProcess } from "../../e2e/program.ts";

Deno.test("a query that the API refuses is found when its collection is added, and nothing is added", () =>
  inOneProcess(async (place) => {
    const config = (query: string, more = {}) => ({
      id: "find",
      type: "search",
      api: "2",
      search: { query },
      keys: { bearer_token: place.sandbox.bearer },
      ...more,
    });
    await place.writeJson("collection.json", config("cats (dogs OR"));
    const refused = await place.run("collection", "add");
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /^Error: The API rejects the query: .*a term is missing.*OR needs a term on each side.*--no-check/,
    );
    await assert.rejects(Deno.stat(place.path("twarc-cloud-data")), Deno.errors.NotFound);
    await place.ok("collection", "add", "--no-check");

    await place.writeJson("collection.json", config("cats", { id: "good" }));
    const added = await place.run("collection", "add");
    assert.match(added.out, /^Collection added\./);
    assert.doesNotMatch(added.err, /tried/);
    assert.equal(place.sandbox.ledger.totalBilled.counts, 1);

    // One that fails is not asked again: it can be done without.
    place.sandbox.troubles.add({ kind: "garbage", path: "counts", times: 2 });
    await place.writeJson("collection.json", config("cats", { id: "odd" }));
    const odd = await place.run("collection", "add");
    assert.match(odd.err, /^The query could not be tried: .*damaged/);
    assert.equal(place.sandbox.requests.filter(({ path }) => path.includes("counts")).length, 3);

    // A harvest will show what keys that are not taken now are good for.
    const wrong = { id: "other", keys: { bearer_token: "withdrawn" } };
    await place.writeJson("collection.json", config("cats", wrong));
    const untried = await place.run("collection", "add");
    assert.match(untried.out, /^Collection added\./);
    assert.match(untried.err, /^The query could not be tried: .*401/);
  }));

Deno.test("a changed query that the API refuses is found when the collection is updated, and nothing is changed", () =>
  inOneProcess(async (place) => {
    const keys = { bearer_token: place.sandbox.bearer };
    await place.writeJson("collection.json", {
      id: "find",
      type: "search",
      api: "2",
      search: { query: "cats" },
      keys,
    });
    await place.ok("collection", "add", "--no-check");
    const counts = () =>
      place.sandbox.requests.filter(({ path }) => path.includes("counts")).length;
    const added = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    const changed = (more: Record<string, unknown>) =>
      place.writeJson("collection.json", { ...added, ...more });

    await changed({ search: { query: "cats (dogs OR" } });
    const refused = await place.run("collection-config", "update");
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /^Error: The API rejects the query: .*OR needs a term on each side.*update it again; --no-check updates/,
    );
    const changes = await place.run("collection-config", "changes", "find", "--json");
    assert.equal(JSON.parse(changes.out).length, 1, "that it was added");

    // What is not the query is not paid for.
    await changed({ title: "Cats" });
    await place.ok("collection-config", "update");
    assert.equal(counts(), 1);
    await place.writeJson("collection.json", {
      ...JSON.parse(await Deno.readTextFile(place.path("collection.json"))),
      search: { query: "dogs" },
    });
    const updated = await place.run("collection-config", "update");
    assert.match(updated.out, /^Collection configuration updated\./);
    assert.equal(counts(), 2);
  }));
