/** A collection whose harvests lie days apart, with all that happens to one in a year. */

import assert from "node:assert/strict";
import { type Covered, listCoverage } from "../../lib/archive/coverage.ts";
import { gapLook } from "../../lib/archive/gap_fill.ts";
import { type ListedGap, listGaps } from "../../lib/archive/gap_list.ts";
import { verify } from "../../lib/archive/verify.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import { readCheckpoint } from "../../lib/bucket/checkpoint_state.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { type Deed, readCoverage, recordDeed } from "../../lib/bucket/coverage.ts";
import { readBefore, recordFixity } from "../../lib/bucket/fixity.ts";
import { userChangesSchema } from "../../lib/bucket/last_harvest.ts";
import { traitsFor } from "../../lib/collection/types/traits.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { Page, PageAt, StreamItem } from "../../lib/twitter/api.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";
import { beyondRecent, RECENT } from "../../lib/twitter/reach.ts";
import { dieAt } from "./dying_store.ts";
import type { MemoryStore } from "./memory_store.ts";
import { movedClock } from "./moved_clock.ts";
import { added, json, run, told, tweets } from "./whole_harvest.ts";
import { WorldApi } from "./world_api.ts";

const DAY = 86_400_000;

/** An API whose search goes back seven days, and whose streams bring what `live` yields. */
class YearApi extends WorldApi {
  live: (signal: AbortSignal) => AsyncGenerator<StreamItem> = () => {
    throw new Error("There is no stream");
  };
  readonly #now: () => number;

  constructor(world: World, now: () => number) {
    super(world);
    this.#now = now;
  }

  override async search(query: string, at: PageAt, signal: AbortSignal): Promise<Page> {
    const reach = BigInt(timeId(this.#now() - RECENT));
    const since = BigInt(at.sinceId ?? "0");
    const page = await super.search(
      query,
      { ...at, sinceId: `${since > reach ? since : reach}` },
      signal,
    );
    const gap = beyondRecent(at, this.#now());
    return gap ? { ...page, gap } : page;
  }

  override stream(_: unknown, signal: AbortSignal): AsyncGenerator<StreamItem> {
    return this.live(signal);
  }
}

/** What a verification says. */
export interface Verdict {
  faults: string[];
  read: number;
  readBefore: number;
}

/** A collection in a bucket of its own. */
export class YearOf {
  readonly api: YearApi;
  readonly #time: ReturnType<typeof movedClock>;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;

  private constructor(
    readonly world: World,
    readonly store: MemoryStore,
    time: ReturnType<typeof movedClock>,
  ) {
    this.#time = time;
    this.began = time.clock.now();
    this.api = new YearApi(world, () => this.now);
  }

  /** Begins a year. @param config Made for the users of the world. */
  static async begin(
    users: number,
    config: (ids: string[]) => Parameters<typeof added>[0],
  ): Promise<YearOf> {
    const time = movedClock();
    const world = World.create({ clock: time.clock, users, tweetsPerUser: 0 });
    const store = await added(config([...world.users.keys()]), time.clock);
    return new YearOf(world, store, time);
  }

  get clock() {
    return this.#time.clock;
  }

  get now(): number {
    return this.clock.now();
  }

  /** Lets days pass. */
  pass(days: number): void {
    this.#time.move(days * DAY);
  }

  /** The day of a time, of the year, to a tenth. */
  day(time: string | number): number {
    const ms = typeof time === "number" ? time : Date.parse(time);
    return Math.round((ms - this.began) / DAY * 10) / 10;
  }

  /** The ids of the users, and one of them. */
  get ids(): string[] {
    return [...this.world.users.keys()];
  }

  user(i: number) {
    return this.world.users.get(this.ids[i] ?? "") ?? assert.fail(`There is no user ${i}`);
  }

  /** Each user who may writes a tweet. @returns Their ids */
  post(): string[] {
    const open = [...this.world.users.values()].filter(({ state }) => state === "open");
    return open.flatMap(({ id }) => this.world.post(id)).map(({ id }) => `${id}`);
  }

  /** Harvests, until a write at which the harvester dies. */
  async harvest({ diesAt = 0, signal = new AbortController().signal } = {}): Promise<void> {
    const life = diesAt > 0 ? dieAt(this.store, diesAt) : null;
    const options = { clock: this.clock, tweetsPerFile: 1_000, signal };
    const ended = await run(this.store, this.api, options).then(() => null, (error) => error);
    this.store.before = () => {};
    assert.equal(ended !== null, life?.died ?? false, `${ended}`);
  }

  async config(): Promise<JsonObject & { users: Record<string, JsonObject> }> {
    return await json(this.store, "collections/c/collection.json");
  }

  /** Changes the configuration, as `update` does with a file that was fetched just now. */
  async update(
    change: (config: Awaited<ReturnType<YearOf["config"]>>) => JsonObject,
  ): Promise<void> {
    const next = change(await this.config());
    await (await new Collections(this.store, this.clock).plan(next)).apply();
  }

  /** Records what a person did. */
  async did(deed: Deed): Promise<void> {
    await recordDeed({ store: this.store, clock: this.clock, collectionId: "c" }, deed);
  }

  /** Verifies, and records that, as the command does. */
  async verify({ sinceLast = false, store = this.store } = {}): Promise<Verdict> {
    const { clock } = this;
    const place = { store, clock, collectionId: "c" };
    const before = sinceLast ? await readBefore(store, "c", this.now) ?? assert.fail() : undefined;
    const { signal } = new AbortController();
    const look = { ...place, isGone: () => true, onFile: () => {}, signal, before };
    const { faults, read, readBefore: known, inventory } = await verify(look);
    await recordFixity(place, {
      began: this.now,
      what: "verify",
      scope: before ? "since last" : "all",
      read,
      found: faults,
      did: [],
      inventory: inventory?.head ?? null,
    });
    return {
      faults: faults.map(({ key, says }) => `${key}: ${says}`),
      read: read.harvests,
      readBefore: known,
    };
  }

  /** The gaps, and what became of each span, in days. */
  async gaps(): Promise<ListedGap[]> {
    return (await this.#look()).gaps;
  }

  async coverage(): Promise<Covered[]> {
    const { gaps, reach, type } = await this.#look();
    const records = await readCoverage(this.store, "c");
    return listCoverage({ records, gaps, traits: traitsFor(type), now: this.now, reach });
  }

  async #look() {
    const { config } = await new Collections(this.store, this.clock).load("c");
    const { positions = {} } = await readCheckpoint(this.store, "c") ?? {};
    const look = gapLook(config, positions, this.now);
    return { gaps: await listGaps(this.store, "c", look), reach: look.reach, type: config.type };
  }

  /** The changes of users that harvests recorded, each with the day: `15 2 suspended`. */
  async userChanges(): Promise<string[]> {
    const found: string[] = [];
    for (const key of this.store.keys().filter((key) => key.endsWith("/user_changes.json"))) {
      for (const one of userChangesSchema.parse(await json(this.store, key))) {
        const { user_id, change, was, at = "" } = one;
        const says = [Math.floor(this.day(at)), this.ids.indexOf(user_id), change, was];
        found.push(says.filter((word) => word !== undefined).join(" "));
      }
    }
    return found;
  }

  /** What the harvests say of themselves. */
  async harvests(): Promise<Record<string, unknown>[]> {
    return await told(this.store);
  }

  /** The documents that have a text in them, except for the configuration. */
  async documentsWith(text: string): Promise<string[]> {
    const found: string[] = [];
    for (const key of this.store.keys()) {
      const isConfig = key === "collections/c/collection.json";
      const bytes = isConfig ? undefined : (await this.store.get(key))?.bytes;
      if (new TextDecoder().decode(bytes).includes(text)) found.push(key);
    }
    return found;
  }

  /** The tweets that were collected. */
  async tweets(): Promise<string[]> {
    return await tweets(this.store);
  }
}
