/** Freezing a collection, and letting it go on: a change of its configuration, and a line in its inventory. */

import { isoTime } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import type { JsonObject } from "../base/json.ts";
import { diff, isEmpty, omitMembers } from "../collection/changeset.ts";
import { type Frozen, readFrozen } from "../collection/frozen.ts";
import { checkedId } from "../collection/layout.ts";
import type { Store } from "../store/store.ts";
import { Configuration, laterThan, withoutTimestamp } from "./configuration.ts";
import { append } from "./inventory.ts";
import type { Lease } from "./lease.ts";

/** The collection, whose lease is held. */
export interface Freezing {
  store: Store;
  clock: Clock;
  collectionId: string;
  lease: Pick<Lease, "check">;
}

/** Members of a configuration that keys are in. */
const KEYS = ["keys", "credentials"];

/**
 * Freezes a collection, and takes the keys out of its configuration. One that is frozen stays as it is.
 * @returns Since when it is frozen, by whom and why.
 * @throws LockedError where the lease is lost; OutsideError where the store fails.
 */
export async function freeze(
  place: Freezing,
  { by, note }: { by?: string | undefined; note?: string | undefined },
): Promise<Frozen> {
  const since = isoTime(place.clock.now());
  const frozen = { since, ...(by ? { by } : {}), ...(note ? { note } : {}) };
  let found: Frozen = frozen;
  await change(place, (json) => {
    found = readFrozen(json) ?? frozen;
    return { ...omitMembers(json, KEYS), frozen: { ...found } };
  });
  return found;
}

/** Signs off what a collection has: a line in its inventory. Done twice, it is there once. @throws as `freeze` */
export async function signOff(
  { store, clock, collectionId, lease }: Freezing,
  { frozen: { since, by, note }, faults }: { frozen: Frozen; faults: number },
): Promise<void> {
  const said = { since, ...(by ? { by } : {}), ...(note ? { note } : {}) };
  const guard = () => lease.check();
  await append({ store, clock, collectionId, guard }, [{ what: "frozen", ...said, faults }]);
}

/** Lets a frozen collection go on; false where it is not frozen. @throws as `freeze` */
export async function unfreeze(
  place: Freezing,
  { by, note }: { by?: string | undefined; note: string },
): Promise<boolean> {
  const { store, clock, collectionId, lease } = place;
  const { json } = await new Configuration(store, checkedId(collectionId)).load();
  if (!readFrozen(json)) return false;
  // Before it goes on: cut in between, doing it once more makes it so.
  const said = { since: isoTime(clock.now()), ...(by ? { by } : {}), note };
  const guard = () => lease.check();
  await append({ store, clock, collectionId, guard }, [{ what: "unfrozen", ...said }]);
  await change(place, (config) => omitMembers(config, ["frozen"]));
  return true;
}

/** Changes a configuration, and has that in the inventory. */
async function change(
  { store, clock, collectionId, lease }: Freezing,
  make: (config: JsonObject) => JsonObject,
): Promise<void> {
  const configuration = new Configuration(store, checkedId(collectionId));
  lease.check();
  const now = clock.now();
  const base = await configuration.finishHalfDone(await configuration.standing(), now);
  const wanted = diff(withoutTimestamp(base.json), withoutTimestamp(make(base.json)));
  if (!isEmpty(wanted)) {
    await configuration.change(base, wanted, Math.max(now, laterThan(base.json)));
  }
  if (configuration.inForce.size === 0) return;
  const changesets = Object.fromEntries(configuration.inForce);
  const guard = () => lease.check();
  await append({ store, clock, collectionId, guard }, [{ what: "change", changesets }]);
}
