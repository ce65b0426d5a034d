/** Batches into files into commits: the loop of a harvest. */

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
import { jsonBytes } from "../json.ts";
import type { Store } from "../store/store.ts";
import type { Meter } from "./meter.ts";
import type { Segment, SegmentFile } from "./segment.ts";
import type { Batch, Positions, UserChange } from "./source.ts";
import type { Spool } from "./spool.ts";

const encoder = new TextEncoder();

/** When segments end, and when what has arrived must be in the store. */
export interface Limits {
  /** Tweets a segment holds at most. */
  tweetsPerFile: number;
  /** Milliseconds after which a segment is closed. */
  msPerFile: number;
  /** Milliseconds after which what has arrived is committed. */
  flushMs: number;
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

/** Records what a source brings. */
export class Recorder {
  readonly #options: RecorderOptions;
  /** Kept until it is in the store, so that a failed upload loses nothing. */
  #segment: Segment | undefined;
  #segmentOpened = 0;
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
    const files = [...this.#files, ...this.#pieces];
    const tweets = files.reduce((n, file) => n + file.tweets, this.#segment?.uncut ?? 0);
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

  /** Closes what is open and makes the last commit. */
  async finish(ending: Ending): Promise<void> {
    const replaced = await this.#closeSegment();
    await this.#commit({ ...ending, state: "finished", ended: this.#options.clock.now() });
    await this.#delete(replaced);
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
    return Math.min(flush, roll);
  }

  async #take(batch: Batch): Promise<void> {
    const { clock, spool, limits } = this.#options;
    if (this.#segment && this.#segment.tweets + batch.count > limits.tweetsPerFile) {
      await this.#roll();
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
    const isFull = (this.#segment?.tweets ?? 0) >= limits.tweetsPerFile;
    if (this.#segment && (isFull || now >= this.#segmentOpened + limits.msPerFile)) {
      await this.#roll();
    } else if (now >= this.#due()) {
      await this.#flush();
    }
  }

  /** Commits what has arrived; the open segment's part as a piece. */
  async #flush(): Promise<void> {
    if (this.#segment && this.#segment.uncut > 0) {
      const piece = await this.#segment.cutPiece();
      this.#pieces.push(await this.#store(piece));
      await this.#options.spool.drop(piece.path);
    }
    await this.#commit({});
  }

  /** Closes the segment and commits. */
  async #roll(): Promise<void> {
    const replaced = await this.#closeSegment();
    await this.#commit({});
    await this.#delete(replaced);
  }

  /** Puts the whole segment in the store, in place of its pieces, which are returned. */
  async #closeSegment(): Promise<HarvestFile[]> {
    if (!this.#segment) return [];
    const whole = await this.#segment.close();
    const pieces = this.#pieces;
    const [only] = pieces;
    const isWhole = only && pieces.length === 1 && only.tweets === whole.tweets;
    this.#files.push(isWhole ? only : await this.#store(whole));
    await this.#options.spool.drop(whole.path);
    this.#segment = undefined;
    this.#pieces = [];
    return isWhole ? [] : pieces;
  }

  async #store({ path, ...file }: SegmentFile): Promise<HarvestFile> {
    const { store, folder, guard } = this.#options;
    guard();
    const name = this.#nextName();
    await store.upload(`${folder}${name}`, path);
    return { name, ...file };
  }

  async #commit(change: Commit): Promise<void> {
    const { checkpoint, guard, project, meter } = this.#options;
    guard();
    await this.#storeSides();
    await checkpoint.commit({
      positions: { ...this.#positions },
      files: [...this.#files, ...this.#pieces],
      update: this.#update,
      counts: structuredClone(this.#counted()),
      ...(meter ? { spent: meter.spent } : {}),
      ...change,
    });
    this.#waitingSince = undefined;
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

  async #delete(files: HarvestFile[]): Promise<void> {
    const { store, folder } = this.#options;
    for (const { name } of files) await store.delete(`${folder}${name}`);
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
