/** The collections of an empty bucket in memory, and one that was added. */

import { Collections } from "../../lib/bucket/collections.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

export const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};

export const TIMELINE = { id: "c", type: "user_timeline", keys: KEYS, users: { "1": {}, "2": {} } };

/** As the template of version 2 has it. */
export const TAG = "<Optional. Your name for the rule>";

export async function opened() {
  const [store, clock] = [new MemoryStore(), new ManualClock()];
  const collections = new Collections(store, clock);
  const mine = await collections.add(TIMELINE);
  return { store, clock, collections, mine };
}

export async function contentOf(store: MemoryStore): Promise<unknown[]> {
  return await Promise.all(store.keys().map((key) => store.get(key)));
}

export async function changes(collections: Collections): Promise<unknown[]> {
  return (await collections.changesets("c")).map(({ update, delete: gone }) => [update, gone]);
}
