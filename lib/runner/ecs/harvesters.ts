/** The harvesters of one bucket on ECS: which one holds a collection, its address, and how to stop it. */

import { ifOurs, UnresponsiveError } from "../../base/errors.ts";
import { type FoundLock, readLock, removeLock } from "../../bucket/lock.ts";
import type { Clock } from "../../base/clock.ts";
import { collectionKeys } from "../../collection/layout.ts";
import { ControlClient } from "../../control/control.ts";
import type { Store } from "../../store/store.ts";
import type { EcsServices } from "./services.ts";
import type { EcsTasks, HarvesterTask } from "./tasks.ts";
import { tellStop } from "../live.ts";
import type { StopOptions } from "../runner.ts";
import { awsName, CONTROL_PORT } from "./task_definition.ts";

/** Milliseconds that a harvester may take to stop. */
const STOP_TIMEOUT_MS = 600_000;
/** Milliseconds for which an unreachable control server is retried. */
const SILENCE_MS = 15_000;

/** Options of EcsHarvesters. */
export interface HarvestersOptions {
  /** The bucket's name, without `s3://`. */
  bucket: string;
  store: Store;
  clock: Clock;
  tasks: EcsTasks;
  services: EcsServices;
  /** Returns a collection's control secret. */
  secretOf: (collectionId: string) => Promise<string | undefined>;
  /** Milliseconds between polls. */
  pace: number;
  /** The port of control servers, where the lock does not name one. */
  controlPort?: number | undefined;
}

/** The harvesters of one bucket. Methods throw UserError and OutsideError. */
export class EcsHarvesters {
  readonly #options: HarvestersOptions;

  constructor(options: HarvestersOptions) {
    this.#options = options;
  }

  /** Stops a collection's harvester, and waits until it has ended. */
  async end(
    collectionId: string,
    { services, tasks, ...options }: StopOptions & { services: string[]; tasks: HarvesterTask[] },
  ): Promise<void> {
    await this.#stopHarvest(collectionId, options);
    for (const name of services) await this.#options.services.end(name);
    for (const { arn } of tasks) {
      await this.#options.tasks.end(arn, "Stopped by a command of twarc-cloud");
    }
    await this.#untilGone(collectionId, tasks.map(({ arn }) => arn), options);
  }

  /**
   * Stops the original's service of a collection, and removes the lock that its harvester leaves when it is killed.
   */
  async takeOver(collectionId: string): Promise<void> {
    const services = await this.servicesFor(collectionId);
    const tasks = await this.listTasks(collectionId);
    const before = await this.lock(collectionId);
    await this.end(collectionId, { services, tasks });
    const left = await this.lock(collectionId);
    if (!left || left.document || left.version !== before?.version) return;
    await removeLock(this.#options.store, collectionKeys(collectionId).lock, left.version);
  }

  /** Returns the names of the services that harvest a collection: ours, and that of the original. */
  async servicesFor(collectionId: string): Promise<string[]> {
    const ours = this.serviceFor(collectionId);
    const original = await this.#options.services.original(this.#options.bucket, collectionId);
    return [
      ...await this.#options.services.isServed(ours) ? [ours] : [],
      ...original === null ? [] : [original],
    ];
  }

  /** Returns whether a collection has a task or a service, though no lock yet. */
  async isStarted(collectionId: string): Promise<boolean> {
    const tasks = await this.listTasks(collectionId);
    if (tasks.length > 0) return true;
    for (const name of await this.servicesFor(collectionId)) {
      if (await this.#options.services.isKept(name)) return true;
    }
    return false;
  }

  /** Returns the name of a collection's service. ECS allows 255 characters. */
  serviceFor(collectionId: string): string {
    return awsName(`${this.#options.bucket}_${collectionId}`, 255);
  }

  /** Returns the tasks of a collection that run, or are about to. */
  async listTasks(collectionId: string): Promise<HarvesterTask[]> {
    const all = await Array.fromAsync(this.#options.tasks.list(this.#options.bucket));
    return all.filter((task) => task.collectionId === collectionId);
  }

  /** Returns a collection's lock; null where it has none. */
  async lock(collectionId: string): Promise<FoundLock | null> {
    const { store, clock } = this.#options;
    return await readLock(store, collectionId, { clock, isGone: () => null });
  }

  /** Returns the address of a harvester's control server: by its lock, or its public address. */
  async address(task: HarvesterTask | undefined, lock: FoundLock | null): Promise<URL | null> {
    const told = lock?.live ? lock.document?.control : undefined;
    if (told && new URL(told).hostname !== "0.0.0.0") return new URL(told);
    if (!task?.networkInterface) return null;
    // The interface may be deleted already, or not readable for this person: nothing else depends on it.
    const address = await this.#options.tasks.findAddress(task.networkInterface).catch(
      ifOurs(undefined),
    );
    const { controlPort = CONTROL_PORT } = this.#options;
    return address ? new URL(`http://${address}:${controlPort}/`) : null;
  }

  /** Returns a client for a collection's harvester; null where it has no address yet. */
  async client(
    collectionId: string,
    task: HarvesterTask | undefined,
    lock: FoundLock | null,
  ): Promise<ControlClient | null> {
    const { clock } = this.#options;
    const url = await this.address(task, lock);
    if (url && task?.isOriginal) {
      const secret = async () =>
        (await this.#options.tasks.originals.read(task.definition))?.secret;
      return new ControlClient(url, { collectionId, secret, parameter: "secret_key", clock });
    }
    const secret = () => this.#options.secretOf(collectionId);
    return url ? new ControlClient(url, { collectionId, secret, clock }) : null;
  }

  /** Requests the harvester to stop, and waits until it has; an unreachable one gets only SIGTERM. */
  async #stopHarvest(collectionId: string, { signal, say }: StopOptions): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT_MS;
    let heard = clock.monotonic();
    let isTold = false;
    while (clock.monotonic() < end) {
      signal?.throwIfAborted();
      const lock = await this.lock(collectionId);
      if (!lock?.live) return;
      const tasks = await this.listTasks(collectionId);
      // The lock of the original does not name its holder.
      const holds = ({ isOriginal }: HarvesterTask) => isOriginal === (lock.document === null);
      const task = tasks.find(holds) ?? tasks[0];
      const control = await this.client(collectionId, task, lock);
      if (!control) return;
      const state = await tellStop(control, isTold);
      if (state === true) return;
      isTold ||= state !== null;
      if (state !== null) heard = clock.monotonic();
      if (clock.monotonic() - heard > SILENCE_MS) return;
      say?.(state === null ? "its harvester to answer" : "its harvester to stop");
      await clock.sleep(Math.min(this.#options.pace, 1_000), signal);
    }
  }

  /** Waits until a deleted service is inactive: ECS creates no other of its name before. */
  async untilDrained(name: string): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT_MS;
    while (await this.#options.services.isDraining(name)) {
      if (clock.monotonic() > end) {
        throw new UnresponsiveError(`The service of the former harvest is still draining`, {
          hint: "Try again in some minutes.",
        });
      }
      await clock.sleep(this.#options.pace);
    }
  }

  /** Waits until tasks have ended, and their lock is released. */
  async #untilGone(
    collectionId: string,
    arns: string[],
    { signal, say }: StopOptions,
  ): Promise<void> {
    const { clock } = this.#options;
    const end = clock.monotonic() + STOP_TIMEOUT_MS;
    while (clock.monotonic() < end) {
      signal?.throwIfAborted();
      const lock = await this.lock(collectionId);
      // A lock without a holder, as the original's, is not renewed: it ends with its tasks.
      const isLive = (lock?.live ?? false) && lock?.document !== null;
      const left = await this.#options.tasks.describe(arns);
      const going = left.find(({ status }) => status !== "STOPPED") ??
        (await this.listTasks(collectionId))[0];
      if (!isLive && !going) return;
      say?.(going ? `its task to end (it is ${going.status})` : "its lock to be released");
      await clock.sleep(this.#options.pace, signal);
    }
    throw new UnresponsiveError(`The harvester of ${collectionId} does not stop`, {
      hint: "In the AWS console, look at its task.",
    });
  }
}
