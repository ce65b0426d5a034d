/** One collection, harvested again and again by real processes while things go wrong; then read by the independent reader. */

import { z } from "zod";
import type { Moto } from "../peers/moto.ts";
import { type Harvester, ID, Workplace } from "./harvester_process.ts";
import { type Ending, type Extent, type Plan, planOf, type Round } from "./plan.ts";
import { readBucket } from "./reader.ts";
import { accountOf, type Cut, StreamHarvest } from "./sendings.ts";

/** Milliseconds within which something has to happen that is not kept waiting by a fault. */
const PATIENCE = 240_000;
/** Milliseconds in which nothing is sent, so that nothing is on its way when a stream is told to stop. */
const QUIET = 500;
/** A lease is over after 60 seconds. */
const PAST_THE_LEASE = 62_000;

/** What became of a collection. */
export interface ProcessOutcome {
  plan: Plan;
  harvests: number;
  /** How often each fault happened, by its name and where it was. */
  tried: Map<string, number>;
  lost: string[];
  twice: string[];
  unreadable: string[];
  /** Tweets files that are there and not listed, and temporary files that nobody will clear. */
  garbage: string[];
  /** What each cut of a stream cost. */
  cuts: Cut[];
  /** Whatever else should not have been. */
  problems: string[];
}

/** Plays one collection. @param moto Starts S3 when it is needed first. */
export async function playProcesses(
  { seed, number, extent, moto, signal, tell = () => {} }: {
    seed: number;
    number: number;
    extent: Extent;
    moto: () => Promise<Moto>;
    signal: AbortSignal;
    /** Told what happens, line by line. */
    tell?: (line: string) => void;
  },
): Promise<ProcessOutcome> {
  const plan = planOf(seed, number, extent);
  const workplace = await Workplace.make(plan, moto);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([new Play(plan, workplace, tell).play(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    await workplace.close();
  }
}

const configSchema = z.looseObject({
  search: z.looseObject({ max_records: z.int().optional() }).optional(),
  filter: z.looseObject({ max_records: z.int().optional() }).optional(),
});
const checkpointSchema = z.looseObject({ positions: z.record(z.string(), z.unknown()) });

class Play {
  readonly #plan: Plan;
  readonly #workplace: Workplace;
  readonly #tried = new Map<string, number>();
  readonly #problems: string[] = [];
  readonly #streams: StreamHarvest[] = [];
  readonly #tell: (line: string) => void;
  #harvests = 0;
  #round = 0;
  /** What is counted, and what happens at which count. */
  #trigger: { counted: Round["counted"]; left: number; act: () => void } | null = null;

  constructor(plan: Plan, workplace: Workplace, tell: (line: string) => void) {
    this.#plan = plan;
    this.#tell = tell;
    this.#workplace = workplace;
    workplace.onAnswer = () => {
      if (plan.type !== "filter") this.#count("API");
    };
    workplace.onSent = (id) => {
      this.#streams.at(-1)?.note(id);
      this.#count("API");
    };
    if (workplace.proxy) workplace.proxy.onRequest = () => this.#count("S3");
  }

  async play(): Promise<ProcessOutcome> {
    await this.#workplace.bucket.put(`collections/${ID}/collection.json`, this.#config());
    for (const round of this.#plan.rounds) {
      this.#round++;
      this.#tell(`Round ${this.#round}: ${JSON.stringify(round)}`);
      await this.#play(round);
    }
    await this.#limit(undefined);
    // Two in which nothing goes wrong: the first may only end what the ones before left.
    for (let n = 0; n < 2; n++) await this.#peace();
    return await this.#outcome();
  }

  #config(): string {
    const { type, api, fillGaps } = this.#plan;
    const { keys, bearer, world } = this.#workplace.sandbox;
    const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
    const of = {
      user_timeline: { users },
      search: { search: { query: "sandbox" } },
      filter: { filter: { track: "sandbox", ...(api === "2" ? { fill_gaps: fillGaps } : {}) } },
    };
    const common = { id: ID, type, api, keys: api === "2" ? { bearer_token: bearer } : keys };
    return JSON.stringify({ ...common, ...of[type] });
  }

  async #play(round: Round): Promise<void> {
    const { sandbox, proxy } = this.#workplace;
    const isStream = this.#plan.type === "filter";
    await this.#limit(round.ending === "max_records" ? round.maxRecords : undefined);
    sandbox.troubles.clear();
    sandbox.troubles.met.length = 0;
    if (round.trouble) sandbox.troubles.add(round.trouble);
    proxy?.expect(round.storeTrouble);
    const stream = this.#openStream(round.ending === "max_records" ? round.maxRecords : undefined);
    const harvester = this.#harvest();
    const reached = this.#reach(round, () => this.#strike(round.ending, harvester, stream));
    const posting = isStream ? this.#post(harvester, round, stream) : Promise.resolve();
    const isReached = await Promise.race([
      reached.then(() => true),
      Promise.all([harvester.ended, posting]).then(() => false),
      posting.then(async () => await settled(reached, QUIET) || await this.#idle(harvester, round)),
    ]);
    this.#trigger = null;
    await this.#end(round, harvester, { isReached, stream });
    if (proxy && proxy.met > 0 && round.storeTrouble) {
      stream.storeTrouble = round.storeTrouble;
      this.#tally(round.storeTrouble.kind, "S3");
    }
    const where = isStream ? "stream" : "REST";
    for (const kind of sandbox.troubles.met) this.#tally(kind, where);
    if (!isStream) this.#postAll(round.posts);
  }

  /** A stream goes on for ever: where all was posted and nothing happened, it is told to end. */
  async #idle(harvester: Harvester, { ending }: Round): Promise<boolean> {
    if (this.#plan.type !== "filter") return await new Promise<boolean>(() => {});
    if (ending === "max_records" && await settled(harvester.ended, 3_000)) return false;
    harvester.kill("SIGTERM");
    await this.#over(harvester);
    return false;
  }

  /** What happens at once when the count is reached. */
  #strike(ending: Ending, harvester: Harvester, stream: StreamHarvest): void {
    if (ending === "kill -9" || ending.startsWith("SIGSTOP")) {
      if (harvester.hasEnded) return;
      stream.isQuiet = true;
      stream.cutAt = performance.now();
      this.#tell(`${new Date().toISOString()} ${ending}`);
      harvester.kill(ending === "kill -9" ? "SIGKILL" : "SIGSTOP");
    } else if (ending === "SIGTERM" || ending === "/stop") {
      stream.isQuiet = true;
      if (ending === "/stop" || this.#plan.type === "filter") return;
      harvester.kill("SIGTERM");
    }
  }

  /** What comes after, until the harvester has ended. */
  async #end(
    round: Round,
    harvester: Harvester,
    { isReached, stream }: { isReached: boolean; stream: StreamHarvest },
  ): Promise<void> {
    const { ending } = round;
    const isMost = ending === "max_records" || ending === "left alone";
    if (!isReached || isMost || harvester.hasEnded) {
      await this.#over(harvester);
      if (isMost && ending === "max_records") this.#tally(ending, this.#plan.bucket);
      return await this.#check(harvester, round);
    }
    this.#tally(ending, this.#plan.bucket);
    if (ending === "kill -9") {
      await this.#over(harvester);
      this.#calm();
      if (this.#plan.bucket === "S3") await this.#unlock();
      return;
    }
    if (ending.startsWith("SIGSTOP")) return await this.#takeOver(round, harvester, stream);
    if (this.#plan.type === "filter") await sleep(QUIET);
    if (ending === "/stop" && await this.#workplace.stop()) {
      this.#tally("answered /stop", "control");
    } // One that does not answer has not begun, or is ending.
    else harvester.kill("SIGTERM");
    await this.#over(harvester);
    await this.#check(harvester, round);
  }

  /** Another harvester takes over from one that stands still, and that then goes on. */
  async #takeOver(
    { ending, posts, everyMs }: Round,
    paused: Harvester,
    _stream: StreamHarvest,
  ): Promise<void> {
    this.#calm();
    if (ending.includes("past the lease")) await sleep(PAST_THE_LEASE);
    else await this.#unlock();
    const isBeside = ending.includes("beside");
    const other = this.#harvest();
    const stream = this.#openStream();
    if (this.#plan.type === "filter") {
      const opened = this.#workplace.streams;
      // Version 2 may have to wait for the connection of the one that stands still.
      if (!await this.#until(() => this.#workplace.streams > opened, 20_000)) {
        paused.kill("SIGCONT");
      }
      await this.#postOne(Math.min(posts, 30), { everyMs, harvester: other, stream });
      if (isBeside) paused.kill("SIGCONT");
      await this.#postOne(Math.min(posts, 30), { everyMs, harvester: other, stream });
      await sleep(QUIET);
      other.kill("SIGTERM");
    } else if (isBeside) {
      await sleep(this.#plan.delayMs * 3);
      paused.kill("SIGCONT");
    }
    await this.#over(other);
    await this.#expectCode(other, [0]);
    const before = await this.#snapshot();
    paused.kill("SIGCONT");
    await this.#over(paused);
    // One that was in no need of the lease any more has ended well.
    await this.#expectCode(paused, [0, 1, 3]);
    const after = await this.#snapshot();
    if (isBeside) return;
    for (const [key, version] of after) {
      if (before.get(key) !== version) this.#problem(`${key} was written after the pause`);
    }
  }

  /** A harvest in which nothing goes wrong, and which has to end well. */
  async #peace(): Promise<void> {
    this.#calm();
    const stream = this.#openStream();
    const harvester = this.#harvest();
    if (this.#plan.type === "filter") {
      await this.#post(harvester, { posts: 5, everyMs: 20 }, stream);
      if (this.#plan.fillGaps) await this.#untilFilled(harvester);
      await sleep(QUIET);
      harvester.kill("SIGTERM");
    }
    await this.#over(harvester);
    await this.#expectCode(harvester, [0]);
  }

  /** Waits until no gap of the stream is still to be asked for. */
  async #untilFilled(harvester: Harvester): Promise<void> {
    // A gap is noticed when the stream is open, and committed with the next flush.
    await sleep(this.#plan.flushSecs * 1_000 + QUIET);
    const isFilled = async () => {
      const key = `collections/${ID}/checkpoint.json`;
      const checkpoint = await this.#workplace.object(key, checkpointSchema);
      const open = Object.entries(checkpoint?.positions ?? {})
        .filter(([name, position]) => name.startsWith("gap:") && position !== "whole");
      return harvester.hasEnded || open.length === 0;
    };
    if (!await this.#until(isFilled, 90_000)) this.#problem("a gap was not filled");
  }

  #calm(): void {
    this.#workplace.sandbox.troubles.clear();
    this.#workplace.proxy?.expect(null);
  }

  #harvest(): Harvester {
    const number = ++this.#harvests;
    const harvester = this.#workplace.harvest();
    void harvester.ended.then(({ code, said }) =>
      this.#tell(`Harvest ${number} of round ${this.#round} exited with ${code}:\n${said}`)
    );
    return harvester;
  }

  #openStream(most?: number): StreamHarvest {
    const flushMs = this.#plan.flushSecs * 1_000;
    const stream = new StreamHarvest({ flushMs, ...(most === undefined ? {} : { most }) });
    this.#streams.push(stream);
    return stream;
  }

  /** Posts once the stream is open, for as long as the harvester lives and was not paused. */
  async #post(
    harvester: Harvester,
    { posts, everyMs }: Pick<Round, "posts" | "everyMs">,
    stream: StreamHarvest,
  ): Promise<void> {
    const opened = this.#workplace.streams;
    await this.#until(() => this.#workplace.streams > opened || harvester.hasEnded, PATIENCE);
    await this.#postOne(posts, { everyMs, harvester, stream });
  }

  async #postOne(
    posts: number,
    { everyMs, harvester, stream }: {
      everyMs: number;
      harvester: Harvester;
      stream: StreamHarvest;
    },
  ): Promise<void> {
    const { world } = this.#workplace.sandbox;
    const users = [...world.users.keys()];
    for (let n = 0; n < posts && !harvester.hasEnded && !stream.isQuiet; n++) {
      world.post(users[n % users.length] ?? "");
      await sleep(everyMs);
    }
  }

  #postAll(posts: number): void {
    const { world } = this.#workplace.sandbox;
    for (const user of world.users.keys()) world.post(user, posts);
  }

  /** Resolves when the count of a round is reached and what it leads to is done. */
  #reach({ counted, at, lateMs }: Round, act: () => void): Promise<void> {
    return new Promise((resolve) => {
      const strike = () => {
        act();
        resolve();
      };
      this.#trigger = {
        counted,
        left: at,
        act: lateMs === 0 ? strike : () => setTimeout(strike, lateMs),
      };
    });
  }

  #count(what: Round["counted"]): void {
    const trigger = this.#trigger;
    if (trigger?.counted !== what || --trigger.left > 0) return;
    this.#trigger = null;
    trigger.act();
  }

  async #limit(most: number | undefined): Promise<void> {
    const { type } = this.#plan;
    if (type === "user_timeline") return;
    const key = `collections/${ID}/collection.json`;
    const config = await this.#workplace.object(key, configSchema);
    const part = config?.[type];
    if (!config || !part || part.max_records === most) return;
    const { max_records: _, ...rest } = part;
    const changed = {
      ...config,
      [type]: most === undefined ? rest : { ...rest, max_records: most },
    };
    await this.#workplace.bucket.put(key, JSON.stringify(changed));
  }

  async #unlock(): Promise<void> {
    const { code, said } = await this.#workplace.unlock();
    if (code !== 0) this.#problem(`unlock exited with ${code}: ${said}`);
  }

  /** Waits for a harvester's end, and ends one that does not come to it. */
  async #over(harvester: Harvester): Promise<void> {
    if (await settled(harvester.ended, PATIENCE)) return;
    this.#problem(`a harvest did not end`);
    harvester.kill("SIGKILL");
    const { said } = await harvester.ended;
    this.#problem(said.slice(-1_000));
  }

  async #check(harvester: Harvester, { storeTrouble, trouble }: Round): Promise<void> {
    await this.#expectCode(harvester, storeTrouble || trouble ? [0, 3] : [0]);
  }

  async #expectCode(harvester: Harvester, codes: number[]): Promise<void> {
    const { code, said } = await harvester.ended;
    if (!codes.includes(code)) this.#problem(`exit code ${code}: ${said.slice(-1_500)}`);
  }

  async #snapshot(): Promise<Map<string, string>> {
    const listed = await Array.fromAsync(this.#workplace.bucket.list("collections/"));
    return new Map(listed.map(({ key, version }) => [key, version]));
  }

  async #until(look: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
    for (const end = performance.now() + ms; performance.now() < end;) {
      if (await look()) return true;
      await sleep(10);
    }
    return false;
  }

  #tally(fault: string, where: string): void {
    const name = `${fault} | ${where}`;
    this.#tried.set(name, (this.#tried.get(name) ?? 0) + 1);
  }

  #problem(what: string): void {
    this.#problems.push(`harvest ${this.#round}: ${what}`);
  }

  async #outcome(): Promise<ProcessOutcome> {
    const { tweets, unreadable, unlisted } = await readBucket(this.#workplace.bucket);
    const { lost, cuts } = accountOf(this.#streams, (id) => tweets.has(id));
    return {
      plan: this.#plan,
      harvests: this.#harvests,
      tried: this.#tried,
      lost: [...lost, ...this.#served().filter((id) => !tweets.has(id))],
      twice: [...tweets].filter(([, count]) => count > 1).map(([id]) => id),
      unreadable,
      garbage: [...unlisted, ...await this.#workplace.temporary()],
      cuts,
      problems: this.#problems,
    };
  }

  /** What a walk is served. */
  #served(): string[] {
    if (this.#plan.type === "filter") return [];
    const { world } = this.#workplace.sandbox;
    return world.search("sandbox", { count: 100_000 }).map(({ id }) => `${id}`);
  }
}

/** Whether something is done within some milliseconds. */
async function settled(what: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([what.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
