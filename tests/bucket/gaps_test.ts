import assert from "node:assert/strict";
import { readGaps } from "../../lib/bucket/gaps.ts";
import { gapTexts } from "../../lib/cli/text/gap_texts.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

Deno.test("a gap of a timeline says whose it is", async () => {
  const store = new MemoryStore();
  const lines = [
    { from: 0, to: 1_000, why: "A timeline goes back 3200 posts only", user_id: "12" },
    { from: 0, to: 1_000, why: "The stream was lost" },
  ];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await store.put("gaps.jsonl", new TextEncoder().encode(text));
  const [timeline = "", stream = ""] = gapTexts(await readGaps(store, "gaps.jsonl"), "filter");
  assert.match(timeline, /^1970.* to 1970\S+ of user 12: A timeline goes back/);
  assert.match(stream, /^1970.* to 1970\S+: The stream was lost$/);
});

Deno.test("the search that follows for a gap finds no retweets of a stream, and all of a search", () => {
  const gap = { from: "a", to: "b", why: "c", asked_again: "partial" } as const;
  assert.deepEqual(gapTexts([gap], "filter"), [
    "a to b: c; recent search follows for it, which finds no retweets",
  ]);
  assert.deepEqual(gapTexts([gap], "search"), ["a to b: c; a search for it follows"]);
});
