/** Starts the keepers of harvesters anew that are gone, as after a restart of the machine. */

import { readLock } from "../../bucket/lock.ts";
import { holderIsGone } from "../../bucket/process.ts";
import type { Clock } from "../../base/clock.ts";
import type { Store } from "../../store/store.ts";
import type { Documents } from "./documents.ts";
import { foundKept, type Kept } from "./kept.ts";
import type { Runner } from "../runner.ts";

/** Milliseconds for which nothing happens until a keeper counts as gone: more than starting a harvester takes. */
const GRACE_MS = 120_000;
/** Milliseconds, where its process is gone for sure. */
const GRACE_OF_GONE_MS = 10_000;

/** What it works with. */
export interface RevivalOptions {
  store: Store;
  documents: Documents;
  runner: Runner;
  clock: Clock;
}

/**
 * Watches the harvesters that are to be alive. One whose lock nobody holds, and whose document nobody changes for longer
 * than its keeper would take, has no keeper any more: that is measured by watching, and no clock of another process
 * counts.
 */
export class Revival {
  readonly #options: RevivalOptions;
  readonly #report: (line: string) => void;
  /** Documents of harvesters that are not there, and since when each is as it is, by the monotonic clock. */
  readonly #watched = new Map<string, { seen: string; since: number }>();

  /** @param report Gets a line for each that is started anew. */
  constructor(options: RevivalOptions, report: (line: string) => void) {
    this.#options = options;
    this.#report = report;
  }

  /** Looks at the harvester of a document, and starts its keeper anew where that is gone. @throws OutsideError, UserError */
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
    const grace = kept.process && holderIsGone(kept.process) ? GRACE_OF_GONE_MS : graceOf(kept);
    if (now - watched.since < grace || !await runner.revive(found)) return;
    this.#report(
      `${kept.collection_id} is started again: its harvester is gone, and who kept it alive`,
    );
  }

  /** Forgets what was seen of a document. */
  forget(key: string): void {
    this.#watched.delete(key);
  }

  /** Forgets all other documents. */
  forgetBut(keys: ReadonlySet<string>): void {
    for (const key of this.#watched.keys()) if (!keys.has(key)) this.#watched.delete(key);
  }
}

/** Milliseconds within which a keeper that lives does something. */
function graceOf({ fault }: Kept): number {
  return (fault?.wait_ms ?? 0) + GRACE_MS;
}
