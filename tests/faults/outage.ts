/** A stream into S3 that is away for minutes: refused, or silent. What came of it, as an independent reader sees it. */

import type { Moto } from "../peers/moto.ts";
import { ID, Workplace } from "./harvester_process.ts";
import type { Plan } from "./plan.ts";
import { collectionText } from "./process_play.ts";
import { readBucket } from "./reader.ts";
import { sleep, until } from "./stage.ts";
import type { Result } from "./table.ts";

/** How S3 is away: every connection breaks, or nothing is ever answered. */
export const OUTAGES = ["gone", "silent"] as const;
/** A way to be away. */
export type Outage = typeof OUTAGES[number];

/** What an outage is played with. */
export interface OutageOptions {
  kind: Outage;
  minutes: number;
  /** Starts S3. */
  moto: () => Promise<Moto>;
  signal: AbortSignal;
}

/** What came of it. */
export interface OutageOutcome extends Result {
  /** Tweets that the stream sent. */
  sent: number;
  /** How often the stream was opened. */
  streams: number;
  /** What the harvester exited with. */
  exitCode: number;
}

/** Seconds of the stream before and after. */
const [BEFORE, AFTER] = [5, 30];
/** Milliseconds between tweets. */
const PACE = 50;
const PLAN: Plan = {
  number: 0,
  type: "filter",
  api: "2",
  bucket: "S3",
  users: 1,
  tweetsPerUser: 0,
  delayMs: 0,
  replay: 0,
  fillGaps: false,
  flushSecs: 15,
  tweetsPerFile: 250_000,
  rounds: [],
};

/** Plays one outage in the middle of a stream, and stops the harvester in peace. */
export async function playOutage(
  { kind, minutes, moto, signal }: OutageOptions,
): Promise<OutageOutcome> {
  const workplace = await Workplace.make(PLAN, moto);
  try {
    const text = collectionText({ plan: PLAN, workplace });
    await workplace.bucket.put(`collections/${ID}/collection.json`, text);
    const sent: string[] = [];
    workplace.onSent = (id) => void sent.push(id);
    const harvester = workplace.harvest();
    await until(() => workplace.streams > 0 || harvester.hasEnded, 60_000);
    await posted(workplace, BEFORE, signal);
    workplace.proxy?.expect({ kind, at: 1, span: minutes * 60_000 });
    await posted(workplace, minutes * 60 + AFTER, signal);
    await workplace.stop();
    const { code: exitCode } = await harvester.ended;
    const { tweets, unreadable, unlisted } = await readBucket(workplace.bucket);
    return {
      tried: new Map([[`${kind} for ${minutes} minutes | stream into S3`, 1]]),
      lost: sent.filter((id) => !tweets.has(id)),
      twice: [...tweets].filter(([, files]) => files.length > 1).map(([id]) => id),
      unreadable,
      garbage: [...unlisted, ...await workplace.temporary()],
      sent: sent.length,
      streams: workplace.streams,
      exitCode,
    };
  } finally {
    await workplace.close();
  }
}

async function posted({ sandbox }: Workplace, seconds: number, signal: AbortSignal): Promise<void> {
  const [user = ""] = sandbox.world.users.keys();
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    signal.throwIfAborted();
    sandbox.world.post(user);
    await sleep(PACE);
  }
}
