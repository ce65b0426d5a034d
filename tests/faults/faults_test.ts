import assert from "node:assert/strict";
import { Chance } from "./random.ts";
import { play, TYPES } from "./scenario.ts";
import { PLAYS_ALL, SEED } from "../fakes/turns.ts";

/** Collections of each type. */
const COLLECTIONS = PLAYS_ALL ? 60 : 6;

for (const type of TYPES) {
  Deno.test(`${type}: whatever goes wrong, nothing is lost, twice, or unreadable (seed ${SEED})`, async () => {
    for (let i = 0; i < COLLECTIONS; i++) {
      const seed = SEED + i;
      const { lostInFlight, tried, ...outcome } = await play(type, new Chance(seed));
      const { lost, twice, unreadable, unlisted } = outcome;
      const faults = [...tried.keys()].join(", ");
      const replay = `Replay with TWARC_CLOUD_SEED=${seed} deno task test (${faults})`;
      assert.deepEqual({ lost, twice, unreadable, unlisted }, {
        lost: [],
        twice: [],
        unreadable: [],
        unlisted: [],
      }, replay);
      assert.ok(lostInFlight <= 8, replay);
    }
  });
}
