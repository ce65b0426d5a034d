import assert from "node:assert/strict";
import { FAULTS, playAt, TYPES } from "./scenario.ts";
import { PLAYS_ALL, SEED } from "../fakes/turns.ts";

/** Every write is played with TWARC_CLOUD_ALL=1, one of so many without, others each time. */
const ONE_OF = PLAYS_ALL ? 1 : 12;

const LOST = FAULTS.filter((fault) => /^(answer lost|tried again)/.test(fault));

for (const type of TYPES) {
  for (const [i, fault] of LOST.entries()) {
    Deno.test(`${type}: a write that is done, and whose answer is lost (${fault}), loses, doubles and forges nothing (seed ${SEED})`, async () => {
      let played = 0;
      for (let at = 1 + (SEED + i) % ONE_OF;; at += ONE_OF) {
        const outcome = await playAt(type, { fault, at, seed: SEED + at });
        const { lost, lostInFlight, tried, twice, unreadable, unlisted } = outcome;
        const replay = `TWARC_CLOUD_SEED=${SEED} at write ${at}`;
        assert.deepEqual(
          { lost, twice, unreadable, unlisted },
          { lost: [], twice: [], unreadable: [], unlisted: [] },
          replay,
        );
        assert.ok(lostInFlight <= 3, replay);
        if (!tried.has(fault)) break;
        played++;
      }
      assert.ok(played >= 12 / ONE_OF, `only ${played} writes were played`);
    });
  }
}
