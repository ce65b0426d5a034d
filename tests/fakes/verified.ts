/**
 * Verifies many small harvests, and prints what is in memory of each at the last one. A process of its own, with
 * --expose-gc.
 */

import { systemClock } from "../../lib/base/clock.ts";
import { verify } from "../../lib/archive/verify.ts";
import { LocalStore } from "../../lib/store/folder/store.ts";
import { manyHarvests } from "./many_harvests.ts";

declare const gc: () => void;

/** Harvests of the verifications that are compared. */
const [FEW, MANY] = [30, 330];

/** The last harvests at which memory is looked at: what is under way, or waits to be freed, is there at some only. */
const LOOKS = 10;

/** Bytes in use. */
function used(): number {
  gc();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Bytes in use once what was freed is counted: of buffers that is a moment later. */
async function settled(): Promise<number> {
  for (let i = 0; i < LOOKS; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return used();
}

/** Verifies so many harvests. @returns The bytes that were taken when the last ones were read, at least. */
async function taken(harvests: number): Promise<number> {
  const bucket = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    await manyHarvests(bucket, { harvests, tweets: 1 });
    let [files, last] = [0, Infinity];
    const onFile = (key: string) => {
      if (key.includes("/tweets-") && ++files > harvests - LOOKS) last = Math.min(last, used());
    };
    const store = await LocalStore.open(bucket);
    const signal = new AbortController().signal;
    const look = { clock: systemClock, collectionId: "c", isGone: () => true, onFile, signal };
    const before = await settled();
    await verify({ ...look, store });
    return last - before;
  } finally {
    await Deno.remove(bucket, { recursive: true });
  }
}

if (import.meta.main) {
  // By the first one everything was in use once.
  await taken(FEW);
  const few = await taken(FEW);
  const bytes = await taken(MANY) - few;
  // deno-lint-ignore no-console
  console.log(JSON.stringify({ harvests: MANY - FEW, bytes }));
}
