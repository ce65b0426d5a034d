/** Batches into files into commits: the loop of a harvest. */

import { getLogger } from "@logtape/logtape";
import type {
  Checkpoint,
  CheckpointState,
  Commit,
  Counts,
  HarvestFile,
} from "../bucket/checkpoint.ts";
import { noCounts } from "../bucket/checkpoint.ts";
import type { Clock } from "../clock.ts";
import { combine, type ConfigUpdate } from "../collection/changeset.ts";
import { FILES, tweetsFile } from "../collection/layout.ts";
import { ConflictError, LockedError, OutsideError } from "../errors.ts";
import { jsonBytes } from "../json.ts";
import type { Store } from "../store/store.ts";
import type { Meter } from "./meter.ts";
import type { Segment, SegmentFile } from "./segment.ts";
import type { Batch, Positions, UserChange } from "./source.ts";
import type { Spool } from "./spool.ts";

const encoder = new TextEncoder();
const log = getLogger(["twarc-cloud", "harvest"]);
/** Milliseconds between tries to reach a store that is away: at first, and at most. */
const [FIRST_WAIT, LONGEST_WAIT] = [5_000, 30_000];

/** When segments end, and when what has arrived must be in the store. */
export interface Limits {
  /** Tweets a segment holds at most. */
  tweetsPerFile: number;
  /** Milliseconds after which a segment is closed. */
  msPerFile: number;
  /** Milliseconds after which what has arrived is committed. */
  flushMs: number;
  /** Milliseconds that the store may be away: what arrives meanwhile is kept on this machine's disk. */
  patienceMs: number;
}

/** How a harvest ended. */
export type Ending = Pick<CheckpointState, "outcome" | "reason">;

/** What a recorder is made of. */
export interface RecorderOptions {
  store: Store;
  checkpoint: Checkpoint;
  /** The harvest's folder, with a `/` at its end. */
  folder: string;
  spool: Spool;
  clock: Clock;
  limits: Limits;
  /** Of what is billed; absent where nothing is. */
  meter?: Meter | undefined;
  /** Throws where this harvester may write no more. */
  guard: () => void;
  /** Projects a commit that was made. */
  project: () => Promise<void>;
}

/** A store that is away. Times in milliseconds by the monotonic clock. */
interface Outage {
  since: number;
  /** When it is tried again, and how long that is after the last try. */
  again: number;
  wait: number;
}

/** Records what a source brings. */
export class Recorder {
  readonly #options: RecorderOptions;
  #segment: Segment | undefined;
  #segmentOpened = 0;
  /** What is on this machine's disk and not yet in the store: nothing is lost by a store that is away. */
  #unstored: { piece?: SegmentFile; closed?: { whole: SegmentFile; pieces: HarvestFile[] } } = {};
  /** Names of files that were put into the store since the last commit. */
  #uncommitted: string[] = [];
  /** Pieces that are in the store still, and in a whole segment as well. */
  #replaced: HarvestFile[] = [];
  /** Set while the store is away; times by the monotonic clock. */
  #outage: Outage | undefined;
  /** When the oldest batch that is not committed came, by the monotonic clock. */
  #waitingSince: number | undefined;
  #files: HarvestFile[] = [];
  /** Files that hold the open segment's beginning, until it is whole. */
  #pieces: HarvestFile[] = [];
  #positions: Positions;
  /** How many walks have a position. */
  #begun: number;
  #update: ConfigUpdate = { update: {}, delete: [] };
  readonly #counts: Counts;
  readonly #userChanges: UserChange[] = [];
  #toldChanges = -1;
  #undelivered = 0;
  #lastName = { ms: 0, number: 0 };

  constructor(options: RecorderOptions) {
    this.#options = options;
    const unfinished = Object.entries(options.checkpoint.state.positions)
      .filter(([, position]) => position !== "whole");
    this.#positions = Object.fromEntries(unfinished);
    this.#begun = unfinished.length;
    this.#counts = noCounts(options.checkpoint.state.counts.walks);
  }

  /** What has arrived so far, committed or not. */
  get progress(): { tweets: number; files: number; fileBytes: number; counts: Counts } {
    const files = this.#stored();
    const { piece, closed } = this.#unstored;
    const waiting = closed ? closed.whole.tweets - sum(closed.pieces) : 0;
    const tweets = sum(files) + waiting + (piece?.tweets ?? 0) + (this.#segment?.uncut ?? 0);
    const fileBytes = files.reduce((n, file) => n + file.bytes, 0);
    return { tweets, files: files.length, fileBytes, counts: this.#counted() };
  }

  /** Whether every walk that was begun is whole. */
  get isWhole(): boolean {
    return Object.values(this.#positions).every((position) => position === "whole");
  }

  /** Records batches until there are no more; what came before an error is kept for `finish`. */
  async record(batches: AsyncIterable<Batch>): Promise<void> {
    const iterator = batches[Symbol.asyncIterator]();
    try {
      let next = asked(iterator);
      for (;;) {
        const arrived = await this.#nextOrDue(next);
        if (arrived?.done) return;
        if (arrived) {
          await this.#take(arrived.value);
          next = asked(iterator);
        }
        await this.#keepUp();
      }
    } finally {
      await iterator.return?.();
    }
  }

  /** Closes what is open and makes the last commit; waits for a store that is away. */
  async finish(ending: Ending): Promise<void> {
    const { clock } = this.#options;
    for (;;) {
      const isClosed = await this.#close();
      const end = isClosed ? { ...ending, state: "finished", ended: clock.now() } as const : {};
      if (await this.#storeAll(end) && isClosed) return;
      if (this.#outage) await clock.sleep(Math.max(this.#outage.again - clock.monotonic(), 0));
    }
  }

  /** The next result, or undefined when a flush or the end of the segment is due first. */
  async #nextOrDue(
    next: Promise<IteratorResult<Batch>>,
  ): Promise<IteratorResult<Batch> | undefined> {
    const due = this.#due();
    if (due === Infinity) return await next;
    const { clock } = this.#options;
    const arrived = new AbortController();
    const wait = Math.max(due - clock.monotonic(), 0);
    try {
      return await Promise.race([next, clock.sleep(wait, arrived.signal).then(() => undefined)]);
    } finally {
      arrived.abort();
    }
  }

  /** When the next flush or end of a segment is due, by the monotonic clock. */
  #due(): number {
    const { flushMs, msPerFile } = this.#options.limits;
    const flush = this.#waitingSince === undefined ? Infinity : this.#waitingSince + flushMs;
    const roll = this.#segment ? this.#segmentOpened + msPerFile : Infinity;
    return Math.max(Math.min(flush, roll), this.#outage?.again ?? -Infinity);
  }

  async #take(batch: Batch): Promise<void> {
    const { clock, spool, limits } = this.#options;
    if (this.#segment && this.#segment.tweets + batch.count > limits.tweetsPerFile) {
      if (await this.#close() && !this.#outage) await this.#storeAll({});
    }
    if (batch.tweets.length > 0) {
      if (!this.#segment) {
        this.#segment = await spool.segment();
        this.#segmentOpened = clock.monotonic();
      }
      await this.#segment.append(batch.tweets, batch.count);
    }
    await this.#takeSides(batch);
    if (batch.update) this.#update = combine(this.#update, batch.update);
    const wasWhole = this.#positions[batch.walk] === "whole";
    if (batch.position === "whole" && !wasWhole) this.#counts.walks_done++;
    if (!Object.hasOwn(this.#positions, batch.walk)) this.#begun++;
    this.#counts.walks = Math.max(this.#counts.walks, this.#begun);
    this.#positions[batch.walk] = batch.position;
    if (hasContent(batch)) this.#waitingSince ??= clock.monotonic();
  }

  /** Users, changes, messages, gaps and what is missing. */
  async #takeSides(
    { users = [], userChanges = [], messages = [], gap, missing = [] }: Batch,
  ): Promise<void> {
    const { spool } = this.#options;
    await spool.append(FILES.users, users);
    await spool.append(FILES.messages, messages.map((message) => message.line));
    if (gap) await spool.append(FILES.gaps, [jsonLine(gap)]);
    await spool.append(FILES.missing, missing.map(jsonLine));
    this.#userChanges.push(...userChanges);
    this.#counts.users += users.length;
    this.#counts.user_changes = this.#userChanges.length;
    this.#counts.gaps += gap ? 1 : 0;
    for (const { why } of missing) {
      const counted = this.#counts.missing ??= {};
      counted[why] = (counted[why] ?? 0) + 1;
    }
    for (const { kind, undelivered } of messages) {
      this.#counts.messages[kind] = (this.#counts.messages[kind] ?? 0) + 1;
      if (undelivered === undefined) continue;
      // The count starts anew with each connection.
      const more = undelivered - this.#undelivered;
      this.#counts.undelivered += more < 0 ? undelivered : more;
      this.#undelivered = undelivered;
    }
  }

  async #keepUp(): Promise<void> {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    if (this.#outage && now < this.#outage.again) return;
    const isFull = (this.#segment?.tweets ?? 0) >= limits.tweetsPerFile;
    const isDue = now >= this.#due();
    if (this.#segment && (isFull || now >= this.#segmentOpened + limits.msPerFile)) {
      await this.#close();
    } else if (isDue || this.#outage) {
      await this.#cut();
    } else {
      return;
    }
    await this.#storeAll({});
  }

  /** Cuts what has come since the last piece, on this machine's disk. */
  async #cut(): Promise<void> {
    if (this.#unstored.piece || !this.#segment || this.#segment.uncut === 0) return;
    this.#unstored.piece = await this.#segment.cutPiece();
  }

  /** Closes the segment, on this machine's disk; false where the one before is not in the store yet. */
  async #close(): Promise<boolean> {
    const segment = this.#segment;
    if (!segment) return true;
    if (this.#unstored.closed) return false;
    const whole = await segment.close();
    this.#unstored.closed = { whole, pieces: this.#pieces };
    const { piece } = this.#unstored;
    delete this.#unstored.piece;
    this.#pieces = [];
    this.#segment = undefined;
    if (piece) await this.#options.spool.drop(piece.path);
    return true;
  }

  /** Puts what is only on this machine's disk into the store, and commits; false where the store is away. */
  async #storeAll(change: Commit): Promise<boolean> {
    try {
      await this.#storeClosed();
      await this.#storePiece();
      await this.#commit(change);
      await this.#deleteReplaced();
    } catch (error) {
      if (error instanceof ConflictError || error instanceof LockedError) await this.#clear();
      this.#endure(error);
      return false;
    }
    if (this.#outage) log.info("The bucket can be reached again: all that arrived is in it");
    this.#outage = undefined;
    return true;
  }

  /** A whole segment in place of its pieces; one that is its only piece is there already. */
  async #storeClosed(): Promise<void> {
    const { closed } = this.#unstored;
    if (!closed) return;
    const { whole, pieces } = closed;
    const [only] = pieces;
    const isThere = only && pieces.length === 1 && only.tweets === whole.tweets;
    const file = isThere ? only : await this.#store(whole);
    this.#files.push(file);
    if (!isThere) this.#replaced.push(...pieces);
    delete this.#unstored.closed;
    await this.#options.spool.drop(whole.path);
  }

  async #storePiece(): Promise<void> {
    const { piece } = this.#unstored;
    if (!piece) return;
    this.#pieces.push(await this.#store(piece));
    delete this.#unstored.piece;
    await this.#options.spool.drop(piece.path);
  }

  /** Takes back what nobody will ever list, as somebody else has taken the collection over. */
  async #clear(): Promise<void> {
    const { store, folder } = this.#options;
    for (const name of this.#uncommitted) await store.delete(`${folder}${name}`).catch(() => {});
    this.#uncommitted = [];
  }

  /** Waits for a store that is away, for as long as is allowed. @throws the failure, where it is another one. */
  #endure(failure: unknown): void {
    const isAway = failure instanceof OutsideError && !(failure instanceof ConflictError);
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    const { since, wait } = this.#outage ?? { since: now, wait: FIRST_WAIT / 2 };
    if (!isAway || now - since >= limits.patienceMs) throw failure;
    const next = Math.min(wait * 2, LONGEST_WAIT);
    this.#outage = { since, wait: next, again: now + next };
    log.warn(
      "The bucket cannot be written: what arrives is kept on this machine's disk, for {minutes} minutes at most. " +
        "{problem}",
      {
        minutes: Math.ceil((limits.patienceMs - (now - since)) / 60_000),
        problem: failure.message,
      },
    );
  }

  /** The files that are in the store. */
  #stored(): HarvestFile[] {
    return [...this.#files, ...this.#unstored.closed?.pieces ?? [], ...this.#pieces];
  }

  async #store({ path, ...file }: SegmentFile): Promise<HarvestFile> {
    const { store, folder, guard } = this.#options;
    guard();
    const name = this.#nextName();
    this.#uncommitted.push(name);
    await store.upload(`${folder}${name}`, path);
    return { name, ...file };
  }

  async #commit(change: Commit): Promise<void> {
    const { checkpoint, guard, project, meter } = this.#options;
    guard();
    await this.#storeSides();
    await checkpoint.commit({
      positions: { ...this.#positions },
      files: this.#stored(),
      update: this.#update,
      counts: structuredClone(this.#counted()),
      ...(meter ? { spent: meter.spent } : {}),
      ...change,
    });
    this.#waitingSince = undefined;
    this.#uncommitted = [];
    await project();
  }

  #counted(): Counts {
    const { meter } = this.#options;
    return meter ? { ...this.#counts, billed: meter.billed } : this.#counts;
  }

  async #storeSides(): Promise<void> {
    const { store, folder, spool, checkpoint } = this.#options;
    for (const side of spool.grown()) {
      await store.upload(`${folder}${side.name}`, side.path);
      side.isNew = false;
    }
    if (checkpoint.state.type !== "user_timeline") return;
    if (this.#toldChanges === this.#userChanges.length) return;
    await store.put(`${folder}${FILES.userChanges}`, jsonBytes(this.#userChanges));
    this.#toldChanges = this.#userChanges.length;
  }

  async #deleteReplaced(): Promise<void> {
    const { store, folder } = this.#options;
    for (let [file] = this.#replaced; file; [file] = this.#replaced) {
      await store.delete(`${folder}${file.name}`);
      this.#replaced.shift();
    }
  }

  /** A name that this harvest has not used: later ones are never equal to earlier ones. */
  #nextName(): string {
    const ms = Math.max(this.#options.clock.now(), this.#lastName.ms);
    const isSame = Math.floor(ms / 1_000) === Math.floor(this.#lastName.ms / 1_000);
    this.#lastName = { ms, number: isSame ? this.#lastName.number + 1 : 1 };
    return tweetsFile(ms, this.#lastName.number);
  }
}

/** The next batch; that it fails while a commit is made is heard of when it is awaited. */
function asked(iterator: AsyncIterator<Batch>): Promise<IteratorResult<Batch>> {
  const next = iterator.next();
  next.catch(() => {});
  return next;
}

function sum(files: { tweets: number }[]): number {
  return files.reduce((total, { tweets }) => total + tweets, 0);
}

function jsonLine(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

/** Whether losing it in a crash would lose more than a position. */
function hasContent(
  { count, users, userChanges, messages, missing, gap, update, position }: Batch,
): boolean {
  const sides = [users, userChanges, messages, missing].some((lines) => lines && lines.length > 0);
  return count > 0 || sides || gap !== undefined || update !== undefined || position === "whole";
}
