/** What a harvest is asked to do, by who starts it. */

import type { LookOptions } from "../bucket/lock.ts";
import type { ProcessId } from "../bucket/process.ts";
import type { Limits } from "../collection/limits.ts";
import type { NetworkOpening } from "./opened_network.ts";
import type { SpoolPlace } from "./recovery/spool_place.ts";

/** What a harvest is asked to do, and with what. */
export interface Harvest extends Omit<NetworkOpening, "patienceMs"> {
  /** Until the configuration is read, and where `limitsFor` does not say others. */
  limits: Limits;
  /** Where the control server listens, and its secret. */
  control: { hostname: string; port: number; secret: () => Promise<string | undefined> };
  /** This process. */
  process: ProcessId;
  /** Whether the holder of a lock is gone for sure, or lives; null where that cannot be told. */
  isGone: LookOptions["isGone"];
  /** The folder for this harvest's temporary files. */
  spool: SpoolPlace;
  /** Exit when the harvest is done; else stay up, stopped, until told to exit. */
  shutdown: boolean;
  /** Log memory and rate every minute. */
  monitor: boolean;
  /**
   * Awaited when a stream has ended by itself, and its lease is given back: sees to it that no other process is started
   * in this one's place. False where that cannot be done: then this process stays up, as another would find nothing to
   * do, again and again.
   */
  ended?: () => Promise<boolean>;
  /** Awaited when the lease is held and what was left is settled: nobody else's process is looked at from then on. */
  begun?: () => Promise<void>;
}
