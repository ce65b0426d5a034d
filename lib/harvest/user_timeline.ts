/** The timelines of many users as a source: one walk a user, several side by side. */

import { getLogger } from "@logtape/logtape";
import { type Clock, isoTime } from "../clock.ts";
import { combine, type ConfigUpdate } from "../collection/changeset.ts";
import { isLookUpDue } from "../collection/config.ts";
import { ApiError, OutsideError } from "../errors.ts";
import type { JsonObject } from "../json.ts";
import type {
  PageAt,
  TimelineChoice,
  TimelineState,
  TwitterApi,
  UserAnswer,
} from "../twitter/api.ts";
import { TIMELINE_REACH, TIMELINE_REACH_WITHOUT_REPLIES } from "../twitter/reach.ts";
import { BudgetUsedUp } from "./meter.ts";
import { sideBySide } from "./side_by_side.ts";
import type { Batch, Positions, TweetSource, UserChange } from "./source.ts";
import { type Reach, walk } from "./walk.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** What is known of a user whose timeline is collected. */
export interface TimelineUser {
  screen_name?: string | undefined;
  since_id?: string | undefined;
  /** When something was last heard of the user besides the timeline; ISO 8601. */
  looked_up?: string | undefined;
}

/** Whose timelines to collect. */
export interface UserTimelineOptions {
  /** By user id. */
  users: Record<string, TimelineUser>;
  /** The states for which a user is taken out of the configuration. */
  deleteUsersFor: readonly string[];
  /** What of a timeline is wanted. */
  choice: TimelineChoice;
  /** Milliseconds after which a user of whom nothing was heard is looked up again. */
  lookUpEvery: number;
}

/** Pages that are asked for at the same time: enough to keep the rate limit busy. */
const WIDTH = 4;
/** Users that are looked up in one call. */
const CHUNK = 100;

/** Collects the timelines of users, by id: names change, ids do not. */
export class UserTimelineSource implements TweetSource {
  readonly #api: TwitterApi;
  readonly #options: UserTimelineOptions;
  readonly #clock: Clock;

  constructor(api: TwitterApi, options: UserTimelineOptions, clock: Clock) {
    this.#api = api;
    this.#options = options;
    this.#clock = clock;
  }

  async *batches(from: Positions, signal: AbortSignal): AsyncGenerator<Batch> {
    const walking: Walking = { from, signal, silent: [], answers: 0, failed: [] };
    yield* sideBySide(this.#walks(walking), WIDTH);
    yield* this.#lookedUp(walking.silent.filter((id) => this.#isDue(id)), signal);
    if (walking.failed.length > 0) throw leftOut(walking.failed);
  }

  /** One walk a user. Where pages do not tell who wrote them, users are looked up as walks are begun. */
  async *#walks(walking: Walking): AsyncGenerator<AsyncIterable<Batch>> {
    const ids = unfinishedFirst(Object.keys(this.#options.users), walking.from);
    if (this.#api.tellsAuthors) {
      for (const id of ids) yield this.#walk(id, null, walking);
      return;
    }
    for (let i = 0; i < ids.length; i += CHUNK) {
      for await (const answers of this.#api.users("id", ids.slice(i, i + CHUNK), walking.signal)) {
        for (const answer of answers) yield this.#walk(answer.asked, answer, walking);
      }
    }
  }

  async *#walk(
    id: string,
    answer: UserAnswer | null,
    walking: Walking,
  ): AsyncGenerator<Batch> {
    const { from, signal, silent } = walking;
    const name = walkOf(id);
    const news = answer ? [this.#found(answer)] : [];
    let state = answer?.state;
    if (state && this.#isUnreadable(state)) {
      yield news.reduce(joined, { walk: name, position: "whole", tweets: [], count: 0 });
      return;
    }
    let [own, others] = [0, 0];
    const pages = walk({
      name,
      ask: async (at: PageAt) => {
        others = walking.answers - own;
        const page = await this.#api.timeline(id, { ...at, ...this.#options.choice }, signal);
        walking.answers++;
        own++;
        const told = typeof page === "string" ? page : page.author?.state;
        if (typeof page === "string") {
          if (told !== state) news.push(this.#changed(id, page));
        } else if (page.author && state === undefined) {
          news.push(this.#found(page.author));
        }
        state ??= told;
        return typeof page === "string" ? null : page;
      },
      from: from[name],
      sinceId: this.#options.users[id]?.since_id,
      reach: reachOf(this.#options.choice),
      learn: (newestId) => ({ update: { users: { [id]: { since_id: newestId } } }, delete: [] }),
    });
    let isWhole = false;
    try {
      for await (const batch of pages) {
        isWhole = batch.position === "whole";
        yield news.splice(0).reduce(joined, batch);
      }
    } catch (error) {
      // An API that answers others meanwhile has trouble with this timeline alone.
      if (!(error instanceof ApiError) || walking.answers - own === others) throw error;
      log.error("The timeline of user {id} is left for the next harvest: {problem}", {
        id,
        problem: error.message,
      });
      walking.failed.push({ id, error });
    }
    if (isWhole && state === undefined) silent.push(id);
  }

  /** Looks up users whose timelines gave nothing: they may have changed their names, or be gone. */
  async *#lookedUp(ids: string[], signal: AbortSignal): AsyncGenerator<Batch> {
    try {
      for await (const answers of this.#api.users("id", ids, signal)) {
        for (const answer of answers) {
          const nothing = { walk: walkOf(answer.asked), position: "whole", tweets: [], count: 0 };
          yield joined(nothing, this.#found(answer));
        }
      }
    } catch (error) {
      // They are looked up by a harvest that may.
      if (!(error instanceof BudgetUsedUp)) throw error;
    }
  }

  /** Whether a user of whom nothing was heard in this harvest is to be asked for. */
  #isDue(id: string): boolean {
    const [every, now] = [this.#options.lookUpEvery, this.#clock.now()];
    return isLookUpDue(this.#options.users[id]?.looked_up, { every, now });
  }

  /** What was told of a user: the user as sent, and what changed. */
  #found(answer: UserAnswer): Found {
    if (!("id" in answer)) return this.#changed(answer.asked, answer.state);
    const { id, screenName, line } = answer;
    const known = this.#options.users[id]?.screen_name;
    const found: Found = answer.state === "protected" ? this.#changed(id, "protected") : {};
    found.users = [line];
    const update: JsonObject = this.#api.tellsAuthors
      ? { looked_up: isoTime(this.#clock.now()) }
      : {};
    if (known !== screenName) {
      const change = known === undefined ? "screen name found" : "screen name changed";
      const named: UserChange = { user_id: id, change, screen_name: screenName };
      found.userChanges = [...found.userChanges ?? [], named];
      update.screen_name = screenName;
    }
    if (Object.keys(update).length > 0) {
      found.update ??= { update: { users: { [id]: update } }, delete: [] };
    }
    return found;
  }

  #changed(id: string, state: TimelineState): Found {
    const known = this.#options.users[id]?.screen_name;
    const change: UserChange = {
      user_id: id,
      change: state,
      ...(known === undefined ? {} : { screen_name: known }),
    };
    const deletion: ConfigUpdate = { update: {}, delete: [{ users: [id] }] };
    const isRemoved = this.#options.deleteUsersFor.includes(state);
    return { userChanges: [change], ...(isRemoved ? { update: deletion } : {}) };
  }

  /** Whether to leave a timeline alone; a protected one is tried, as the keys' owner may follow it. */
  #isUnreadable(state: UserAnswer["state"]): boolean {
    return state === "suspended" || state === "not_found" ||
      (state === "protected" && this.#options.deleteUsersFor.includes(state));
  }
}

/** What the walks of one harvest share. */
interface Walking {
  from: Positions;
  signal: AbortSignal;
  /** The users of whom nothing was heard. */
  silent: string[];
  /** Answers that came, of every walk. */
  answers: number;
  /** Walks that the API could not answer while it answered others. */
  failed: { id: string; error: ApiError }[];
}

/** How far a timeline goes back. */
function reachOf({ exclude = [] }: TimelineChoice): Reach {
  const tweets = exclude.includes("replies") ? TIMELINE_REACH_WITHOUT_REPLIES : TIMELINE_REACH;
  const without = exclude.includes("replies") ? ", without replies" : "";
  return { tweets, why: `A timeline goes back ${tweets} posts only${without}` };
}

function leftOut(failed: Walking["failed"]): OutsideError {
  const [first] = failed;
  const ids = failed.slice(0, 10).map(({ id }) => id).join(", ");
  const more = failed.length > 10 ? ", ..." : "";
  const many = failed.length === 1 ? "One timeline" : `${failed.length} timelines`;
  return new OutsideError(
    `${many} could not be read, while all others were (${ids}${more}): ${first?.error.message}`,
    { cause: first?.error, hint: "The next harvest begins with what is missing." },
  );
}

/** What was learned about a user, as parts of a batch. */
type Found = Pick<Batch, "users" | "userChanges" | "update">;

/** The batch with what else was learned. */
function joined(batch: Batch, { users = [], userChanges = [], update }: Found): Batch {
  return {
    ...batch,
    users: [...batch.users ?? [], ...users],
    userChanges: [...batch.userChanges ?? [], ...userChanges],
    ...(update ? { update: batch.update ? combine(update, batch.update) : update } : {}),
  };
}

function walkOf(userId: string): string {
  return `user:${userId}`;
}

/** Walks that were begun, then those not yet begun, then those that were whole when a harvest was cut. */
function unfinishedFirst(ids: string[], from: Positions): string[] {
  const rank = (id: string) => {
    const position = from[walkOf(id)];
    return position === undefined ? 1 : position === "whole" ? 2 : 0;
  };
  return ids.toSorted((a, b) => rank(a) - rank(b));
}
