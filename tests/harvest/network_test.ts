/** The engine with another network than X: one whose ids are no numbers, and whose walk goes forward. */

import assert from "node:assert/strict";
import type { Batch, Network, Positions } from "../../lib/source/source.ts";
import { added, json, KEYS, run, tweets } from "../fakes/whole_harvest.ts";

const encoder = new TextEncoder();

/** Posts `at://a/1`, `at://a/2`, … of an account, oldest first, two a page; since_id is how many are known. */
class Forward implements Network {
  readonly asked: number[] = [];
  readonly #posts: number;
  readonly #failsAfter: number;

  constructor(posts: number, failsAfter = Infinity) {
    this.#posts = posts;
    this.#failsAfter = failsAfter;
  }

  openSource(config: Parameters<Network["openSource"]>[0]) {
    assert.ok(config.type === "search");
    const since = Number(config.search.since_id ?? 0);
    return Promise.resolve({ batches: (from: Positions) => this.#batches(from, since) });
  }

  async *#batches(from: Positions, since: number): AsyncGenerator<Batch> {
    const at = from.forward === undefined ? since : Number(from.forward);
    for (let n = at; n < this.#posts; n += 2) {
      if ((n - at) / 2 === this.#failsAfter) throw new Error("The network is gone");
      this.asked.push(n);
      const ids = [n + 1, n + 2].filter((id) => id <= this.#posts);
      const last = ids.at(-1) ?? n;
      yield {
        walk: "forward",
        position: last === this.#posts ? "whole" : last,
        tweets: ids.map((id) => encoder.encode(`{"id_str":"at://a/${id}"}`)),
        count: ids.length,
        // All below it is recorded: it moves with every batch.
        update: { update: { search: { since_id: `${last}` } }, delete: [] },
      };
    }
    await Promise.resolve();
  }

  explain(failure: unknown): Promise<unknown> {
    return Promise.resolve(
      Object.assign(new Error("As the network explains it"), { cause: failure }),
    );
  }
}

const CONFIG = { id: "c", type: "search", keys: KEYS, search: { query: "from:a" } };
const posts = (count: number) => Array.from({ length: count }, (_, i) => `at://a/${i + 1}`);

Deno.test("a walk that goes forward is recorded once, over harvests that fail anywhere, and moves since_id with each batch", async () => {
  for (let failsAfter = 0; failsAfter < 4; failsAfter++) {
    const store = await added(CONFIG);
    await assert.rejects(run(store, new Forward(7, failsAfter)), /As the network explains it/);
    const config = await json(store, "collections/c/collection.json");
    const known = failsAfter === 0 ? undefined : `${failsAfter * 2}`;
    assert.equal(Object(config.search).since_id, known);
    const second = new Forward(7);
    await run(store, second);
    assert.equal(second.asked[0], failsAfter * 2);
    assert.deepEqual(await tweets(store), posts(7));
    await run(store, new Forward(9));
    assert.deepEqual(await tweets(store), posts(9));
  }
});
