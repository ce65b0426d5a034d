/** The options of a harvest, as its starter gives them. */

import type { LookOptions } from "../bucket/lock.ts";
import type { ProcessId } from "../bucket/process.ts";
import type { Limits } from "../collection/limits.ts";
import type { NetworkOpening } from "./opened_network.ts";
import type { SpoolPlace } from "./recovery/spool_place.ts";

/** Options of a harvest. */
export interface Harvest extends Omit<NetworkOpening, "patienceMs"> {
  /** Used until the configuration is read, and where `limitsFor` returns none. */
  limits: Limits;
  /** The address of the control server, and its secret. */
  control: { hostname: string; port: number; secret: () => Promise<string | undefined> };
  /** This process. */
  process: ProcessId;
  /** Whether the process that holds a lock has ended for sure, or lives; null where that is unknown. */
  isGone: LookOptions["isGone"];
  /** The folder for this harvest's temporary files. */
  spool: SpoolPlace;
  /** Exit when the harvest is done; otherwise stay up, stopped, until requested to exit. */
  shutdown: boolean;
  /** Log memory and rate every minute. */
  monitor: boolean;
  /**
   * Awaited when a stream has ended by itself, and its lease is released: prevents that another process is started in
   * place of this one. False where that fails: then this process stays up, as another would find nothing to do, again
   * and again.
   */
  ended?: () => Promise<boolean>;
  /**
   * Awaited when the lease is held and the former harvest is settled: other processes are no longer checked from then
   * on.
   */
  begun?: () => Promise<void>;
}
