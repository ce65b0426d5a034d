import assert from "node:assert/strict";
import { thisProcess } from "../../lib/bucket/process.ts";
import { Spool } from "../../lib/harvest/spool.ts";
import { leftPlaces, ownPlace } from "../../lib/harvest/spool_place.ts";

Deno.test("a harvester has a place of its own, keeps out of that of one that lives, and finds what those left that are gone", async () => {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const place = { parent, name: "c" };
  const host = Deno.hostname();
  const neighbour = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  try {
    const own = ownPlace(place, thisProcess());
    assert.deepEqual(await leftPlaces(own, thisProcess()), []);
    const paused = ownPlace(place, { host, pid: neighbour.pid });
    const elsewhere = ownPlace(place, { host: "elsewhere", pid: gone.pid });
    const left = ownPlace(place, { host, pid: gone.pid });
    const numbered = ownPlace(place, thisProcess());
    const renumbered = ownPlace(place, { host, pid: neighbour.pid });
    const spools = [];
    for (const { parent, name } of [own, paused, elsewhere, left, numbered, renumbered]) {
      spools.push(await Spool.open(parent, name));
    }
    for (const spool of spools.slice(3)) spool.leave();
    // As a version before, which knew a process by its number only, left them.
    const old = [ownPlace(place, { host, pid: neighbour.pid }), ownPlace(place, thisProcess())];
    for (const { parent, name } of old) await Deno.mkdir(`${parent}/${name}`);
    await Deno.mkdir(`${parent}/c/somebody's`);
    const found = await leftPlaces(own, thisProcess());
    assert.deepEqual(
      found.toSorted(),
      [left, numbered, renumbered, ...old.slice(1)].map(({ parent, name }) => `${parent}/${name}`)
        .toSorted(),
    );
  } finally {
    neighbour.kill("SIGKILL");
    await neighbour.status;
    await Deno.remove(parent, { recursive: true });
  }
});
