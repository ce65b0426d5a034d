/** Leases in a store whose answers are lost, or whose writes fail. */

import { LEASE_TTL_MS } from "../../lib/bucket/lock.ts";
import { OutsideError } from "../../lib/base/errors.ts";
import type { Version, When } from "../../lib/store/store.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { MemoryStore } from "../fakes/memory_store.ts";
import { leasing } from "./leasing.ts";

/** Milliseconds after which others take it: a store tells times to a second. */
export const OVER = LEASE_TTL_MS + 1_000;

/** A store that forgets to tell that it has written, as a connection does that is cut. */
export class ForgetfulStore extends MemoryStore {
  /** How many answers are lost from now on. */
  lost = 0;
  /** Whether a write whose answer is lost is tried again, as the SDK of S3 does. */
  retries = false;

  override async put(key: string, bytes: Uint8Array, when?: When): Promise<Version> {
    const version = await super.put(key, bytes, when);
    if (this.lost === 0) return version;
    this.lost--;
    if (this.retries) return await super.put(key, bytes, when);
    throw new OutsideError("The connection was cut");
  }
}

export function begin(store = new ForgetfulStore(), clock = new ManualClock()) {
  const begun = leasing(store, { clock });
  const document = async () => (await begun.look())?.document;
  return { ...begun, document };
}

/** Makes renewals fail in this way. */
export function failing(store: MemoryStore, act: () => void | Promise<void>): void {
  store.before = ({ method }) => method === "put" ? act() : undefined;
}

export function cut(): void {
  throw new OutsideError("The network is down");
}
