import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { failing, streamed } from "../fakes/slow_stream.ts";
import { run, tweets } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { numbersInTurn, SEED } from "../fakes/turns.ts";

const AWAY = new OutsideError("The store is away");
const silent = () => new WorldApi(World.create({ clock: systemClock, users: 1, tweetsPerUser: 0 }));

/** What goes wrong at a write of the harvest that commits what was left. */
const FAULTS = ["killed before", "killed after", "refused", "answer lost"] as const;

/** Lets a write of a store go wrong; tells whether there was such a one. */
function broken(store: MemoryStore, at: number, fault: typeof FAULTS[number]): () => boolean {
  let [writes, isDead] = [0, false];
  const isWrite = (method: string) => ["put", "upload", "delete"].includes(method);
  store.before = ({ method }) => {
    if (isWrite(method) && ++writes === at && fault === "killed before") isDead = true;
    if (isDead) throw new Error("killed");
    if (writes === at && isWrite(method) && fault === "refused") throw AWAY;
  };
  store.after = () => {
    if (writes !== at) return;
    if (fault === "killed after") isDead = true;
    if (isDead) throw new Error("killed");
    if (fault === "answer lost") throw AWAY;
  };
  return () => writes >= at;
}

/** Another harvest, whatever becomes of it, by a clock that goes on. */
async function harvested(store: MemoryStore, parent: string): Promise<void> {
  const clock = new ManualClock();
  await clock.advance(3_600_000);
  let isOver = false;
  const running = run(store, silent(), { parent, clock, patienceMs: 600_000 })
    .catch(() => {}).finally(() => isOver = true);
  while (!isOver) await clock.advance(10_000);
  await running;
}

for (const fault of FAULTS) {
  Deno.test(`what was left comes once, whichever write of the next harvest is ${fault}`, async () => {
    const parent = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
    try {
      const own = { parent, patienceMs: 240_000 };
      const { store, ids, read } = await streamed(10, failing(AWAY, 2), own);
      for (const at of numbersInTurn(3)) {
        const again = join(parent, `${at}`);
        cpSync(join(parent, "c"), join(again, "c"), { recursive: true });
        const copy = store.copy();
        const isReached = broken(copy, at, fault);
        await harvested(copy, again);
        [copy.before, copy.after] = [() => {}, () => {}];
        await harvested(copy, again);
        assert.deepEqual(
          await tweets(copy),
          ids.slice(0, Number(read.at(-1)) - 1),
          `write ${at}, TWARC_CLOUD_SEED=${SEED}`,
        );
        if (isReached()) continue;
        assert.ok(at > 15, `${at} writes were seen`);
        return;
      }
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}
