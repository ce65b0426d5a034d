import assert from "node:assert/strict";
import { type Moto, sharedMoto } from "../peers/moto.ts";
import { playProcesses } from "./process_play.ts";
import { inTurns, SEED } from "../fakes/turns.ts";

/**
 * A search in S3 and a stream in a folder, or timelines in a folder and a stream in S3: with version 2 of the API in
 * S3, and 1.1 in folders.
 */
const COLLECTIONS = [...inTurns([10, 0], 0), ...inTurns([2, 11], 0)];
const EXTENT = { rounds: 1, isLong: false };

let moto: Promise<Moto> | undefined;
const ending = new AbortController();
Deno.test.afterAll(async () => {
  ending.abort();
  await (await moto)?.close();
});

async function playGood(number: number): Promise<void> {
  const options = { seed: SEED, number, extent: EXTENT, signal: ending.signal };
  const outcome = await playProcesses({ ...options, moto: () => moto ??= sharedMoto() });
  const { lost, twice, unreadable, garbage, problems } = outcome;
  const none: string[] = [];
  assert.deepEqual(
    { lost, twice, unreadable, garbage, problems },
    { lost: none, twice: none, unreadable: none, garbage: none, problems: none },
    `deno task soak --short --rounds ${EXTENT.rounds} --only ${number} --seed ${SEED}`,
  );
}

Deno.test(`real harvesters, in a folder and in S3: whatever goes wrong, nothing is lost, twice, or unreadable (seed ${SEED})`, async () => {
  const numbers = [...COLLECTIONS];
  const work = async () => {
    for (let n = numbers.shift(); n !== undefined; n = numbers.shift()) await playGood(n);
  };
  // Each clears away what it has, also where the other one fails.
  const ended = await Promise.allSettled([work(), work()]);
  for (const one of ended) if (one.status === "rejected") throw one.reason;
});
