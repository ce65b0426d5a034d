/** One harvest, from acquiring the lease to the last projection; the caller starts, watches and stops it. */

import { getLogger } from "@logtape/logtape";
import type { CollectionConfig } from "./lib/collection/types/registry.ts";
import { acquireLease, type Lease } from "./lib/bucket/lease.ts";
import { isoTime } from "./lib/base/clock.ts";
import type { HarvestInfo } from "./lib/collection/harvest_info.ts";
import { collectionKeys } from "./lib/collection/layout.ts";
import type { Controlled } from "./lib/control/control.ts";
import { serveControl } from "./lib/control/server.ts";
import type { Harvest } from "./lib/harvest/asked.ts";
import { monitor } from "./lib/harvest/monitor.ts";
import { patiently } from "./lib/source/patience.ts";
import { toProgress } from "./lib/harvest/progress.ts";
import { openNetworkFor } from "./lib/harvest/opened_network.ts";
import type { Network } from "./lib/source/source.ts";
import { Waits } from "./lib/base/waits.ts";
import { Work } from "./lib/harvest/work.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/**
 * Runs one harvest of a collection. Resolves when the process may exit.
 * @throws LockedError if another process harvests it; UserError or OutsideError if the harvest failed, after what had
 * arrived was committed
 */
export async function harvest(options: Harvest): Promise<void> {
  const { store, clock, collectionId, control, process, isGone, signal } = options;
  const waits = new Waits();
  const first = options.limits;
  const opened = await openNetworkFor({ ...options, patienceMs: first.patienceMs }, waits);
  const { network, type, limits = first } = opened;
  const { patienceMs } = limits;
  const harvester = new Harvester({ ...options, limits }, network, waits);
  const server = serveControl(harvester, { ...control, collectionId, clock });
  const endBySignal = () => {
    harvester.stop("signal");
    harvester.shutdown();
  };
  signal.addEventListener("abort", endBySignal, { once: true });
  try {
    const holder = { id: crypto.randomUUID(), ...process, control: server.url.href };
    const lease = await patiently(
      { clock, patienceMs, lost: signal, stopped: signal, waits },
      () => acquireLease({ store, collectionId, holder, clock, isGone, signal }),
    );
    const remark = store.remark?.();
    if (remark) log.warn("{text}", { text: remark.text });
    const watched = new AbortController();
    const info = () => harvester.info();
    const monitoring = options.monitor
      ? monitor({ info, clock, signal: watched.signal })
      : undefined;
    try {
      await harvester.run(lease, holder.id, type);
      if (!options.shutdown && !signal.aborted && !harvester.hasEndedItself) {
        // Show at once that it has stopped.
        await lease.renewNow();
        log.info(
          "Nothing is left to do. This process stays up until Ctrl-C; with --shutdown it exits by itself",
        );
        await harvester.gone;
      }
    } finally {
      watched.abort();
      await lease.release();
      await monitoring;
      if (harvester.hasEndedItself && !options.shutdown && !signal.aborted) {
        if (!(await options.ended?.() ?? true)) await harvester.gone;
      }
    }
  } finally {
    signal.removeEventListener("abort", endBySignal);
    for (const [, { message }] of store.passedOver?.(collectionKeys(collectionId).folder) ?? []) {
      log.warn("{message}: skipped", { message });
    }
    await server.close();
  }
}

/** A harvest as the control server sees it: harvesting, stopping, stopped, exiting. */
class Harvester implements Controlled {
  /** Resolves when the process is asked to exit. */
  readonly gone: Promise<void>;
  readonly #exit: () => void;
  readonly #options: Harvest;
  readonly #network: Network;
  readonly #waits: Waits;
  readonly #stopping = new AbortController();
  /** When it was started: not later than its harvest, so that it is not taken for an older one. */
  readonly #since: number;
  #stoppedBy: "stop" | "signal" = "stop";
  #isStopped = false;
  #hasEndedItself = false;
  #work: Work | undefined;

  constructor(options: Harvest, network: Network, waits: Waits) {
    this.#options = options;
    this.#network = network;
    this.#waits = waits;
    this.#since = options.clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    this.#exit = resolve;
  }

  stop(by: "stop" | "signal" = "stop"): void {
    if (this.#work?.recorder && !this.#isStopped && !this.#stopping.signal.aborted) {
      log.info("Stop requested: storing the tweets that have arrived first");
    }
    if (!this.#stopping.signal.aborted) this.#stoppedBy = by;
    this.#stopping.abort();
  }

  isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether it harvests a stream that has ended by itself, so that there is no reason to stay up. */
  get hasEndedItself(): boolean {
    return this.#hasEndedItself;
  }

  shutdown(): void {
    this.stop();
    this.#exit();
  }

  /** The fields of harvest.json so far; zeros before the harvest has begun. */
  info(): HarvestInfo {
    const { collectionId } = this.#options;
    const state = this.#isStopped
      ? "stopped"
      : this.#stopping.signal.aborted
      ? "stopping"
      : "harvesting";
    const { checkpoint, recorder } = this.#work ?? {};
    if (checkpoint && recorder) {
      const waits = this.#waits;
      return { ...toProgress({ collectionId, checkpoint, recorder, waits }), state };
    }
    const harvest_timestamp = isoTime(this.#since);
    return {
      collection_id: collectionId,
      harvest_timestamp,
      tweets: 0,
      files: 0,
      file_bytes: 0,
      state,
    };
  }

  /** Finalizes the previous harvest, harvests, and finalizes this one. */
  async run(lease: Lease, holder: string, type: CollectionConfig["type"]): Promise<void> {
    const work = await Work.open(this.#options, {
      lease,
      holder,
      type,
      network: this.#network,
      waits: this.#waits,
      stopping: this.#stopping.signal,
      stoppedBy: () => this.#stoppedBy,
      info: () => this.info(),
    });
    this.#work = work;
    const late = await work.settleFormer();
    const reached = await work.reachedLimit();
    if (reached) {
      [this.#isStopped, this.#hasEndedItself] = [true, true];
      throw reached;
    }
    const failure = await work.harvest(late);
    // The configuration and the buffers are released by now: with many users they need as much memory as this step.
    await work.settle();
    this.#isStopped = true;
    this.#hasEndedItself = work.hasEndedItself;
    lease.update({ progress: this.info() });
    const { tweets, outcome, reason, gaps = 0 } = this.info();
    const missed = gaps > 0 ? `, with ${gaps} gap${gaps === 1 ? "" : "s"}` : "";
    const why = missed + (reason ? `. ${reason}` : "");
    log.info("Harvested {tweets} tweets: {outcome}{why}", { tweets, outcome, why });
    if (failure) throw failure;
  }
}
