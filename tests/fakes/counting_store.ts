/** What is asked of a store, counted as S3 bills it. */

import type { MemoryStore, Operation } from "./memory_store.ts";

/** The kinds that S3 bills: writes and listings, reads; deletions are free. */
export interface Requests {
  /** Names of the objects that were put, in order; `tweets` for each file of tweets. */
  puts: string[];
  gets: string[];
  lists: number;
}

/** Counts what is asked of a store from now on. */
export function counted(store: MemoryStore): Requests {
  const requests: Requests = { puts: [], gets: [], lists: 0 };
  const before = store.before;
  store.before = async (operation) => {
    const name = nameOf(operation);
    if (operation.method === "put" || operation.method === "upload") requests.puts.push(name);
    if (operation.method === "get" || operation.method === "read") requests.gets.push(name);
    if (operation.method === "list") requests.lists++;
    await before(operation);
  };
  return requests;
}

/** How often each name is there. */
export function tallied(names: string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names.toSorted()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

function nameOf({ key }: Operation): string {
  const name = key.split("/").at(-1) ?? "";
  return name.startsWith("tweets-") ? "tweets" : name;
}
