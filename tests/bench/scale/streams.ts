/** What a stream writes to S3: some minutes of a real harvest, on a clock that stands still until all is at rest. */

import { World } from "../../../lib/sandbox/world.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import type { StreamItem } from "../../../lib/twitter/api.ts";
import { counted, tallied } from "../../fakes/counting_store.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { FILTER } from "../../fakes/slow_stream.ts";
import { unsyncedFiles } from "../../fakes/unsynced_files.ts";
import { added, run } from "../../fakes/whole_harvest.ts";
import { WorldApi } from "../../fakes/world_api.ts";

/** Of a harvest, unless a person says otherwise. */
export const USUAL = { flushMs: 15_000, tweetsPerFile: 250_000, msPerFile: 1_800_000 };
/** Milliseconds between renewals of a lease, each of which is a write. */
const LEASE_MS = 20_000;
const [SECOND, MINUTE] = [1_000, 60_000];
/** Seconds of a stream that come together. */
const TOGETHER = 5;

/** A stream. */
export interface Stream {
  perSecond: number;
  minutes: number;
  /** A tweet's line. */
  lineOf: (id: string) => Uint8Array;
  flushMs?: number;
  tweetsPerFile?: number;
}

/** What some minutes of it wrote. */
export interface Streamed {
  tweets: number;
  /** Files of tweets that were closed, or are open. */
  files: number;
  /** Their bytes, packed. */
  bytes: number;
  /** Writes by name, from the second minute to the last but one. */
  puts: Record<string, number>;
}

/** Harvests some minutes of a stream, and one before them in which it begins. */
export async function streamed(stream: Stream): Promise<Streamed> {
  const { perSecond, minutes, lineOf, flushMs = USUAL.flushMs } = stream;
  const { tweetsPerFile = USUAL.tweetsPerFile } = stream;
  const clock = new ManualClock();
  const store = await added(FILTER, clock);
  const stopped = new AbortController();
  const api = new WorldApi(World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 }));
  let tweets = 0;
  api.stream = async function* (_, signal): AsyncGenerator<StreamItem> {
    while (!signal.aborted) {
      const ids = Array.from({ length: perSecond * TOGETHER }, () => `${++tweets}`);
      yield { tweets: ids.map((id) => ({ id, line: lineOf(id) })), messages: [] };
      await clock.sleep(TOGETHER * SECOND, signal);
    }
  };
  let isOver = false;
  const options = { clock, flushMs, tweetsPerFile, files: unsyncedFiles, signal: stopped.signal };
  const harvested = run(store, api, options).finally(() => isOver = true);
  while (clock.sleepers < 2 && !isOver) await new Promise((resolve) => setTimeout(resolve));
  await clock.advance(MINUTE);
  const asked = counted(store);
  await clock.advance(minutes * MINUTE);
  const puts = tallied(asked.puts);
  stopped.abort();
  while (!isOver) await clock.advance(5 * SECOND);
  await harvested;
  const keys = store.keys().filter((key) => key.includes("/tweets-"));
  let bytes = 0;
  for (const key of keys) bytes += (await store.get(key))?.bytes.length ?? 0;
  return { tweets, files: keys.length, bytes, puts };
}

/**
 * Writes of a stream by the model: each flush its tweets and the checkpoint, a file that is full a flush of its own and
 * the manifest, and the lease.
 */
export function modelledPuts(
  { perSecond, minutes, flushMs = USUAL.flushMs, tweetsPerFile = USUAL.tweetsPerFile }: Omit<
    Stream,
    "lineOf"
  >,
): number {
  const ms = minutes * MINUTE;
  const fileMs = Math.min(tweetsPerFile / perSecond * SECOND, USUAL.msPerFile);
  const ofFile = Math.ceil(fileMs / flushMs) * 2 + 1;
  const files = Math.floor(ms / fileMs);
  const ofRest = Math.floor((ms - files * fileMs) / flushMs) * 2;
  return files * ofFile + ofRest + ms / LEASE_MS;
}
