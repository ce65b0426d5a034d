/** Estimates a collection's cost on AWS in one line, by list prices and its type's requests. */

import { traitsFor } from "../collection/types/traits.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import { dollarText } from "../billing/prices.ts";
import type { Settings } from "../base/settings.ts";
import type { Bucket, Context } from "./context.ts";

/** AWS's list prices in dollars, for one region and date. */
export const AWS_PRICES = {
  region: "us-east-1",
  date: "2025",
  /** Of Fargate per hour: a vCPU, and a gigabyte of memory. */
  fargate: { X86_64: { cpu: 0.04048, memory: 0.004445 }, ARM64: { cpu: 0.03238, memory: 0.00356 } },
  /** Of a public address per hour. */
  address: 0.005,
  /** Of a PUT, and of a GET. */
  put: 0.005 / 1_000,
  get: 0.0004 / 1_000,
  /** Of a gigabyte: in S3 per month, and of logs once. */
  storage: 0.023,
  logs: 0.5,
} as const;

/** Hours of a month. */
const MONTH = 730;
/** Writes of a stream per hour: the lock, the checkpoint every five minutes, and each flush with tweets. */
const [SILENT, BUSY] = [3 * 60 + 12, 11 * 60];
/** Requests of a harvest of a few pages, as counted by `tests/harvest/requests_test.ts`. */
const [PUTS, GETS] = [14, 8];

/** A harvester's task. */
export interface Task {
  /** CPU units; 1,024 are a vCPU. */
  cpu: number;
  /** MB. */
  memory: number;
  architecture: "ARM64" | "X86_64";
}

/** Returns whether AWS's prices apply: not to harvesters of this machine, or a store at an address of one's own. */
export function isOnAws({ runner, aws }: Pick<Settings, "runner" | "aws">): boolean {
  return runner === "ecs" && aws.storeEndpoint === undefined;
}

/** Returns the task settings of twarc_cloud.ini. */
export function readTask(
  get: (name: "cpu" | "memory" | "architecture") => string | undefined,
): Task {
  const architecture = get("architecture") === "ARM64" ? "ARM64" : "X86_64";
  return { cpu: Number(get("cpu") ?? 256), memory: Number(get("memory") ?? 512), architecture };
}

/**
 * Returns a collection's cost on AWS, in addition to the API's bill.
 * @param pause Milliseconds between the runs of a schedule; absent for one run, and for streams.
 */
export function awsCost(type: CollectionConfig["type"], task: Task, pause?: number): string {
  const { fargate, address, put, get, storage, logs, region, date } = AWS_PRICES;
  const { cpu, memory } = fargate[task.architecture];
  const hour = task.cpu / 1_024 * cpu + task.memory / 1_024 * memory;
  const rest = `Storage is ${dollarText(storage)} a GB and month, logs ${dollarText(logs)} a GB ` +
    `(AWS's list prices of ${region}, ${date}).`;
  if (!traitsFor(type).endsByItself) {
    const [least, most] = [SILENT * MONTH * put, BUSY * MONTH * put];
    return `On AWS a month of it costs ${cents((hour + address) * MONTH + least)} to ` +
      `${cents((hour + address) * MONTH + most)} dollars: task ${cents(hour * MONTH)}, address ` +
      `${cents(address * MONTH)}, requests ${cents(least)} to ${cents(most)}. ${rest}`;
  }
  const run = PUTS * put + GETS * get;
  const most = hour + address + BUSY * put;
  const costs = `${most.toFixed(3)} dollars per hour: task ${hour.toFixed(3)}, ` +
    `address ${address.toFixed(3)}, requests ${(BUSY * put).toFixed(3)} at most`;
  if (pause === undefined) return `On AWS it costs ${costs}. ${rest}`;
  const runs = Math.max(1, Math.round(MONTH * 3_600_000 / pause));
  const month = cents(runs * ((hour + address) / 60 + run));
  return `On AWS a month of it (${
    runs.toLocaleString("en-US")
  } runs) costs ${month} dollars where ` +
    `each takes a minute; it is ${costs}. ${rest}`;
}

/** Reports a collection's cost for a bucket on AWS. @param pause Milliseconds between the runs of a schedule. */
export async function noteCost(
  { settings, collections }: Bucket,
  collectionId: string,
  { output }: Context,
  pause?: number,
): Promise<void> {
  if (!isOnAws(settings)) return;
  const { config: { type } } = await collections.load(collectionId);
  output.note(awsCost(type, readTask((name) => settings.get(name)), pause));
}

function cents(dollars: number): string {
  return dollars.toFixed(2);
}
