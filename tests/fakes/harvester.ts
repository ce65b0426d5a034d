/**
 * A small harvester for tests of runners: it takes the lease, serves the control server, and writes
 * down how it was started, but collects nothing. It tells of its harvest at its end, but not how that ended: its exit
 * code counts. What it does besides, its collection's id says. It runs as a process, or in a container without one.
 */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { acquireLease } from "../../lib/bucket/lease.ts";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { isoTime, systemClock } from "../../lib/base/clock.ts";
import { limitReason } from "../../lib/collection/end_reasons.ts";
import { collectionKeys, FILES } from "../../lib/collection/layout.ts";
import { jsonBytes } from "../../lib/base/json_bytes.ts";
import type { Controlled } from "../../lib/control/control.ts";
import { serveControl } from "../../lib/control/server.ts";
import { OWN_SERVICE, restOwnService } from "../../lib/runner/ecs/own_service.ts";
import { openStore } from "../../lib/store/open.ts";
import { shipped } from "../shipped.ts";
import { awsOf, type Inside, insideHere } from "./container.ts";
import { runOriginal } from "./original_harvester.ts";

/** Exits at once with code 1 and a reason. */
export const FAULTY = "faulty";
/** Ends by itself, at once, as a harvest with little to collect. */
export const BRIEF = "brief";
/** Is of a stream that comes to its limit at once. */
export const LIMITED = "limited";
/** Begins, and is refused by the API once somebody has looked at it. */
export const REFUSED = "refused";
/** Has no control server, so that only a signal stops it. */
export const DEAF = "deaf";

/** Ends at once without an error, and tells of nothing, as another image may. */
export const IDLE = "idle";

/** The command line that starts it. */
export const SELF = shipped(fileURLToPath(import.meta.url));

/** What a faulty harvester says. */
export const FAULT = "It cannot be harvested. Mend it";

/** Keeps a harvester alive, as the program does. */
async function keep(args: string[]): Promise<void> {
  const bucket = args[args.indexOf("--bucket") + 1] ?? "";
  const keeper = args[args.indexOf("--keeper") + 1] ?? "";
  // A harvester that runs once needs none of it.
  const { LocalRunner } = await import("../../lib/runner/local/runner.ts");
  const store = await openStore(parseBucket(bucket));
  const env = process.env;
  const runner = await LocalRunner.open({
    bucket: parseBucket(bucket),
    aws: {},
    store,
    clock: systemClock,
    self: () => Promise.resolve(SELF),
    env,
  });
  const ending = new AbortController();
  process.on("SIGTERM", () => ending.abort());
  await runner.keep(args.at(-1) ?? "", keeper, ending.signal);
  process.exit(0);
}

/** Harvests nothing, for as long as a harvester would; its exit code. */
async function harvest(inside: Inside): Promise<number> {
  const { args, env, say, clock, process, isGone, terminated, killed } = inside;
  const collectionId = args.at(-1) ?? "";
  const bucket = args[args.indexOf("--bucket") + 1] ?? "";
  say(`started with ${args.join(" ")}`);
  if (collectionId === FAULTY) {
    say(`Error: ${FAULT}`);
    return 1;
  }
  if (collectionId === IDLE) return 0;
  const harvest_timestamp = isoTime(clock.now());
  const [isStopped, isOver] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const isSeen = Promise.withResolvers<void>();
  let state: "harvesting" | "stopped" = "harvesting";
  const controlled: Controlled = {
    info: () => {
      isSeen.resolve();
      return {
        collection_id: collectionId,
        harvest_timestamp,
        tweets: 7,
        files: 1,
        file_bytes: 100,
        state,
      };
    },
    stop() {
      state = "stopped";
      isStopped.resolve();
    },
    isStopped: () => state === "stopped",
    shutdown() {
      isStopped.resolve();
      isOver.resolve();
    },
  };
  terminated.addEventListener("abort", () => controlled.shutdown());
  const secret = () => Promise.resolve(env.TWARC_CLOUD_SECRET);
  const server = collectionId === DEAF ? null : serveControl(controlled, {
    hostname: "127.0.0.1",
    port: 0,
    collectionId,
    secret,
    clock,
  });
  killed.addEventListener("abort", () => server?.close());
  const control = server ? { control: server.url.href } : {};
  const store = await openStore(parseBucket(bucket), awsOf(env));
  const lease = await acquireLease({
    store,
    collectionId,
    holder: { id: crypto.randomUUID(), ...process, ...control },
    clock,
    isGone,
  });
  if (terminated.aborted || [BRIEF, LIMITED].includes(collectionId)) controlled.shutdown();
  if (collectionId === REFUSED) {
    await isSeen.promise;
    await lease.release();
    await server?.close();
    say(`Error: ${FAULT}`);
    return 1;
  }
  await isStopped.promise;
  if (!args.includes("--shutdown")) await isOver.promise;
  say("ended");
  const { state: _, ...said } = controlled.info();
  const end = {
    outcome: "complete",
    reason: limitReason(7),
    harvest_end_timestamp: isoTime(systemClock.now()),
  };
  const info = collectionId === LIMITED ? { ...said, ...end } : said;
  const keys = collectionKeys(collectionId);
  await store.put(
    `${keys.harvest(Date.parse(harvest_timestamp))}${FILES.harvest}`,
    jsonBytes(info),
  );
  await store.put(keys.lastHarvest, jsonBytes({ harvest_id: harvest_timestamp }));
  await lease.release();
  await server?.close();
  if (collectionId === LIMITED) await restOwnService(env[OWN_SERVICE], awsOf(env));
  return 0;
}

/** What a container runs: a harvester of ours, or one of the Python original. */
export async function inContainer(inside: Inside): Promise<number> {
  return inside.args[0] === "aws" ? await runOriginal(inside) : await harvest(inside);
}

if (import.meta.main) {
  if (Deno.args[1] === "keep") await keep(Deno.args);
  else process.exit(await harvest(insideHere(Deno.args)));
}
