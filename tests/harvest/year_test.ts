import assert from "node:assert/strict";
import { z } from "zod";
import { measured } from "../fakes/measured.ts";
import { PLAYS_ALL } from "../fakes/turns.ts";

const lookSchema = z.object({
  day: z.number(),
  heap: z.number(),
  buffers: z.number(),
  checkpoint: z.number(),
});
const yearSchema = z.object({
  harvests: z.number(),
  tweets: z.number(),
  looks: z.array(lookSchema),
});
type Look = z.infer<typeof lookSchema>;

/**
 * Bytes by which the heap is apart by chance, at most: 90,000 were seen. Over the 300 days between the looks a leak of 500
 * bytes a day comes to 150,000.
 */
const HEAP = 150_000;
/** Buffers are the same to the byte: what differs is whether the last ones are collected by then. */
const BUFFERS = 65_536;

/** Plays a year in a process of its own. @param leak Bytes that leak with each day. */
async function yearOf(leak: number) {
  return yearSchema.parse(
    await measured("year.ts", { args: ["1", `${leak}`], isPlain: true }),
  );
}

/** What grew from the early looks to the late ones: of the heap by the middle one, as one alone is chance. */
function growth(looks: Look[]): { heap: number; buffers: number; checkpoint: number } {
  const half = looks.length / 2;
  const [early, late] = [looks.slice(0, half), looks.slice(half)];
  const middle = (some: Look[]) => some.map(({ heap }) => heap).toSorted((a, b) => a - b)[2] ?? NaN;
  const least = (some: Look[], what: "buffers" | "checkpoint") =>
    some.reduce((low, look) => Math.min(low, look[what]), Infinity);
  return {
    heap: middle(late) - middle(early),
    buffers: least(late, "buffers") - least(early, "buffers"),
    checkpoint: least(late, "checkpoint") - least(early, "checkpoint"),
  };
}

Deno.test("a year of one stream is a harvest a day, with memory and a checkpoint that do not grow", async () => {
  const { harvests, tweets, looks } = await yearOf(0);
  assert.equal(harvests, 365 + 1, "365 days, and the one that has begun at the end of the last");
  assert.equal(tweets, 2 * 365);
  assert.deepEqual([looks.length, looks.at(0)?.day, looks.at(-1)?.day], [10, 48, 365]);
  const { heap, buffers, checkpoint } = growth(looks);
  assert.ok(heap < HEAP, `${heap} bytes of heap in 300 days: ${JSON.stringify(looks)}`);
  assert.ok(buffers < BUFFERS, `${buffers} bytes of buffers in 300 days: ${JSON.stringify(looks)}`);
  assert.ok(checkpoint < 500, `${checkpoint} bytes: ${JSON.stringify(looks)}`);
});

Deno.test("a leak of a kilobyte a day would be noticed", { ignore: !PLAYS_ALL }, async () => {
  const { heap } = growth((await yearOf(1_000)).looks);
  assert.ok(heap >= HEAP, `${heap} bytes in 300 days`);
});
