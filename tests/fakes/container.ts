/** A container without a process of its own: what would run in one runs in the test's, which takes far less time. */

import process from "node:process";
import type { AwsAccess } from "../../lib/base/aws.ts";
import { type Clock, systemClock } from "../../lib/base/clock.ts";
import { holderIsGone, type ProcessId, thisProcess } from "../../lib/bucket/process.ts";

/** What a program has of the process that it runs in. */
export interface Inside {
  args: string[];
  env: Record<string, string | undefined>;
  /** A line to standard error. */
  say(line: string): void;
  /** Time, for as long as the process lives. */
  clock: Clock;
  /** The process, as a lock names it. */
  process: ProcessId;
  /** Whether another process has ended; null where nobody knows. */
  isGone(other: ProcessId): boolean | null;
  /** Aborted by SIGTERM. */
  terminated: AbortSignal;
  /** Aborted by SIGKILL: what the system would close then, the program closes. */
  killed: AbortSignal;
}

/** A program; its exit code. */
export type Program = (inside: Inside) => Promise<number>;

/** What is to be seen of a process from outside, whether it is one or not. */
export interface Contained {
  readonly pid: number;
  readonly stderr: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly status: Promise<{ code: number; signal: Deno.Signal | null }>;
  kill(signal: Deno.Signal): void;
}

/** No process of this machine has so large a number. */
let last = 2 ** 31;

/** The hosts of those that run. */
const running = new Set<string>();

/** Runs a program as if in a container. */
export function contained(program: Program, given: Pick<Inside, "args" | "env">): Contained {
  const pid = ++last;
  const host = `container-${pid}`;
  running.add(host);
  const [terminated, killed] = [new AbortController(), new AbortController()];
  const { readable: stderr, writable } = new TransformStream<Uint8Array<ArrayBuffer>>(
    {},
    undefined,
    { highWaterMark: Infinity },
  );
  const writer = writable.getWriter();
  const inside: Inside = {
    ...given,
    say(line) {
      if (!killed.signal.aborted) {
        writer.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
      }
    },
    clock: mortal(killed.signal),
    process: { host, pid: 1 },
    isGone: (other) => other.host.startsWith("container-") ? !running.has(other.host) : null,
    terminated: terminated.signal,
    killed: killed.signal,
  };
  const isKilled = new Promise<void>((resolve) =>
    killed.signal.addEventListener("abort", () => resolve())
  );
  const code = program(inside).catch((error) => {
    inside.say(String(error));
    return 70;
  });
  const end = Promise.race([
    code.then((code) => ({ code, signal: null })),
    isKilled.then(() => ({ code: 137, signal: "SIGKILL" as const })),
  ]);
  const status = end.finally(() => {
    running.delete(host);
    return writer.close().catch(() => {});
  });
  const pause = { isOn: false, isTerminated: false };
  const kill = (signal: Deno.Signal) => {
    if (signal === "SIGKILL") {
      running.delete(host);
      killed.abort();
    }
    if (signal === "SIGSTOP") pause.isOn = true;
    if (signal === "SIGCONT") pause.isOn = false;
    if (signal === "SIGTERM") pause.isTerminated = true;
    if (pause.isTerminated && !pause.isOn) terminated.abort();
  };
  return { pid, stderr, status, kill };
}

/** This very process. */
export function insideHere(args: string[]): Inside {
  const terminated = new AbortController();
  process.on("SIGTERM", () => terminated.abort());
  return {
    args,
    env: process.env,
    say: (line) => void process.stderr.write(`${line}\n`),
    clock: systemClock,
    process: thisProcess(),
    isGone: holderIsGone,
    terminated: terminated.signal,
    killed: new AbortController().signal,
  };
}

/** How its environment says that AWS is asked. */
export function awsOf(env: Inside["env"]): AwsAccess {
  return {
    region: env.AWS_REGION,
    accessKey: env.AWS_ACCESS_KEY_ID,
    secretKey: env.AWS_SECRET_ACCESS_KEY,
    endpoint: env.AWS_ENDPOINT_URL,
  };
}

/** The system's clock, by which nobody wakes who was killed. */
function mortal(killed: AbortSignal): Clock {
  return {
    ...systemClock,
    sleep(ms, signal) {
      const slept = systemClock.sleep(ms, AbortSignal.any(signal ? [signal, killed] : [killed]));
      return new Promise((resolve) => void slept.then(() => killed.aborted || resolve()));
    },
  };
}
