/** Recovers the data that ended harvesters left on this machine, without harvesting. */

import { madeFrom } from "../../collection/made.ts";
import type { Recovered } from "../../collection/recovered.ts";
import { claimFolder } from "../../bucket/harvest_folder.ts";
import { openKnown } from "../../bucket/known_checkpoint.ts";
import { checkNotFrozen } from "../../collection/frozen.ts";
import { Collections } from "../../bucket/collections.ts";
import type { Lease } from "../../bucket/lease.ts";
import { settle } from "../../bucket/projection.ts";
import { type Clock, isoTime } from "../../base/clock.ts";
import { withoutKeys } from "../../collection/config.ts";
import { collectionKeys } from "../../collection/layout.ts";
import type { Store } from "../../store/store.ts";
import { Waits } from "../../base/waits.ts";
import { committing } from "../committing.ts";
import { commitEachLate } from "./late_cuts.ts";
import { commitEachLeft } from "./left_cuts.ts";
import { countTweets } from "./left_losses.ts";
import { Spool } from "../spool.ts";
import { leftPlaces, livingBeside, type SpoolPlace } from "./spool_place.ts";
import { endAtStop } from "./stopped.ts";

/** Options of recover(). */
export interface Recovery {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** The collection's: no harvester runs meanwhile. */
  lease: Lease;
  /** The id of the lease's holder. */
  holder: string;
  /** The folders that harvesters left are beside it. */
  spool: SpoolPlace;
  /** This process. */
  process: { host: string; pid: number };
  signal: AbortSignal;
}

/**
 * Commits the data that ended harvesters could not upload: into their own harvest where no other one has gone on from
 * it, otherwise into one that is begun for it, each tweet that no harvest has once.
 * @throws LockedError where the lease is lost; UserError, OutsideError where the disk or the store fails.
 */
export async function recover(options: Recovery): Promise<Recovered> {
  const { store, clock, collectionId, lease, holder, spool, process, signal } = options;
  const collections = new Collections(store, clock);
  const { config } = await collections.load(collectionId);
  checkNotFrozen(collectionId, config);
  const opened = { collectionId, type: config.type, holder, clock };
  const checkpoint = await openKnown(store, opened);
  await checkpoint.fence(() => lease.prove());
  const guard = () => lease.check();
  const target = { store, collections, collectionId, guard, versions: new Map() };
  const shared = { target, checkpoint, lease, clock, patienceMs: 0, waits: new Waits() };
  const { began: first, files } = checkpoint.state;
  const places = await leftPlaces(spool, process);
  const late = await commitEachLeft(places, spool.keys, {
    ...committing(shared),
    stopped: signal,
  });
  // After midnight, data that was left may belong to the next harvest of the stream.
  const before = checkpoint.state.began === first ? countTweets(files) : 0;
  const tweets = countTweets(checkpoint.state.files) - before;
  await endAtStop(target, checkpoint);
  await settle(target, checkpoint);
  const living = await livingBeside(spool, process);
  if (late.length === 0) return { tweets, harvest: null, left: [], living, isSearching: false };
  let began: number | null = null;
  const begin = async () => {
    if (began === null) {
      const now = clock.now();
      const claim = { collectionId, config: withoutKeys(config), now };
      const claimed = await claimFolder(store, claim);
      began = claimed.began;
      const { sides } = claimed;
      await checkpoint.begin(began, { walks: 1, type: config.type, sides, made: madeFrom(config) });
    }
    return collectionKeys(collectionId).harvest(began);
  };
  const own = await Spool.open(spool);
  try {
    const stopped = signal;
    const given = { ...committing(shared), stopped, collectionId, spool: own, begin };
    const { left, isSearching } = await commitEachLate(late, given);
    if (began !== null) {
      await checkpoint.commit({
        state: "finished",
        outcome: "stopped",
        reason: "It added data that an earlier harvester had left on its machine",
        ended: clock.now(),
      });
      await settle(target, checkpoint);
    }
    return {
      tweets: tweets + (began === null ? 0 : countTweets(checkpoint.state.files)),
      harvest: began === null ? null : isoTime(began),
      left: left.map(({ path }) => path),
      living,
      isSearching,
    };
  } finally {
    await own.close();
  }
}
