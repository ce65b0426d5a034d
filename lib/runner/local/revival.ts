/** Restarts the keepers of harvesters that have ended, as after a restart of the machine. */

import { readLock } from "../../bucket/lock.ts";
import { holderIsGone } from "../../bucket/process.ts";
import type { Clock } from "../../base/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Documents } from "./documents.ts";
import { foundKept, type Kept } from "./kept.ts";
import type { Runner } from "../runner.ts";

/** Milliseconds without a change after which a keeper counts as ended: more than starting a harvester takes. */
const GRACE_MS = 120_000;
/** Milliseconds, where its process has ended for sure. */
const GRACE_OF_GONE_MS = 10_000;

/** Options of a Revival. */
export interface RevivalOptions {
  store: Store;
  documents: Documents;
  runner: Runner;
  clock: Clock;
}

/**
 * Watches the harvesters to keep alive. One whose lock is free, and whose document stays unchanged for longer than
 * its keeper would take, has no keeper any more: that is measured by watching, independent of the clocks of other
 * processes.
 */
export class Revival {
  readonly #options: RevivalOptions;
  readonly #report: (line: string) => void;
  /** Documents of harvesters that do not run, and since when each is unchanged, by the monotonic clock. */
  readonly #watched = new Map<string, { seen: string; since: number }>();

  /** @param report Called with a line for each restart. */
  constructor(options: RevivalOptions, report: (line: string) => void) {
    this.#options = options;
    this.#report = report;
  }

  /**
   * Checks the harvester of a document, and restarts its keeper where that has ended. @throws OutsideError, UserError
   */
  async look(key: string): Promise<void> {
    const { store, documents, runner, clock } = this.#options;
    const found = await foundKept(documents, key);
    if (!runner.revive || !found || found.kept.state === "ended") return this.forget(key);
    const { kept } = found;
    const lock = await readLock(store, kept.collection_id, { clock, isGone: holderIsGone });
    if (lock?.live && !lock.isDoubtful) return this.forget(key);
    const now = clock.monotonic();
    const watched = this.#watched.get(key);
    // A lock that is doubtful by its times is renewed where its holder lives.
    const seen = `${found.version} ${lock?.version}`;
    if (watched?.seen !== seen) return void this.#watched.set(key, { seen, since: now });
    const grace = kept.process && holderIsGone(kept.process) ? GRACE_OF_GONE_MS : graceFor(kept);
    if (now - watched.since < grace || !await runner.revive(found)) return;
    this.#report(
      `Restarting ${kept.collection_id}: its harvester and its keeper no longer run`,
    );
  }

  /** Forgets the state of a document. */
  forget(key: string): void {
    this.#watched.delete(key);
  }

  /** Forgets all other documents. */
  forgetBut(keys: ReadonlySet<string>): void {
    for (const key of this.#watched.keys()) if (!keys.has(key)) this.#watched.delete(key);
  }
}

/** Returns the milliseconds within which a live keeper changes something. */
function graceFor({ fault }: Kept): number {
  return (fault?.wait_ms ?? 0) + GRACE_MS;
}
