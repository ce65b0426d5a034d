import assert from "node:assert/strict";
import { z } from "zod";
import { measured } from "../fakes/measured.ts";

const yearSchema = z.object({
  harvests: z.number(),
  tweets: z.number(),
  memory: z.tuple([z.number(), z.number()]),
  checkpoint: z.tuple([z.number(), z.number()]),
});

/** What an open segment has in memory: whether the last one is collected by then is chance. */
const BLOCK = 1 << 20;

/** Plays a year in a process of its own. @param days How many a harvest has; 0 for one harvest. */
async function yearOf(days: number) {
  return yearSchema.parse(await measured("year.ts", { args: [`${days}`] }));
}

Deno.test("a year of one stream is a harvest a day, with memory and a checkpoint that do not grow", async () => {
  const { harvests, tweets, memory, checkpoint } = await yearOf(1);
  assert.equal(harvests, 365 + 1, "365 days, and the one that has begun at the end of the last");
  assert.equal(tweets, 2 * 365);
  const [early, late] = memory;
  assert.ok(late - early < 4 * BLOCK, `${early} bytes on day 36, ${late} on day 365`);
  const [small, large] = checkpoint;
  assert.ok(large - small < 500, `${small} bytes on day 36, ${large} on day 365`);
});
