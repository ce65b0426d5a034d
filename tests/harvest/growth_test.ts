import assert from "node:assert/strict";
import { z } from "zod";
import { measured } from "../fakes/measured.ts";
import { PLAYS_ALL, SEED } from "../fakes/turns.ts";

/** Bytes of a user. */
const ofUsers = z.object({ taken: z.number(), givenBack: z.number() });

const grownSchema = z.object({
  seen: z.array(z.object({
    type: z.string(),
    api: z.string(),
    memory: z.tuple([z.number(), z.number()]),
  })),
  users: z.tuple([ofUsers, ofUsers]),
  /** Bytes of a user. */
  learned: z.number(),
  /** Bytes of an id. */
  remembered: z.number(),
});

/** What comes and goes: open segments, code that is compiled. The batches in between have 7 MB and more. */
const LEEWAY = 5 << 20;

/** Bytes of a user whose timeline was read: the names of the walk and of the user, what was learned, and where it stands. */
const MOST_OF_USER = 380;

/**
 * The same when that is put into the configuration: what was recorded of it, the former and the new configuration, and
 * the news, each as text. Parsed, the former one takes 110 more.
 */
const MOST_OF_LEARNED = 430;

/** Bytes of an id that a stream remembers: as text in a set it has 100, and what is forgotten waits to be collected. */
const MOST_OF_REMEMBERED = 50;

/** Harvests of every type, in a process of their own. */
async function grown() {
  // The same share each time.
  return grownSchema.parse(await measured("growth.ts", { env: { TWARC_CLOUD_SEED: `${SEED}` } }));
}

Deno.test("a harvest of any type takes as much memory after ten times as many batches, and gives it back", async () => {
  const { seen, users: [few, many], learned, remembered } = await grown();
  const types = new Set(seen.map(({ type }) => type));
  assert.deepEqual([...types].toSorted(), ["filter", "hydrate", "search", "user_timeline"]);
  const kinds = new Set(seen.map(({ type, api }) => `${type} ${api}`));
  assert.equal(kinds.size, PLAYS_ALL ? 7 : 4);
  // What is kept is there in every run; code that was compiled late is not.
  const grew = grownIn(seen);
  const again = grew.length > 0 ? grownIn((await grown()).seen) : [];
  assert.deepEqual(grew.filter((kind) => again.includes(kind)), []);
  const said = JSON.stringify({ few, many });
  assert.ok(many.taken < MOST_OF_USER, said);
  assert.ok(many.taken < few.taken * 1.25, `ten times as many users take more each: ${said}`);
  assert.ok(
    many.givenBack > many.taken * 0.8,
    `not all is given back once it is committed: ${said}`,
  );
  assert.ok(learned < MOST_OF_LEARNED, `${learned} bytes of a user are in memory to be written`);
  assert.ok(remembered < MOST_OF_REMEMBERED, `${remembered} bytes of an id are remembered`);
});

/** The types that took more after ten times as many batches. */
function grownIn(seen: z.infer<typeof grownSchema>["seen"]): string[] {
  return seen.filter(({ memory: [first, last] }) => last - first > LEEWAY)
    .map(({ type, api }) => `${type} ${api}`);
}
