/** What the rounds of a collection are played with: harvesters, posts, counts, and what is noted of them. */

import { z } from "zod";
import { type Harvester, ID, type Workplace } from "./harvester_process.ts";
import type { Plan, Round } from "./plan.ts";
import { StreamHarvest } from "./sendings.ts";

/** Milliseconds within which something has to happen that is not kept waiting by a fault. */
export const PATIENCE = 240_000;
/** Milliseconds in which something that is under way comes to its end. */
export const QUIET = 500;
/** Turns of the event loop after which what went to the network is in the socket of who reads it. */
const TURNS = 20;

const configSchema = z.looseObject({
  search: z.looseObject({ max_records: z.int().optional() }).optional(),
  filter: z.looseObject({ max_records: z.int().optional() }).optional(),
});
const checkpointSchema = z.looseObject({ positions: z.record(z.string(), z.unknown()) });

/** A harvester, and what its stream sends it. */
export interface Running {
  harvester: Harvester;
  stream: StreamHarvest;
}

/** Where a plan is played. */
export class Stage {
  readonly plan: Plan;
  readonly workplace: Workplace;
  /** Told what happens, line by line. */
  readonly tell: (line: string) => void;
  /** How often each fault happened, by its name and where it was. */
  readonly tried = new Map<string, number>();
  /** Whatever should not have been, besides what a reader finds. */
  readonly problems: string[] = [];
  readonly streams: StreamHarvest[] = [];
  harvests = 0;
  round = 0;
  /** What is counted, and what happens at which count. */
  #trigger: { counted: Round["counted"]; left: number; act: () => void } | null = null;

  constructor(plan: Plan, workplace: Workplace, tell: (line: string) => void) {
    this.plan = plan;
    this.tell = tell;
    this.workplace = workplace;
    workplace.onAnswer = () => {
      if (!this.isStream) this.#count("API");
    };
    workplace.onSent = (id) => {
      this.streams.at(-1)?.note(id);
      this.#count("API");
    };
    if (workplace.proxy) workplace.proxy.onRequest = () => this.#count("S3");
  }

  /** Whether the collection is a stream's. */
  get isStream(): boolean {
    return this.plan.type === "filter";
  }

  /** Starts a harvester. @param most What max_records says. */
  harvest(most?: number): Running {
    const flushMs = this.plan.flushSecs * 1_000;
    const stream = new StreamHarvest({ flushMs, ...(most === undefined ? {} : { most }) });
    this.streams.push(stream);
    const number = ++this.harvests;
    const harvester = this.workplace.harvest();
    void harvester.ended.then(({ code, said }) =>
      this.tell(`Harvest ${number} of round ${this.round} exited with ${code}:\n${said}`)
    );
    return { harvester, stream };
  }

  /** Ends what goes wrong outside the harvesters. */
  calm(): void {
    this.workplace.sandbox.troubles.clear();
    this.workplace.proxy?.expect(null);
  }

  /** Posts on a stream once it is open. */
  async postWhenOpen(running: Running, posts: Pick<Round, "posts" | "everyMs">): Promise<void> {
    const opened = this.workplace.streams;
    await until(() => this.workplace.streams > opened || running.harvester.hasEnded, PATIENCE);
    await this.post(running, posts);
  }

  /** Posts, one after the other, for as long as the harvester lives and more is to be sent to it; the ids. */
  async post(
    { harvester, stream }: Running,
    { posts, everyMs }: Pick<Round, "posts" | "everyMs">,
  ): Promise<string[]> {
    const { world } = this.workplace.sandbox;
    const users = [...world.users.keys()];
    const posted: string[] = [];
    for (let n = 0; n < posts && !harvester.hasEnded && !stream.isQuiet; n++) {
      posted.push(...world.post(users[n % users.length] ?? "").map(({ id }) => `${id}`));
      await sleep(everyMs);
    }
    return posted;
  }

  /** Posts of every user, for the next walk. */
  postAll(posts: number): void {
    const { world } = this.workplace.sandbox;
    for (const user of world.users.keys()) world.post(user, posts);
  }

  /** Resolves when the count of a round is reached and what it leads to is done. */
  reach({ counted, at, lateMs }: Round, act: () => void): Promise<void> {
    return new Promise((resolve) => {
      const strike = () => {
        // It may be forgotten between the count and what was to come of it.
        if (this.#trigger !== trigger) return;
        this.#trigger = null;
        act();
        resolve();
      };
      const later = lateMs === 0 ? strike : () => setTimeout(strike, lateMs);
      const trigger = { counted, left: at, act: later };
      this.#trigger = trigger;
    });
  }

  /** Counts no more, and does nothing of what was to happen. */
  forget(): void {
    this.#trigger = null;
  }

  /** Sets the collection's max_records as a person does, by its configuration. */
  async limit(most: number | undefined): Promise<void> {
    const { type } = this.plan;
    if (type === "user_timeline") return;
    const key = `collections/${ID}/collection.json`;
    const config = await this.workplace.object(key, configSchema);
    const part = config?.[type];
    if (!config || !part || part.max_records === most) return;
    const { max_records: _, ...rest } = part;
    // So that in the end all of it is there.
    const fill = type === "search" ? { fill: true } : {};
    const limited = most === undefined ? rest : { ...rest, ...fill, max_records: most };
    await this.workplace.bucket.put(key, JSON.stringify({ ...config, [type]: limited }));
  }

  /** Removes the lock. */
  async unlock(): Promise<void> {
    const { code, said } = await this.workplace.unlock();
    if (code !== 0) this.problem(`unlock exited with ${code}: ${said}`);
  }

  /** Waits until all that was posted is in the harvester's socket, read or not. */
  async untilSent(): Promise<void> {
    const { streams, filtered } = this.workplace.sandbox;
    await until(() => streams.areSent && filtered.isSent, PATIENCE);
    for (let turn = 0; turn < TURNS; turn++) await sleep(1);
  }

  /** Waits until no gap of the stream is still to be asked for. */
  async untilFilled({ harvester }: Running): Promise<void> {
    // A gap is noticed when the stream is open, and committed with the next flush.
    await sleep(this.plan.flushSecs * 1_000 + QUIET);
    const isFilled = async () => {
      const key = `collections/${ID}/checkpoint.json`;
      const checkpoint = await this.workplace.object(key, checkpointSchema);
      const open = Object.entries(checkpoint?.positions ?? {})
        .filter(([name, position]) => name.startsWith("gap:") && position !== "whole");
      return harvester.hasEnded || open.length === 0;
    };
    // Gaps are filled one after the other, each after 15 s.
    if (!await until(isFilled, PATIENCE)) this.problem("a gap was not filled");
  }

  /** Waits for a harvester's end, and ends one that does not come to it. */
  async over(harvester: Harvester): Promise<void> {
    if (await isDone(harvester.ended, PATIENCE)) return;
    harvester.kill("SIGKILL");
    const { said } = await harvester.ended;
    this.problem(`a harvest did not end: ${said.slice(-1_500)}`);
  }

  /** Notes where a harvester ended with another exit code. */
  async expectCode(harvester: Harvester, codes: number[]): Promise<void> {
    const { code, said } = await harvester.ended;
    if (!codes.includes(code)) this.problem(`exit code ${code}: ${said.slice(-1_500)}`);
  }

  /** Counts a fault that happened. */
  tally(fault: string, where: string): void {
    const name = `${fault} | ${where}`;
    this.tried.set(name, (this.tried.get(name) ?? 0) + 1);
  }

  /** Notes what should not have been. */
  problem(what: string): void {
    this.problems.push(`round ${this.round}: ${what}`);
  }

  #count(what: Round["counted"]): void {
    const trigger = this.#trigger;
    if (trigger?.counted === what && --trigger.left === 0) trigger.act();
  }
}

/** Whether something comes true within some milliseconds. */
export async function until(look: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end;) {
    if (await look()) return true;
    await sleep(10);
  }
  return false;
}

/** Whether something is done within some milliseconds. */
export async function isDone(what: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([what.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
