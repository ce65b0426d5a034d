/** One collection, harvested again and again while things go wrong; then looked at by an independent reader. */

import { X } from "../../lib/source/x.ts";
import { join } from "node:path";
import { harvest } from "../../harvester.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { TwarcCloudError } from "../../lib/base/errors.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { FastClock } from "../fakes/fast_clock.ts";
import type { SpoolPlace } from "../../lib/harvest/recovery/spool_place.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { placeIn } from "../fakes/spool_places.ts";
import { KEYS } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";
import { FaultyStore, ProcessDied, STORE_FAULTS, type StoreFault } from "./faulty_store.ts";
import { Chance } from "./random.ts";
import { type Read, readBucket } from "./reader.ts";

/** What may go wrong with a harvest. */
export const FAULTS = [
  "killed before",
  "killed after",
  "refused",
  "answer lost",
  "answer lost, taken over",
  "answer lost, five minutes",
  "tried again",
  "tried again, taken over",
  "tried again, five minutes",
  "paused, taken over",
  "API gone",
  "stopped",
] as const satisfies readonly (
  | StoreFault
  | `${StoreFault}, ${Meanwhile}`
  | "API gone"
  | "stopped"
)[];
/** What happens while a process waits for a write: another harvester takes over, or time passes. */
type Meanwhile = "taken over" | "five minutes";
/** A fault by its name. */
export type Fault = typeof FAULTS[number];

/** The types of collections. */
export const TYPES = ["user_timeline", "search", "filter"] as const;
/** A type of collection. */
export type Type = typeof TYPES[number];

/** What became of a collection. */
export interface Outcome {
  /** How often each fault happened. */
  tried: Map<Fault, number>;
  /** Tweets that were served and are not there. Of a stream, beyond what came after its last flush. */
  lost: string[];
  /** Of a stream that was killed: tweets that came after its last flush. */
  lostInFlight: number;
  twice: string[];
  unreadable: string[];
  unlisted: string[];
}

/** Tweets of a stream, each flushed as it comes, that may not be committed: one, the next, and one that was asked for. */
const ON_ITS_WAY = 3;
/** Milliseconds that a stream waits for the tweet before to be committed: longer than any busy machine takes. */
const COMMIT_PATIENCE = 120_000;
/** Harvests of a collection in which something goes wrong. */
const ROUNDS = 4;

/** Plays one collection of a type, by chance. */
export async function play(type: Type, chance: Chance): Promise<Outcome> {
  const scenario = new Scenario(type, chance);
  try {
    return await scenario.play();
  } finally {
    await scenario.close();
  }
}

/** Plays one harvest of a type in which a write has a fault, and two after it in which nothing goes wrong. */
export async function playAt(
  type: Type,
  { fault, at, seed }: { fault: Fault; at: number; seed: number },
): Promise<Outcome> {
  const scenario = new Scenario(type, new Chance(seed));
  try {
    return await scenario.playAt(fault, at);
  } finally {
    await scenario.close();
  }
}

/** A stream is slower than the store: resolves when a tweet of it is committed, or cannot be. */
async function committed(
  store: FaultyStore,
  { id, signal }: { id: string; signal: AbortSignal },
): Promise<void> {
  const end = performance.now() + COMMIT_PATIENCE;
  const isOver = () => store.isDead || signal.aborted || performance.now() > end;
  while (!store.commit.includes(`"${id}"`) && !isOver()) {
    await new Promise((resolve) => setTimeout(resolve));
  }
}

/** What a store does of a fault; null for one that is none of its. */
function kindOf(fault: Fault | null): StoreFault | null {
  const kind = fault?.replace(/, .*/, "");
  return STORE_FAULTS.find((one) => one === kind) ?? null;
}

class Scenario {
  readonly #type: Type;
  readonly #chance: Chance;
  readonly #bucket = new MemoryStore();
  readonly #world: World;
  readonly #tried = new Map<Fault, number>();
  readonly #parent = Deno.makeTempDirSync({ prefix: "twarc-cloud-faults-" });
  /** Of a stream: what it sent, and what of it had come after the last flush when it was killed. */
  readonly #sent: string[] = [];
  readonly #inFlight = new Set<string>();
  readonly #clock = new FastClock(100);
  #processes = 0;

  constructor(type: Type, chance: Chance) {
    this.#type = type;
    this.#chance = chance;
    const users = chance.whole(1, 5);
    this.#world = World.create({
      clock: systemClock,
      users,
      tweetsPerUser: type === "filter" ? 0 : chance.whole(1, 60),
    });
  }

  async play(): Promise<Outcome> {
    await new Collections(this.#bucket, systemClock).add(this.#config());
    for (let round = 0; round < ROUNDS; round++) {
      await this.#harvest(this.#chance.of(FAULTS));
      for (const user of this.#world.users.keys()) {
        if (this.#type !== "filter") this.#world.post(user, this.#chance.whole(0, 8));
      }
    }
    // Two in which nothing goes wrong: the first may only end what the ones before left.
    await this.#harvest(null);
    await this.#harvest(null);
    return this.#outcome(await readBucket(this.#bucket));
  }

  async playAt(fault: Fault, at: number): Promise<Outcome> {
    await new Collections(this.#bucket, systemClock).add(this.#config());
    await this.#harvest(fault, at);
    await this.#harvest(null);
    await this.#harvest(null);
    return this.#outcome(await readBucket(this.#bucket));
  }

  async close(): Promise<void> {
    await Deno.remove(this.#parent, { recursive: true }).catch(() => {});
  }

  #config() {
    const users = Object.fromEntries([...this.#world.users.keys()].map((id) => [id, {}]));
    const common = { id: "c", keys: KEYS, type: this.#type };
    switch (this.#type) {
      case "user_timeline":
        return { ...common, users };
      case "search":
        return { ...common, search: { query: "sandbox" } };
      case "filter":
        return { ...common, filter: { track: "sandbox" } };
    }
  }

  async #harvest(fault: Fault | null, at = this.#chance.whole(1, 25)): Promise<void> {
    const stop = new AbortController();
    const isTakenOver = fault?.endsWith(", taken over") ?? false;
    const kind = kindOf(fault);
    const meanwhile = async () => {
      if (isTakenOver) await this.#takeOver();
      if (fault?.endsWith(", five minutes")) this.#clock.skip(300_000);
    };
    const store = new FaultyStore(this.#bucket, kind && { at, kind, meanwhile });
    const api = new WorldApi(this.#world, { pageSize: 10, script: this.#script() });
    let calls = 0;
    api.before = async (_call, signal) => {
      const id = api.sent.at(-1);
      if (id !== undefined) await committed(store, { id, signal });
      // Nobody sends to a process that has died; this one's reader may not know yet.
      if (store.isDead) throw new ProcessDied();
      if (++calls !== at) return;
      if (fault === "stopped") stop.abort();
      if (fault === "API gone") {
        this.#count(fault);
        throw new TypeError("The network is gone");
      }
    };
    await this.#run(store, { api, signal: stop.signal });
    if (fault && kind && store.writes >= at) this.#count(fault);
    if (fault === "stopped" && stop.signal.aborted) this.#count(fault);
    const wasCut = store.isDead || isTakenOver;
    if (this.#type === "filter") this.#noteInFlight(api, wasCut);
  }

  /** What a stream sends in this harvest, one tweet at a time. */
  #script(): StreamItem[] {
    if (this.#type !== "filter") return [];
    const [user = ""] = this.#world.users.keys();
    return this.#world.post(user, this.#chance.whole(0, 20)).map((status): StreamItem => ({
      tweets: [{ id: `${status.id}`, line: status.bytes() }],
      messages: [],
    }));
  }

  /** What a stream had sent when its harvester was cut off is on its way for as long as it is not flushed. */
  #noteInFlight(api: WorldApi, wasCut: boolean): void {
    this.#sent.push(...api.sent);
    if (wasCut) { for (const id of api.sent.slice(-ON_ITS_WAY)) this.#inFlight.add(id); }
  }

  /** Another harvester takes the collection over while the first one is paused. */
  async #takeOver(): Promise<void> {
    const api = new WorldApi(this.#world, { pageSize: 10 });
    const signal = new AbortController().signal;
    await this.#run(new FaultyStore(this.#bucket, null), { api, signal });
  }

  async #run(
    store: FaultyStore,
    { api, signal }: { api: WorldApi; signal: AbortSignal },
  ): Promise<void> {
    try {
      await harvest({
        collectionId: "c",
        store,
        clock: this.#clock,
        limits: {
          tweetsPerFile: this.#chance.whole(3, 40),
          msPerFile: 1_800_000,
          flushMs: 0,
          msPerHarvest: this.#chance.of([0, 30, 100, 300]),
          patienceMs: 3_600_000,
          bufferBytes: 2 ** 30,
        },
        openNetwork: () => Promise.resolve(new X(api, this.#clock)),
        control: { hostname: "127.0.0.1", port: 0, secret: () => Promise.resolve("secret") },
        process: { host: "here", pid: 1 },
        isGone: () => true,
        spool: await this.#place(),
        shutdown: true,
        monitor: false,
        signal,
      });
    } catch (error) {
      const isExpected = error instanceof TwarcCloudError || error instanceof TypeError ||
        error instanceof ProcessDied;
      if (!isExpected) throw error;
    }
  }

  /** Each process has its own machine. */
  async #place(): Promise<SpoolPlace> {
    const parent = join(this.#parent, `${++this.#processes}`);
    await Deno.mkdir(parent, { mode: 0o700 });
    return await placeIn(parent);
  }

  #count(fault: Fault): void {
    this.#tried.set(fault, (this.#tried.get(fault) ?? 0) + 1);
  }

  #outcome({ tweets, unreadable, unlisted }: Read): Outcome {
    const served = this.#type === "filter"
      ? this.#sent
      : [...this.#world.users.values()].filter(({ state }) => state === "open")
        .flatMap(({ id }) => this.#world.timeline(id, { count: 10_000 }).map(({ id }) => `${id}`));
    const gone = served.filter((id) => !tweets.has(id));
    return {
      tried: this.#tried,
      lost: gone.filter((id) => !this.#inFlight.has(id)),
      lostInFlight: gone.filter((id) => this.#inFlight.has(id)).length,
      twice: [...tweets].filter(([, files]) => files.length > 1).map(([id]) => id),
      unreadable,
      unlisted,
    };
  }
}
