/** One harvest under a lease: data left before it, its source's batches, and its last projection. */

import { codecFor } from "../format/codec.ts";
import { getLogger } from "@logtape/logtape";
import type { CollectionConfig } from "../collection/types/registry.ts";
import { traitsFor } from "../collection/types/traits.ts";
import type { Checkpoint } from "../bucket/checkpoint.ts";
import { openKnown } from "../bucket/known_checkpoint.ts";
import { Collections } from "../bucket/collections.ts";
import { readIds } from "../bucket/id_list.ts";
import type { Lease } from "../bucket/lease.ts";
import { beginNext } from "../bucket/next_harvest.ts";
import { reachedLimit } from "../bucket/stream_limit.ts";
import { STREAM_WALK } from "../collection/walks.ts";
import { type ProjectionTarget, settle } from "../bucket/projection.ts";
import { isoTime } from "../base/clock.ts";
import { findUnknown, withoutKeys } from "../collection/config.ts";
import { type HarvestInfo, hasEndedItself } from "../collection/harvest_info.ts";
import { collectionKeys } from "../collection/layout.ts";
import { TwarcCloudError, type UserError } from "../base/errors.ts";
import type { Harvest } from "./asked.ts";
import { beginHarvest, type Beginning, fenceUnsettled } from "./beginning.ts";
import { toEnding } from "./ending.ts";
import { committing } from "./committing.ts";
import { meterFor } from "./metering.ts";
import { patiently } from "../source/patience.ts";
import { Recorder } from "./recorder.ts";
import { commitEachLate, type Late } from "./recovery/late_cuts.ts";
import { commitEachLeft, type LeftOptions } from "./recovery/left_cuts.ts";
import { Spool } from "./spool.ts";
import { type LeftPlace, leftPlaces, placeBeside } from "./recovery/spool_place.ts";
import { endAtStop, stopAfterCut } from "./recovery/stopped.ts";
import type { Network, TweetSource } from "../source/source.ts";
import type { Waits } from "../base/waits.ts";
import type { Meter } from "../source/meter.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Options of a harvest's work. */
export interface WorkOptions {
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  type: CollectionConfig["type"];
  network: Network;
  waits: Waits;
  /** Aborted when a stop was requested. */
  stopping: AbortSignal;
  /** The source of the stop request. */
  stoppedBy: () => "stop" | "signal";
  /** The fields of harvest.json so far. */
  info: () => HarvestInfo;
}

/** One harvest, from a checkpoint that may have something left to the last projection. */
export class Work {
  /** Set once the harvest has begun. */
  recorder: Recorder | undefined;
  readonly checkpoint: Checkpoint;
  readonly #asked: Harvest;
  readonly #options: WorkOptions;
  readonly #target: ProjectionTarget;

  private constructor(
    asked: Harvest,
    options: WorkOptions,
    { checkpoint, target }: { checkpoint: Checkpoint; target: ProjectionTarget },
  ) {
    this.#asked = asked;
    this.#options = options;
    this.checkpoint = checkpoint;
    this.#target = target;
  }

  /** Opens the checkpoint. @throws LockedError where the lease is lost; the errors of the bucket */
  static async open(asked: Harvest, options: WorkOptions): Promise<Work> {
    const { store, clock, collectionId, limits: { patienceMs } } = asked;
    const { lease, holder, type, waits, stopping } = options;
    const guard = async () => {
      await lease.confirm();
      lease.check();
    };
    const collections = new Collections(store, clock);
    const target = { store, collections, collectionId, guard, versions: new Map() };
    const checkpoint = await patiently(
      { clock, patienceMs, lost: lease.lostSignal, stopped: stopping, waits },
      () => openKnown(store, { collectionId, type, holder, clock }),
    );
    return new Work(asked, options, { checkpoint, target });
  }

  /** Settles the former harvest. @returns What is to be added to the one that begins. */
  async settleFormer(): Promise<Late[]> {
    const { spool, process } = this.#asked;
    const places = await leftPlaces(spool, process);
    const stop = await this.#begin(() => stopAfterCut(this.#asked, this.checkpoint.state));
    await fenceUnsettled(this.#beginning(), { isAdded: places.length > 0 || stop !== null });
    // Before anything is begun: a stream cannot be noted without it.
    if (!traitsFor(this.checkpoint.state.type).canBeAskedAgain) await spool.keys();
    const late = await this.#commitLeft(places);
    await this.#begin(async () => {
      await endAtStop(this.#target, this.checkpoint);
      await settle(this.#target, this.checkpoint);
    });
    return late;
  }

  /** Returns why a stream has ended at its limit before anything is begun; null where it has not. */
  async reachedLimit(): Promise<UserError | null> {
    const { type, positions } = this.checkpoint.state;
    if (traitsFor(type).endsByItself || !(STREAM_WALK in positions)) return null;
    const { config } = await this.#begin(() =>
      this.#target.collections.load(this.#asked.collectionId)
    );
    return reachedLimit(config, positions);
  }

  /** Whether it harvested a stream that has ended for a reason of its own. */
  get hasEndedItself(): boolean {
    const { state } = this.checkpoint;
    return !traitsFor(state.type).endsByItself && hasEndedItself(state);
  }

  /** Projects the harvest. */
  async settle(): Promise<void> {
    await this.#patiently(() => settle(this.#target, this.checkpoint));
  }

  /** Harvests into a folder of its own; a failure is returned once all data is committed. */
  async harvest(late: Late[]): Promise<unknown> {
    const config = await this.#claimHarvest();
    await this.#asked.begun?.();
    const { collectionId } = this.#asked;
    log.info("Harvesting {collectionId} ({type})", { collectionId, type: config.type });
    const spool = await Spool.open(this.#asked.spool);
    try {
      const later = await this.#commitLate(late, spool);
      const failure = await this.#record(config, spool);
      await this.#commitLate(later, spool);
      return failure;
    } finally {
      await this.#clear(spool, config.type);
    }
  }

  /** Begins a harvest of the current configuration. */
  async #claimHarvest(): Promise<CollectionConfig> {
    const config = await beginHarvest(this.#beginning());
    this.#noteBegun();
    for (const { at } of findUnknown(withoutKeys(config))) {
      log.warn("{at} in the configuration is unknown, and is ignored", { at });
    }
    return config;
  }

  #beginning(): Beginning {
    const { lease } = this.#options;
    const patiently = <T>(act: () => Promise<T>) => this.#begin(act);
    const { checkpoint } = this;
    return { target: this.#target, checkpoint, lease, clock: this.#asked.clock, patiently };
  }

  /** Records the current harvest and its progress in the lock. */
  #noteBegun(): void {
    const { lease, info } = this.#options;
    lease.update({ harvest_id: isoTime(this.checkpoint.state.began), progress: info() });
  }

  /** Adds late data of other harvesters to the current harvest. @returns What is left of it. */
  async #commitLate(late: Late[], spool: Spool): Promise<Late[]> {
    const { left } = await commitEachLate(late, {
      ...this.#committing(),
      stopped: this.#options.stopping,
      collectionId: this.#asked.collectionId,
      spool: this.recorder?.spool ?? spool,
    });
    return left;
  }

  /** Commits data of ended harvesters that they could not upload. @returns Data for the harvest that begins. */
  async #commitLeft(places: LeftPlace[]): Promise<Late[]> {
    const own = this.#committing();
    const { stopping: stopped } = this.#options;
    return await commitEachLeft(places, this.#asked.spool.keys, {
      ...own,
      stopped,
      next: (began) => this.#patiently(() => own.next(began), stopped),
    });
  }

  /** Returns the options of committing, into the folder of the checkpoint's harvest. */
  #committing(): LeftOptions {
    const { clock, limits: { patienceMs } } = this.#asked;
    const { lease, waits } = this.#options;
    const [target, checkpoint] = [this.#target, this.checkpoint];
    return committing({ target, checkpoint, lease, clock, patienceMs, waits });
  }

  /** Begins the harvest that follows one whose time is over. */
  async #begunNext(began: number): Promise<string> {
    const folder = await beginNext(this.#target, this.checkpoint, began);
    this.#noteBegun();
    return folder;
  }

  /** Acts on a bucket that may be unavailable for a while, before a stop could lose anything. */
  async #begin<T>(act: () => Promise<T>): Promise<T> {
    return await this.#patiently(act, this.#options.stopping);
  }

  /** Acts on a bucket that may be unavailable for a while. @param stopped Aborted to end the waiting. */
  async #patiently<T>(act: () => Promise<T>, stopped?: AbortSignal): Promise<T> {
    const { clock, limits: { patienceMs } } = this.#asked;
    const { lease: { lostSignal: lost }, waits } = this.#options;
    return await patiently({ clock, patienceMs, lost, stopped, waits }, act);
  }

  /** Removes the temporary files; a stream's tweets that are not in the bucket cannot be collected again. */
  async #clear(spool: Spool, type: CollectionConfig["type"]): Promise<void> {
    const isLeft = !traitsFor(type).canBeAskedAgain && (this.recorder?.hasUnstored ?? false);
    await (this.recorder?.close({ isLeft }) ?? spool.close());
    if (!isLeft) return;
    log.error(
      "Tweets that could not be uploaded are kept on this machine, in {folder}: the next harvest of the collection " +
        "here uploads them",
      { folder: (this.recorder?.spool ?? spool).path },
    );
  }

  /** Records the source's batches and makes the last commit; a failure is returned after it. */
  async #record(config: CollectionConfig, spool: Spool): Promise<unknown> {
    const { lease, network, stopping } = this.#options;
    const meter = meterFor(config, this.checkpoint, this.#asked.clock);
    const recorder = this.#recorderFor(config, spool, meter);
    this.recorder = recorder;
    const signal = AbortSignal.any([stopping, lease.lostSignal]);
    let failure: unknown;
    try {
      const source = await this.#openSource(config, meter);
      await recorder.record(source, this.checkpoint.state.positions, signal);
    } catch (thrown) {
      if (!signal.aborted || thrown instanceof TwarcCloudError) {
        failure = await network.explain(thrown);
      }
    }
    if (lease.lostSignal.aborted) {
      await recorder.abandon();
      throw lease.lostSignal.reason;
    }
    const ending = toEnding({
      config,
      failure,
      refusal: meter?.refusal,
      stoppedBy: stopping.aborted ? this.#options.stoppedBy() : undefined,
      tweets: recorder.progress.tweets,
      isWhole: recorder.isWhole,
    });
    const damaged = await recorder.finish(ending);
    return failure ?? damaged;
  }

  #recorderFor(config: CollectionConfig, spool: Spool, meter: Meter | undefined): Recorder {
    const { limits, spool: place, process } = this.#asked;
    const { lease, network, info } = this.#options;
    const own = this.#committing();
    const project = async () => {
      await own.project();
      lease.update({ progress: info() });
    };
    return new Recorder({
      ...own,
      spool,
      limits,
      meter,
      codec: codecFor(config.compression, config.compression_level),
      project,
      network,
      nextSpool: () => Spool.open(placeBeside(place, process)),
      next: (began) => this.#begunNext(began),
    });
  }

  async #openSource(config: CollectionConfig, meter: Meter | undefined): Promise<TweetSource> {
    const { store, clock, limits: { patienceMs }, collectionId } = this.#asked;
    const { lease, network, waits } = this.#options;
    const { reached } = this.checkpoint.state;
    return await network.openSource(config, {
      ...(reached ? { reached: Date.parse(reached) } : {}),
      meter,
      clock,
      ids: () => readIds(store, collectionKeys(collectionId).ids),
      patienceMs,
      waits,
      confirm: async () => {
        await lease.confirm();
        if (lease.lostSignal.aborted) throw lease.lostSignal.reason;
      },
    });
  }
}
