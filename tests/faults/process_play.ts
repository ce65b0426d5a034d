/** One collection, harvested again and again by real processes while things go wrong; then looked at by an independent reader. */

import type { Moto } from "../peers/moto.ts";
import { ID, Workplace } from "./harvester_process.ts";
import { type Extent, type Plan, planOf, type Round } from "./plan.ts";
import { readBucket } from "./reader.ts";
import { accountOf, type Cut } from "./sendings.ts";
import { isDone, QUIET, type Running, sleep, Stage } from "./stage.ts";
import type { Result } from "./table.ts";
import { isPause, takeOver } from "./takeover.ts";

/** What became of a collection. */
export interface ProcessOutcome extends Result {
  plan: Plan;
  harvests: number;
  /** What each cut of a stream cost. */
  cuts: Cut[];
  /** Whatever else should not have been. */
  problems: string[];
}

/** What a collection is played with. */
export interface PlayOptions {
  seed: number;
  /** Of the collection. */
  number: number;
  extent: Extent;
  /** Starts S3 when it is needed first. */
  moto: () => Promise<Moto>;
  signal: AbortSignal;
  /** Told what happens, line by line. */
  tell?: (line: string) => void;
}

/** Plays one collection. */
export async function playProcesses(
  { seed, number, extent, moto, signal, tell = () => {} }: PlayOptions,
): Promise<ProcessOutcome> {
  signal.throwIfAborted();
  const plan = planOf(seed, number, extent);
  const workplace = await Workplace.make(plan, moto);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([played(new Stage(plan, workplace, tell)), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
    await workplace.close();
  }
}

async function played(stage: Stage): Promise<ProcessOutcome> {
  const { plan, workplace } = stage;
  await workplace.bucket.put(`collections/${ID}/collection.json`, collectionText(stage));
  for (const round of plan.rounds) {
    stage.round++;
    stage.tell(`Round ${stage.round}: ${JSON.stringify(round)}`);
    await playRound(stage, round);
  }
  await stage.limit(undefined);
  // Two in which nothing goes wrong: the first may only end what the ones before left.
  for (let n = 0; n < 2; n++) await playPeace(stage);
  return await outcomeOf(stage);
}

/** The configuration of the collection of a plan, as JSON. */
export function collectionText(
  { plan: { type, api, fillGaps }, workplace }: Pick<Stage, "plan" | "workplace">,
): string {
  const { keys, bearer, world } = workplace.sandbox;
  const users = Object.fromEntries([...world.users.keys()].map((id) => [id, {}]));
  const of = {
    user_timeline: { users },
    search: { search: { query: "sandbox" } },
    filter: { filter: { track: "sandbox", ...(api === "2" ? { fill_gaps: fillGaps } : {}) } },
  };
  const common = { id: ID, type, api, keys: api === "2" ? { bearer_token: bearer } : keys };
  return JSON.stringify({ ...common, ...of[type] });
}

async function playRound(stage: Stage, round: Round): Promise<void> {
  const { sandbox: { troubles }, proxy } = stage.workplace;
  const most = round.ending === "max_records" ? round.maxRecords : undefined;
  await stage.limit(most);
  stage.calm();
  troubles.met.length = 0;
  if (round.trouble) troubles.add(round.trouble);
  proxy?.expect(round.storeTrouble);
  const running = stage.harvest(most);
  const reached = stage.reach(round, () => strike(stage, round, running));
  const isReached = await comesTo(stage, { round, running, reached });
  stage.forget();
  const storeMet = proxy?.met ?? 0;
  await end(stage, round, { running, isReached });
  if (round.storeTrouble && Math.max(storeMet, proxy?.met ?? 0) > 0) {
    // What one that is killed had flushed is on its disk; what one has that is taken over stays there.
    if (isPause(round.ending)) running.stream.storeTrouble = round.storeTrouble;
    stage.tally(round.storeTrouble.kind, "S3");
  }
  for (const kind of troubles.met) stage.tally(kind, stage.isStream ? "stream" : "REST");
  if (!stage.isStream) stage.postAll(round.posts);
}

/** Whether the count of the round is reached before the harvest has ended. */
async function comesTo(
  stage: Stage,
  { round, running, reached }: { round: Round; running: Running; reached: Promise<void> },
): Promise<boolean> {
  const { harvester } = running;
  const hasEnded = harvester.ended.then(() => false);
  if (!stage.isStream) return await Promise.race([reached.then(() => true), hasEnded]);
  const endsItself = round.ending === "max_records";
  await Promise.race([stage.postWhenOpen(running, round), ...(endsItself ? [] : [reached])]);
  if (!endsItself && await isDone(Promise.race([reached, hasEnded]), QUIET)) {
    return await Promise.race([reached.then(() => true), hasEnded]);
  }
  // A stream goes on for ever: where all was posted and nothing happened, it is told to end.
  await stage.untilSent();
  if (!endsItself || !await isDone(harvester.ended, 3_000)) harvester.kill("SIGTERM");
  return false;
}

/** What happens at once when the count is reached. */
function strike(stage: Stage, { ending }: Round, { harvester, stream }: Running): void {
  if (harvester.hasEnded) return;
  if (ending === "kill -9" || isPause(ending)) {
    stream.isQuiet = true;
    stream.cutAt = performance.now();
    stage.tell(`${new Date().toISOString()} ${ending}`);
    harvester.kill(ending === "kill -9" ? "SIGKILL" : "SIGSTOP");
  } else if (ending === "SIGTERM" || ending === "/stop") {
    stream.isQuiet = true;
    if (ending === "SIGTERM" && !stage.isStream) harvester.kill("SIGTERM");
  }
}

/** What comes after, until the harvester has ended. */
async function end(
  stage: Stage,
  round: Round,
  { running, isReached }: { running: Running; isReached: boolean },
): Promise<void> {
  const { ending } = round;
  const { harvester, stream } = running;
  const isCut = stream.cutAt !== undefined;
  const { bucket } = stage.plan;
  if (isCut || isReached || ending === "max_records") stage.tally(ending, bucket);
  if (isCut && isPause(ending)) return await takeOver(stage, { ...round, ending }, running);
  if (isCut) {
    await stage.over(harvester);
    stage.calm();
    // What was under way when it was killed may be the lock, and arrives first.
    await sleep(QUIET);
    if (bucket === "S3") await stage.unlock();
    return;
  }
  if (isReached && (ending === "SIGTERM" || ending === "/stop")) {
    if (stage.isStream) await stage.untilSent();
    const isStopped = ending === "/stop" && await stage.workplace.stop();
    // One that does not answer has not begun, or is ending.
    if (!isStopped) harvester.kill("SIGTERM");
  }
  await stage.over(harvester);
  await stage.expectCode(harvester, round.storeTrouble || round.trouble ? [0, 3] : [0]);
  stage.calm();
  // Where S3 was gone to the end, the lock is there for a minute still.
  if (bucket === "S3" && (await harvester.ended).code === 3) await stage.unlock();
}

/** A harvest in which nothing goes wrong, and which has to end well. */
async function playPeace(stage: Stage): Promise<void> {
  stage.calm();
  const running = stage.harvest();
  if (stage.isStream) {
    await stage.postWhenOpen(running, { posts: 5, everyMs: 20 });
    if (stage.plan.fillGaps) await stage.untilFilled(running);
    await stage.untilSent();
    running.harvester.kill("SIGTERM");
  }
  await stage.over(running.harvester);
  await stage.expectCode(running.harvester, [0]);
}

async function outcomeOf(stage: Stage): Promise<ProcessOutcome> {
  const { plan, workplace, harvests, tried, problems, streams } = stage;
  const { tweets, unreadable, unlisted } = await readBucket(workplace.bucket);
  const { lost, cuts } = accountOf(streams, (id) => tweets.has(id));
  // What a walk is served.
  const walked = stage.isStream
    ? []
    : workplace.sandbox.world.search("sandbox", { count: 100_000 }).map(({ id }) => `${id}`);
  return {
    plan,
    harvests,
    tried,
    lost: [...lost, ...walked.filter((id) => !tweets.has(id))],
    twice: [...tweets].filter(([, files]) => files.length > 1)
      .map(([id, files]) => `${id} in ${files.join(" and ")}`),
    unreadable,
    garbage: [...unlisted, ...await workplace.temporary()],
    cuts,
    problems,
  };
}
