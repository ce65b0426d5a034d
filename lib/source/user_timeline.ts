/** The timelines of many users as a source: one walk a user, several side by side. */

import { getLogger } from "@logtape/logtape";
import { chunks } from "../base/chunks.ts";
import {
  type Batch,
  type Positions,
  type SourceOptions,
  toPosition,
  type TweetSource,
} from "./source.ts";
import { isProtectedWanted } from "../collection/config.ts";
import {
  removedUsersDue,
  userTimeline,
  type UserTimelineConfig,
} from "../collection/types/user_timeline.ts";
import type { Clock } from "../base/clock.ts";
import { namesOf } from "../base/names_of.ts";
import { Packed } from "../base/packed.ts";
import type {
  PageAt,
  TimelineChoice,
  TimelineState,
  TwitterApi,
  UserAnswer,
} from "../twitter/api.ts";
import { idTime } from "../twitter/bytes/ids.ts";
import { FIRST_TWEET, TIMELINE_REACH, TIMELINE_REACH_WITHOUT_REPLIES } from "../twitter/reach.ts";
import type { Waits } from "../base/waits.ts";
import { BudgetUsedUp } from "./meter.ts";
import { filledWalk, spanOfWalk, unfinishedGaps } from "./gaps.ts";
import { LookUps } from "./look_ups.ts";
import { Removals } from "./removals.ts";
import { findReturns, type RemovedUser } from "./returns.ts";
import { SetAside } from "./set_aside.ts";
import { sideBySide } from "./side_by_side.ts";
import { userWalk } from "../collection/walks.ts";
import { addFacts, type TimelineUser, UserFacts } from "./user_facts.ts";
import { LOOK_UP_CHUNK, UserLookUps } from "./user_look_ups.ts";
import { type Reach, walk } from "./walk.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Options of timelines. */
export interface UserTimelineOptions {
  /** By user id. */
  users: Packed<TimelineUser>;
  /** The states for which a user is removed from the configuration. */
  deleteUsersFor: readonly string[];
  /** How many users may be removed in one harvest; by default a tenth, and ten. */
  deleteAtMost?: number | undefined;
  /** Whether to collect protected timelines, which the owner of the keys may follow; by default not. */
  isProtectedWanted?: boolean;
  /** The kinds of tweets of a timeline to collect. */
  choice: TimelineChoice;
  /** Milliseconds after which a user without news is looked up again. */
  lookUpEvery: number;
  /** Users who were removed before, to be checked for their return. */
  removed?: RemovedUser[];
  /** Milliseconds to wait for an API that worked before. */
  patienceMs: number;
  /** Notified of the waits. */
  waits?: Waits | undefined;
}

/** Pages that are requested at the same time: enough to use up a window's requests, wherever the API is. */
const WIDTH = 16;

/** Collects the timelines of users, by id: names change, ids do not. */
export class UserTimelineSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: UserTimelineOptions;
  readonly #clock: Clock;
  readonly #facts: UserFacts;
  readonly #lookUps: LookUps;
  readonly #userLookUps: UserLookUps;

  constructor(api: TwitterApi, options: UserTimelineOptions, clock: Clock) {
    this.#api = api;
    this.#lookUps = new LookUps(api);
    this.#options = options;
    this.#clock = clock;
    const { isProtectedWanted = false } = options;
    this.#facts = new UserFacts(options.users, {
      clock,
      notesTime: api.tellsAuthors,
      isProtectedWanted,
    });
    this.#userLookUps = new UserLookUps(this.#lookUps, {
      users: options.users,
      facts: this.#facts,
      every: options.lookUpEvery,
      clock,
    });
  }

  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const { users, deleteUsersFor, deleteAtMost, patienceMs, waits } = this.#options;
    const walking: Walking = {
      positions: new Map(Object.entries(from).filter(([, position]) => position !== "whole")),
      signal,
      silent: [],
      aside: new SetAside({
        clock: this.#clock,
        patienceMs,
        waits,
        askKnown: () => this.#askKnown(walking),
        signal,
      }),
      removals: new Removals(this.#api, this.#lookUps, {
        of: users.size,
        states: deleteUsersFor,
        most: deleteAtMost,
        userOf: (id) => users.get(id),
        clock: this.#clock,
      }),
    };
    yield* sideBySide(ReadableStream.from(this.#fills(from, signal)), WIDTH);
    yield* sideBySide(this.#walks(from, walking), WIDTH);
    // Those that were set aside, again.
    const again = walking.aside.ids.map((id) => this.#walk(id, null, walking));
    yield* sideBySide(ReadableStream.from(again), WIDTH);
    walking.aside.check();
    for (const id of walking.aside.ids) yield this.#unavailable(id, walking);
    yield* this.#userLookUps.askSilent(walking.silent, walking);
    yield* walking.removals.confirmRemovals(signal);
    const { known, positions } = walking;
    if (!known) return;
    // Facts about removed users come with a walk of this harvest: they have none.
    const name = userWalk(known.id);
    const { removed = [] } = this.#options;
    for await (
      const found of findReturns(removed, {
        lookUps: this.#lookUps,
        clock: this.#clock,
        notesTime: this.#api.tellsAuthors,
        states: deleteUsersFor,
        signal,
      })
    ) {
      yield {
        walk: name,
        position: positions.get(name) ?? "whole",
        tweets: [],
        count: 0,
        ...found,
      };
    }
  }

  /** Damaged spans of timelines are requested first: one day the API no longer reaches them. */
  *#fills(from: Positions, signal: AbortSignal): Generator<AsyncIterable<Batch>> {
    const { users, choice } = this.#options;
    for (const one of unfinishedGaps(from)) {
      const { query: userId } = spanOfWalk(one) ?? {};
      if (userId === undefined || !users.get(userId)) continue;
      const search = async (id: string, at: PageAt) => {
        const page = await this.#api.timeline(id, { ...at, ...choice }, signal);
        // A timeline that may not be read now shows nothing: a later harvest retries.
        return typeof page === "string" ? null : page;
      };
      yield filledWalk(one, { search, signal, reach: reachFor(choice), userId });
    }
  }

  /** Yields one walk a user. Where pages do not name their author, users are looked up as walks are begun. */
  async *#walks(from: Positions, walking: Walking): AsyncGenerator<AsyncIterable<Batch>> {
    const ids = unfinishedFirst(this.#options.users, from);
    if (this.#api.tellsAuthors) {
      for (const id of ids) yield this.#walk(id, null, walking);
      return;
    }
    for (const some of chunks(ids, LOOK_UP_CHUNK)) {
      for (const { id, answer } of await this.#userLookUps.ask(some, walking.signal)) {
        yield this.#walk(id, answer, walking);
      }
    }
  }

  /** Walks the timeline of a user; one that the API does not return is set aside in place. */
  async *#walk(
    id: string,
    answer: UserAnswer | null,
    walking: Walking,
  ): AsyncGenerator<Batch> {
    const { positions, aside } = walking;
    for (let asked = answer;; asked = null) {
      try {
        for await (const batch of this.#pages(id, asked, walking)) {
          if (batch.position === "whole") positions.delete(batch.walk);
          else positions.set(batch.walk, toPosition(batch.position));
          yield batch;
        }
        return;
      } catch (error) {
        if (await aside.noteFailure(id, error) === "aside") return;
      }
    }
  }

  async *#pages(
    id: string,
    answer: UserAnswer | null,
    walking: Walking,
  ): AsyncGenerator<Batch> {
    const { positions, signal, silent, aside, removals } = walking;
    const name = userWalk(id);
    const news = answer ? [this.#facts.readFacts(answer)] : [];
    let state = answer?.state;
    if (answer && state && this.#isUnreadable(state)) {
      removals.lookedUp(id, state);
      aside.noteAnswer(id);
      aside.whole();
      yield news.reduce(addFacts, { walk: name, position: "whole", tweets: [], count: 0 });
      return;
    }
    const pages = walk({
      name,
      ask: async (at: PageAt) => {
        aside.noteRequest(id);
        const page = await this.#api.timeline(id, { ...at, ...this.#options.choice }, signal);
        aside.noteAnswer(id);
        const newest = typeof page === "string" ? undefined : page.newestId;
        walking.known = { id, sinceId: newest ?? at.sinceId };
        const told = typeof page === "string" ? page : page.author?.state;
        if (typeof page === "string") {
          if (told !== state) news.push(this.#facts.recordState(id, page));
          removals.noteRefusal(id, page);
        } else if (page.author && state === undefined) {
          news.push(this.#facts.readFacts(page.author));
        }
        state ??= told;
        return typeof page === "string" ? null : page;
      },
      from: positions.get(name),
      sinceId: this.#options.users.get(id)?.since_id,
      reach: reachFor(this.#options.choice),
      learn: (newestId) => ({ update: { users: { [id]: { since_id: newestId } } }, delete: [] }),
    });
    let isWhole = false;
    const covered = positions.has(name) ? {} : { covered: this.#coverageFor(id) };
    for await (const batch of pages) {
      isWhole = batch.position === "whole";
      yield news.splice(0).reduce(addFacts, isWhole ? { ...batch, ...covered } : batch);
    }
    if (isWhole) aside.whole();
    if (isWhole && state === undefined) silent.push(id);
  }

  /** Returns the span of time of a walk that begins now. */
  #coverageFor(id: string): NonNullable<Batch["covered"]> {
    const since = this.#options.users.get(id)?.since_id;
    const to = this.#clock.now();
    return {
      from: Math.min(since === undefined ? Date.parse(FIRST_TWEET) : idTime(since), to),
      to,
    };
  }

  /** Requests new tweets of a user whom the API has returned: mostly none, so that nothing is billed. */
  async #askKnown({ known, signal }: Walking): Promise<void> {
    if (!known) return;
    const { id, sinceId } = known;
    const at = { limit: 5, ...(sinceId === undefined ? {} : { sinceId }) };
    try {
      await this.#api.timeline(id, at, signal);
    } catch (error) {
      // A used up budget shows nothing of the API.
      if (!(error instanceof BudgetUsedUp)) throw error;
    }
  }

  /** Records that a user could not be read: it stays in the configuration, and the next harvest retries. */
  #unavailable(id: string, { positions, aside }: Walking): Batch {
    const { screen_name: name, since_id: since } = this.#options.users.get(id) ?? {};
    const why = aside.reasonFor(id);
    log.error("User {id} could not be read, and is retried by the next harvest: {why}", {
      id,
      why,
    });
    return {
      walk: userWalk(id),
      position: positions.get(userWalk(id)) ?? (since === undefined ? {} : { since }),
      tweets: [],
      count: 0,
      unavailable: { id, ...(name === undefined ? {} : { screen_name: name }), why },
    };
  }

  /**
   * Returns whether to skip a timeline; a protected one is tried where it is to be collected, as the keys' owner may
   * follow it.
   */
  #isUnreadable(state: UserAnswer["state"]): state is TimelineState {
    const { deleteUsersFor, isProtectedWanted = false } = this.#options;
    return state === "suspended" || state === "not_found" ||
      (state === "protected" && (!isProtectedWanted || deleteUsersFor.includes(state)));
  }
}

/** The shared state of the walks of one harvest. */
interface Walking {
  /** The position of each walk that was begun, and is not complete. */
  positions: Map<string, Positions[string]>;
  signal: AbortSignal;
  /** The users without news. */
  silent: string[];
  aside: SetAside;
  /** The user whom the API returned last, and up to which tweet. */
  known?: { id: string; sinceId: string | undefined };
  removals: Removals;
}

/** Returns how far a timeline goes back. */
function reachFor({ exclude = [] }: TimelineChoice): Reach {
  const tweets = exclude.includes("replies") ? TIMELINE_REACH_WITHOUT_REPLIES : TIMELINE_REACH;
  const without = exclude.includes("replies") ? ", without replies" : "";
  return { tweets, why: `A timeline goes back ${tweets} posts only${without}` };
}

/**
 * Yields users whose walks were begun, then those not yet begun, then those that were complete when a harvest was
 * cut.
 */
function* unfinishedFirst(users: Packed<TimelineUser>, from: Positions): Generator<string> {
  const rankOf = (id: string) => {
    const walk = userWalk(id);
    return !Object.hasOwn(from, walk) ? 1 : from[walk] === "whole" ? 2 : 0;
  };
  for (const rank of [0, 1, 2]) {
    for (const id of users.names()) if (rankOf(id) === rank) yield id;
  }
}

/**
 * Opens the source of a configuration, and takes its users out of it: a hundred thousand are not to be in memory
 * twice.
 */
export function openTimelines(
  config: UserTimelineConfig,
  api: TwitterApi,
  { clock, patienceMs, waits }: SourceOptions,
): UserTimelineSource {
  const { lookUpEvery } = userTimeline.plan(config).reading;
  const options = {
    users: takeUsers(config),
    deleteUsersFor: config.delete_users_for ?? [],
    choice: config.exclude ? { exclude: config.exclude } : {},
    lookUpEvery,
    deleteAtMost: config.delete_users_at_most,
    removed: removedUsersDue(config, {
      // In version 1.1 a look-up costs nothing.
      every: api.tellsAuthors ? lookUpEvery : 0,
      now: (api.time ?? clock).now(),
    }),
    isProtectedWanted: isProtectedWanted(config),
    patienceMs,
    waits,
  };
  return new UserTimelineSource(api, options, api.time ?? clock);
}

/** Returns the users of a configuration, and removes them from it. */
function takeUsers(config: UserTimelineConfig): Packed<TimelineUser> {
  const users = new Packed<TimelineUser>();
  for (const id of namesOf(config.users)) users.set(id, config.users[id] ?? {});
  config.users = {};
  return users;
}
