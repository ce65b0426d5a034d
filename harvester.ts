/** One harvest, from the lease to the last projection; what starts, watches or stops it comes in. */

import { getLogger } from "@logtape/logtape";
import type { CollectionConfig } from "./lib/collection/types/registry.ts";
import { traitsFor } from "./lib/collection/types/traits.ts";
import { Checkpoint } from "./lib/bucket/checkpoint.ts";
import { Collections } from "./lib/bucket/collections.ts";
import { readIds } from "./lib/bucket/id_list.ts";
import { type Lease, takeLease } from "./lib/bucket/lease.ts";
import { beginNext } from "./lib/bucket/next_harvest.ts";
import { reachedLimit } from "./lib/bucket/stream_limit.ts";
import { STREAM_WALK } from "./lib/collection/walks.ts";
import { type ProjectionTarget, settle } from "./lib/bucket/projection.ts";
import { isoTime } from "./lib/base/clock.ts";
import { unknownIn, withoutKeys } from "./lib/collection/config.ts";
import { type HarvestInfo, hasEndedItself } from "./lib/collection/harvest_info.ts";
import { collectionKeys } from "./lib/collection/layout.ts";
import type { Controlled } from "./lib/control/control.ts";
import { serveControl } from "./lib/control/server.ts";
import { TwarcCloudError } from "./lib/base/errors.ts";
import type { Harvest } from "./lib/harvest/asked.ts";
import { type Beginning, begun, fenceUnsettled } from "./lib/harvest/beginning.ts";
import { endingOf } from "./lib/harvest/ending.ts";
import { committing } from "./lib/harvest/committing.ts";
import { meterFor } from "./lib/harvest/metering.ts";
import { monitor } from "./lib/harvest/monitor.ts";
import { patiently } from "./lib/source/patience.ts";
import { progressOf } from "./lib/harvest/progress.ts";
import { Recorder } from "./lib/harvest/recorder.ts";
import { commitEachLate, type Late } from "./lib/harvest/recovery/late_cuts.ts";
import { commitEachLeft, type LeftOptions } from "./lib/harvest/recovery/left_cuts.ts";
import { openNetworkFor } from "./lib/harvest/opened_network.ts";
import { Spool } from "./lib/harvest/spool.ts";
import { type LeftPlace, leftPlaces, placeBeside } from "./lib/harvest/recovery/spool_place.ts";
import type { Network } from "./lib/source/source.ts";
import { Waits } from "./lib/base/waits.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/**
 * Harvests a collection once. Resolves when the process may exit.
 * @throws LockedError where somebody else harvests it; UserError and OutsideError where the harvest
 *   failed, after what had arrived was committed.
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
    harvester.stop();
    harvester.shutdown();
  };
  signal.addEventListener("abort", endBySignal, { once: true });
  try {
    const holder = { id: crypto.randomUUID(), ...process, control: server.url.href };
    const lease = await patiently(
      { clock, patienceMs, lost: signal, stopped: signal, waits },
      () => takeLease({ store, collectionId, holder, clock, isGone, signal }),
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
        // So that others see at once that it has stopped.
        await lease.renewNow();
        log.info(
          "Nothing is left to do. This process stays up until it is asked to exit: Ctrl-C, or --shutdown at the start",
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
      log.warn("{message}: it was passed over", { message });
    }
    await server.close();
  }
}

/** A harvest as the control server sees it: harvesting, stopping, stopped, gone. */
class Harvester implements Controlled {
  /** Resolves when the process is told to exit. */
  readonly gone: Promise<void>;
  readonly #exit: () => void;
  readonly #options: Harvest;
  readonly #network: Network;
  readonly #waits: Waits;
  readonly #stopping = new AbortController();
  /** When it was started: not later than its harvest, so that nobody takes that for an older one. */
  readonly #since: number;
  #isStopped = false;
  #hasEndedItself = false;
  #checkpoint: Checkpoint | undefined;
  #recorder: Recorder | undefined;

  constructor(options: Harvest, network: Network, waits: Waits) {
    this.#options = options;
    this.#network = network;
    this.#waits = waits;
    this.#since = options.clock.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    this.#exit = resolve;
  }

  stop(): void {
    if (this.#recorder && !this.#isStopped && !this.#stopping.signal.aborted) {
      log.info("A stop was requested: what has come is stored first");
    }
    this.#stopping.abort();
  }

  isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether it harvests a stream that has ended for a reason of its own: nothing is left to be kept up for. */
  get hasEndedItself(): boolean {
    return this.#hasEndedItself;
  }

  shutdown(): void {
    this.stop();
    this.#exit();
  }

  /** The fields of harvest.json so far; before the harvest has begun, that nothing was collected. */
  info(): HarvestInfo {
    const { collectionId } = this.#options;
    const state = this.#isStopped
      ? "stopped"
      : this.#stopping.signal.aborted
      ? "stopping"
      : "harvesting";
    const [checkpoint, recorder, waits] = [this.#checkpoint, this.#recorder, this.#waits];
    if (checkpoint && recorder) {
      return { ...progressOf({ collectionId, checkpoint, recorder, waits }), state };
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

  /** Settles what the harvest before left, harvests, and settles. */
  async run(lease: Lease, holder: string, type: CollectionConfig["type"]): Promise<void> {
    const { store, clock, collectionId } = this.#options;
    const collections = new Collections(store, clock);
    const guard = async () => {
      await lease.confirm();
      lease.check();
    };
    const target = { store, collections, collectionId, guard, versions: new Map() };
    const opened = { collectionId, type, holder, clock };
    const checkpoint = await this.#begin(lease, () => Checkpoint.open(store, opened));
    const places = await leftPlaces(this.#options.spool, this.#options.process);
    const beginning = this.#beginning({ target, checkpoint, lease });
    await fenceUnsettled(beginning, { isAdded: places.length > 0 });
    // Before anything is begun: what a stream brings cannot be noted without.
    if (!traitsFor(checkpoint.state.type).canBeAskedAgain) await this.#options.spool.keys();
    const late = await this.#commitLeft(places, { target, checkpoint, lease });
    await this.#begin(lease, () => settle(target, checkpoint));
    await this.#checkLimit({ checkpoint, lease, target });
    const failure = await this.#harvested(late, { checkpoint, lease, target });
    // The configuration, and what came, is let go of by now: of many users it is as much as what this takes.
    await this.#patiently(lease, () => settle(target, checkpoint));
    this.#isStopped = true;
    this.#hasEndedItself = !traitsFor(checkpoint.state.type).endsByItself &&
      hasEndedItself(checkpoint.state);
    lease.update({ progress: this.info() });
    const { tweets, outcome, reason, gaps = 0 } = this.info();
    const missed = gaps > 0 ? `, with ${gaps} gap${gaps === 1 ? "" : "s"}` : "";
    const why = missed + (reason ? `. ${reason}` : "");
    log.info("Harvested {tweets} tweets: {outcome}{why}", { tweets, outcome, why });
    if (failure) throw failure;
  }

  /** @throws UserError for a stream that has ended at its limit, before anything is begun. */
  async #checkLimit({ checkpoint, lease, target }: Omit<Work, "spool">): Promise<void> {
    const { type, positions } = checkpoint.state;
    if (traitsFor(type).endsByItself || !(STREAM_WALK in positions)) return;
    const load = () => target.collections.load(this.#options.collectionId);
    const { config } = await this.#begin(lease, load);
    const reached = reachedLimit(config, positions);
    if (!reached) return;
    [this.#isStopped, this.#hasEndedItself] = [true, true];
    throw reached;
  }

  /** Harvests into a folder of its own; a failure is handed back once what had come is committed. */
  async #harvested(late: Late[], place: Omit<Work, "spool">): Promise<unknown> {
    const config = await this.#claimed(place);
    await this.#options.begun?.();
    const { collectionId } = this.#options;
    log.info("Harvesting {collectionId} ({type})", { collectionId, type: config.type });
    const work = { ...place, spool: await Spool.open(this.#options.spool) };
    try {
      const later = await this.#commitLate(late, work);
      const failure = await this.#record(config, work);
      await this.#commitLate(later, work);
      return failure;
    } finally {
      await this.#clear(work.spool, config.type);
    }
  }

  /** Begins a harvest of the configuration as it is now. */
  async #claimed(place: Omit<Work, "spool">): Promise<CollectionConfig> {
    const config = await begun(this.#beginning(place));
    const { checkpoint, lease } = place;
    this.#checkpoint = checkpoint;
    lease.update({ harvest_id: isoTime(checkpoint.state.began), progress: this.info() });
    for (const { at } of unknownIn(withoutKeys(config))) {
      log.warn("{at} in the configuration is not known, and changes nothing", { at });
    }
    return config;
  }

  #beginning({ target, checkpoint, lease }: Omit<Work, "spool">): Beginning {
    const patiently = <T>(act: () => Promise<T>) => this.#begin(lease, act);
    return { target, checkpoint, lease, clock: this.#options.clock, patiently };
  }

  /** Adds to the harvest that goes on what harvesters left that another one went on before. @returns What is left of it. */
  async #commitLate(late: Late[], { checkpoint, spool, lease, target }: Work): Promise<Late[]> {
    return await commitEachLate(late, {
      ...this.#committing(target, checkpoint, lease),
      stopped: this.#stopping.signal,
      collectionId: this.#options.collectionId,
      spool: this.#recorder?.spool ?? spool,
    });
  }

  /** Commits what harvesters brought that are gone, and could not. @returns What is for the harvest that begins. */
  async #commitLeft(
    places: LeftPlace[],
    { target, checkpoint, lease }: Omit<Work, "spool">,
  ): Promise<Late[]> {
    const own = this.#committing(target, checkpoint, lease);
    const stopped = this.#stopping.signal;
    return await commitEachLeft(places, this.#options.spool.keys, {
      ...own,
      stopped,
      next: (began) => this.#patiently(lease, () => own.next(began), stopped),
    });
  }

  /** What cuts are committed with, into the folder of the checkpoint's harvest. */
  #committing(target: ProjectionTarget, checkpoint: Checkpoint, lease: Lease): LeftOptions {
    const { clock, limits: { patienceMs } } = this.#options;
    return committing({ target, checkpoint, lease, clock, patienceMs, waits: this.#waits });
  }

  /** Begins the harvest in place of one whose time is over. */
  async #begunNext(began: number, { target, checkpoint, lease }: Work): Promise<string> {
    const folder = await beginNext(target, checkpoint, began);
    lease.update({ harvest_id: isoTime(checkpoint.state.began), progress: this.info() });
    return folder;
  }

  /** Acts on a bucket that may be away for a while, before there is anything that a stop would lose. */
  async #begin<T>(lease: Lease, act: () => Promise<T>): Promise<T> {
    return await this.#patiently(lease, act, this.#stopping.signal);
  }

  /** Acts on a bucket that may be away for a while. @param stopped Aborted where it is waited for no longer. */
  async #patiently<T>(
    { lost }: Lease,
    act: () => Promise<T>,
    stopped?: AbortSignal,
  ): Promise<T> {
    const { clock, limits: { patienceMs } } = this.#options;
    return await patiently({ clock, patienceMs, lost, stopped, waits: this.#waits }, act);
  }

  /** Clears the temporary files; what a stream brought and the bucket did not take cannot be had again. */
  async #clear(spool: Spool, type: CollectionConfig["type"]): Promise<void> {
    const isLeft = !traitsFor(type).canBeAskedAgain && (this.#recorder?.hasUnstored ?? false);
    await (this.#recorder?.close({ isLeft }) ?? spool.close());
    if (!isLeft) return;
    log.error(
      "What the bucket did not take is kept on this machine, in {folder}: the next harvest of the collection here " +
        "puts it into the bucket",
      { folder: (this.#recorder?.spool ?? spool).path },
    );
  }

  /** Records what the source brings and makes the last commit; a failure is handed back after it. */
  async #record(
    config: CollectionConfig,
    work: Work,
  ): Promise<unknown> {
    const { checkpoint, spool, lease, target } = work;
    const { store, clock, limits, collectionId } = this.#options;
    const own = this.#committing(target, checkpoint, lease);
    const project = async () => {
      await own.project();
      lease.update({ progress: this.info() });
    };
    const meter = meterFor(config, checkpoint, clock);
    const recorder = new Recorder({
      ...own,
      spool,
      limits,
      meter,
      project,
      network: this.#network,
      nextSpool: () => Spool.open(placeBeside(this.#options.spool, this.#options.process)),
      next: (began) => this.#begunNext(began, work),
    });
    this.#recorder = recorder;
    const signal = AbortSignal.any([this.#stopping.signal, lease.lost]);
    let failure: unknown;
    try {
      const ids = () => readIds(store, collectionKeys(collectionId).ids);
      const source = await this.#network.openSource(config, {
        meter,
        clock,
        ids,
        patienceMs: limits.patienceMs,
        waits: this.#waits,
        confirm: async () => {
          await lease.confirm();
          if (lease.lost.aborted) throw lease.lost.reason;
        },
      });
      await recorder.record(source, checkpoint.state.positions, signal);
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof TwarcCloudError) {
        failure = await this.#network.explain(thrown);
      }
    }
    if (lease.lost.aborted) {
      await recorder.abandon();
      throw lease.lost.reason;
    }
    const ending = endingOf({
      config,
      failure,
      refusal: meter?.refusal,
      isStopped: this.#stopping.signal.aborted,
      isWhole: recorder.isWhole,
    });
    const damaged = await recorder.finish(ending);
    return failure ?? damaged;
  }
}

/** What recording works with. */
interface Work {
  checkpoint: Checkpoint;
  spool: Spool;
  lease: Lease;
  target: ProjectionTarget;
}
