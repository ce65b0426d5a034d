/** A harvester stands still, another one takes the collection over, and the first one goes on. */

import type { Ending, Round } from "./plan.ts";
import { PATIENCE, type Running, sleep, type Stage, until } from "./stage.ts";

/** A lease is over after 60 seconds. */
const PAST_THE_LEASE = 62_000;
/** Milliseconds that the lock of a process which lives is watched then in a folder. */
const WATCHED = 70_000;
/** Milliseconds that the API may count the connection of the one that stands still. */
const HELD = 20_000;

/** A way in which a harvester is paused. */
export type Pause = Extract<Ending, `SIGSTOP${string}`>;

/** Whether an ending is a pause. */
export function isPause(ending: Ending): ending is Pause {
  return ending.startsWith("SIGSTOP");
}

/** Plays it from the pause on, until both have ended. */
export async function takeOver(
  stage: Stage,
  { ending, posts, everyMs }: Round & { ending: Pause },
  { harvester: paused }: Running,
): Promise<void> {
  stage.calm();
  const isPast = ending.includes("past the lease");
  const isBeside = ending.includes("beside");
  if (isPast) await sleep(PAST_THE_LEASE);
  else await stage.unlock();
  const opened = stage.workplace.streams;
  const other = stage.harvest();
  const resume = () => paused.kill("SIGCONT");
  if (stage.isStream) {
    const isOpen = () => stage.workplace.streams > opened || other.harvester.hasEnded;
    // Version 2 has one connection: where that of the one that stands still is not known, it has to end first.
    const isWatched = isPast && stage.plan.bucket === "folder";
    if (!await until(isOpen, isWatched ? WATCHED + HELD : HELD)) {
      resume();
      await until(isOpen, PATIENCE);
    }
    await stage.post(other, { posts: Math.min(posts, 30), everyMs });
    if (isBeside) resume();
    const posted = await stage.post(other, { posts: Math.min(posts, 30), everyMs });
    await stage.untilSent();
    const unsent = posted.filter((id) => !other.stream.has(id));
    if (isPast && unsent.length > 0) {
      stage.problem(`${unsent.length} posts were kept from the other's stream`);
    }
    other.harvester.kill("SIGTERM");
  } else if (isBeside) {
    // By what it asks the API, the other one has the lease.
    const { requests } = stage.workplace.sandbox;
    const asked = requests.length;
    await until(() => requests.length > asked || other.harvester.hasEnded, PATIENCE);
    resume();
  }
  await stage.over(other.harvester);
  // After a forced unlock, one that goes on before it has noticed may be the one that commits.
  await stage.expectCode(other.harvester, isBeside && !isPast ? [0, 1, 3] : [0]);
  const before = await snapshot(stage);
  resume();
  await stage.over(paused);
  await stage.expectCode(paused, isPast ? [1] : [0, 1, 3]);
  if (!isPast || isBeside) return;
  const changed = [...await snapshot(stage)].filter(([key, version]) =>
    before.get(key) !== version
  );
  // The one write that was under way when it was paused cannot be called back; it is of its own folder.
  if (changed.length > 1 || changed.some(([key]) => !key.includes("/harvests/"))) {
    stage.problem(`after the pause were changed ${changed.map(([key]) => key).join(", ")}`);
  }
}

/** The keys of a bucket, and what tells whether what is there was changed since. */
async function snapshot({ workplace }: Stage): Promise<Map<string, string>> {
  const listed = await Array.fromAsync(workplace.bucket.list("collections/"));
  return new Map(listed.map(({ key, version }) => [key, version]));
}
