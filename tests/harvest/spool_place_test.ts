import assert from "node:assert/strict";
import { thisProcess } from "../../lib/bucket/process.ts";
import { Spool } from "../../lib/harvest/spool.ts";
import { ownPlace } from "../../lib/harvest/spool_place.ts";

Deno.test("a harvester has a place of its own, keeps out of that of one that lives, and clears what those left that are gone", async () => {
  const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const place = { parent, name: "c" };
  const host = Deno.hostname();
  const neighbour = new Deno.Command("sleep", { args: ["60"] }).spawn();
  const gone = new Deno.Command("true").spawn();
  await gone.status;
  try {
    const paused = await ownPlace(place, { host, pid: neighbour.pid });
    const left = await ownPlace(place, { host, pid: gone.pid });
    for (const { parent, name } of [paused, left]) await Spool.open(parent, name);
    await Deno.mkdir(`${parent}/c/${left.name}-kept-20260102`);
    const own = await ownPlace(place, thisProcess());
    const spool = await Spool.open(own.parent, own.name);
    await spool.close();
    const names = (await Array.fromAsync(Deno.readDir(`${parent}/c`))).map(({ name }) => name);
    assert.deepEqual(names.toSorted(), [paused.name, `${left.name}-kept-20260102`].toSorted());
  } finally {
    neighbour.kill("SIGKILL");
    await neighbour.status;
    await Deno.remove(parent, { recursive: true });
  }
});
