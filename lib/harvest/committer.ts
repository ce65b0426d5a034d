/** Uploads and commits cuts in the background of a harvest, and outlasts an unavailable store. */

import { getLogger } from "@logtape/logtape";
import type { Checkpoint } from "../bucket/checkpoint.ts";
import type { HarvestFile } from "../bucket/checkpoint_state.ts";
import { readListedNames } from "../bucket/manifest.ts";
import { findCodec } from "../format/codec.ts";
import { tweetsFileName } from "../format/file_name.ts";
import { DamagedError, errorMessage, LockedError, UndeletableError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import { isAway, Patience, type PatienceOptions } from "../source/patience.ts";
import type { Cut, Lost } from "./cut.ts";
import type { SegmentFile } from "./segment.ts";
import { SideFiles } from "./side_files.ts";
import { watchStore } from "./slow_store.ts";

const log = getLogger(["twarc-cloud", "harvest"]);

/** Options of a committer. */
export interface CommitterOptions extends PatienceOptions {
  store: Store;
  checkpoint: Checkpoint;
  /** The harvest's folder, with a `/` at its end. */
  folder: string;
  /** Throws where this harvester may no longer write. */
  guard: () => void;
  /** Projects a commit. */
  project: () => Promise<void>;
  /**
   * Ends the harvest whose last cut is committed, and begins the next; a second call changes nothing.
   * @param began When it was to begin, in milliseconds since 1970.
   * @returns Its folder.
   */
  next?: (began: number) => Promise<string>;
}

/** Stores and commits cuts in their order, one at a time. */
export class Committer {
  readonly #options: CommitterOptions;
  /** When the harvest that is being committed was to begin: that of the first cut, until that of a later one. */
  #began: number | undefined;
  #folder: string;
  /** Cuts whose tweets are only on this machine's disk. */
  readonly #queue: Cut[] = [];
  /** The cut of the queue that is being uploaded. */
  #storing: Cut | undefined;
  /** The cut of the queue whose tweets are damaged and cannot be stored. */
  #damaged: Cut | undefined;
  /** Cuts whose tweets are in the store, until they are committed and projected. */
  readonly #stored: Cut[] = [];
  /** The tweets files in the store: whole segments, and pieces of the others. */
  #files: HarvestFile[];
  /** Pieces that are still in the store, and in a whole segment as well. */
  readonly #replaced: HarvestFile[] = [];
  /** Names of tweets files that were uploaded, and may not be in a commit. */
  readonly #uncommitted: string[] = [];
  /** The names of files that were sent and may not be in the store: a retry uses the same name. */
  readonly #names = new WeakMap<SegmentFile, string>();
  #lastName = { ms: 0, number: 0 };
  /** When the last stored cut was made. */
  #storedAt: number;
  /** The first cut that may be committed, of its harvest; undefined until it is added. */
  #commitFrom: Pick<Cut, "began" | "number"> | undefined = { began: 0, number: 0 };
  /** The files beside the tweets, of the harvest that is being committed. */
  #sides: SideFiles;
  readonly #patience: Patience;
  #running: Promise<void> | undefined;
  #failure: unknown;
  #rested = Promise.withResolvers<void>();

  constructor(options: CommitterOptions) {
    this.#options = options;
    this.#folder = options.folder;
    this.#patience = new Patience(options);
    this.#files = options.checkpoint.state.files;
    this.#sides = new SideFiles(options.store, options.folder, options.checkpoint.state);
    this.#storedAt = options.checkpoint.state.began;
  }

  /** Whether it is idle: all that was added is committed, or it has failed. */
  get rests(): boolean {
    return this.#running === undefined;
  }

  /** Returns whether all harvests before this one are committed. */
  isAt(began: number): boolean {
    return this.#began === undefined || this.#began === began;
  }

  /** Returns the tweets files of a harvest in the store. */
  listFiles(began: number): HarvestFile[] {
    return this.isAt(began) ? this.#files : [];
  }

  /** Whether something that was added is not committed. */
  get hasUncommitted(): boolean {
    return this.#stored.length + this.#queue.length > 0;
  }

  /** Bytes of tweets that are on this machine's disk and not committed. */
  get waiting(): number {
    const cuts = [...this.#stored, ...this.#queue];
    return cuts.reduce((bytes, { tweets }) => bytes + (tweets?.file.bytes ?? 0), 0);
  }

  /**
   * Adds a cut. After a failure everything that is left is tried again.
   * @param inPlace Whether a whole segment replaces its queued pieces; otherwise they are what is noted of it.
   * @returns The cuts that it replaces: their files on disk can be removed.
   */
  add(cut: Cut, { inPlace = true } = {}): Cut[] {
    const dropped = cut.tweets?.isWhole && inPlace ? this.#dropPieces(cut, cut.tweets.segment) : [];
    this.#queue.push(cut);
    this.#began ??= cut.began;
    this.#commitFrom ??= cut;
    this.#failure = undefined;
    this.#damaged = undefined;
    this.#running ??= this.#run();
    return dropped;
  }

  /**
   * The loss with a cut whose tweets are damaged on this machine's disk, after which nothing is stored: no tweets
   * where all are in the store in pieces. Undefined where no tweets are damaged.
   */
  get lostCut(): Lost | undefined {
    if (!this.#damaged?.tweets) return undefined;
    const { began, spool, number, covers = number, at: to, tweets } = this.#damaged;
    const { segment, isWhole, file } = tweets;
    const pieces = isWhole ? this.#files.filter(({ pieceOf }) => pieceOf === segment) : [];
    const lost = file.tweets - pieces.reduce((sum, piece) => sum + piece.tweets, 0);
    return { began, spool, number, covers, segment, from: this.#storedAt, to, tweets: lost };
  }

  /** Drops what is damaged. Nothing is committed before the next cut, which is to record the loss. */
  leaveOut(): void {
    if (this.#damaged && this.#queue.shift()) this.#stored.push(this.#damaged);
    this.#damaged = undefined;
    this.#commitFrom = undefined;
  }

  /** Drops everything that is not committed. */
  dropUncommitted(): void {
    this.#files = this.#options.checkpoint.state.files;
    for (const left of [this.#queue, this.#stored, this.#replaced]) left.length = 0;
    this.#damaged = undefined;
  }

  /** Resolves when it is idle the next time; only the last caller is notified. */
  untilIdle(): Promise<void> {
    this.#rested = Promise.withResolvers();
    return this.#rested.promise;
  }

  /**
   * Throws its failure.
   * @throws LockedError where another harvester has taken over the collection; DamagedError where a cut is damaged,
   * and is not stored; OutsideError, UserError where the store failed for longer than is allowed, or for another
   * reason.
   */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Waits until all that was added is committed. @throws as `check` */
  async done(): Promise<void> {
    await this.#running;
    this.check();
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork()) await this.#workOnce();
    } catch (failure) {
      this.#failure = failure;
    } finally {
      // In the same step that found no work: a later cut starts it again.
      this.#running = undefined;
      this.#rested.resolve();
    }
  }

  async #workOnce(): Promise<void> {
    try {
      await watchStore(this.#options.clock, async () => {
        const damaged = await this.#storeWaiting();
        await this.#commit();
        await this.#deleteReplaced();
        if (damaged) throw damaged;
        await this.#goOn();
      });
    } catch (error) {
      if (error instanceof DamagedError) throw error;
      if (error instanceof LockedError) await this.#clear();
      else if (this.#isSilent && isAway(error)) return await this.#dropSilence();
      return await this.#patience.endure(error);
    }
    this.#patience.over();
  }

  /** Whether all that waits is up to when a silent stream was listened to. */
  get #isSilent(): boolean {
    const cuts = [...this.#stored, ...this.#queue];
    return cuts.every((cut) => cut.isSilent) && this.#replaced.length === 0;
  }

  /** Forgets cuts that the next one includes, so that a store that is unavailable ends no silent stream. */
  async #dropSilence(): Promise<void> {
    for (const one of [...this.#stored.splice(0), ...this.#queue.splice(0)]) {
      await one.spool.forget(one);
    }
  }

  #hasWork(): boolean {
    return this.#queue.length > 0 || this.#stored.length > 0 || this.#replaced.length > 0;
  }

  /** Removes the queued pieces of a segment, which its whole file replaces. */
  #dropPieces({ began }: Cut, segment: number): Cut[] {
    const dropped: Cut[] = [];
    for (;;) {
      const last = this.#queue.at(-1);
      if (!last || last === this.#storing || last.began !== began) return dropped;
      if (last.tweets && (last.tweets.isWhole || last.tweets.segment !== segment)) return dropped;
      this.#queue.pop();
      dropped.push(last);
    }
  }

  /**
   * Stores the tweets of the queued cuts of one harvest; later ones wait for the next commit.
   * @returns Why those of the next cut cannot be stored: all before it can be committed.
   */
  async #storeWaiting(): Promise<DamagedError | undefined> {
    const end = this.#queue.at(-1);
    for (let [cut] = this.#queue; cut && this.isAt(cut.began); [cut] = this.#queue) {
      this.#storing = cut;
      try {
        await this.#storeTweets(cut);
      } catch (error) {
        if (!(error instanceof DamagedError)) throw error;
        this.#damaged = cut;
        return error;
      } finally {
        this.#storing = undefined;
      }
      this.#queue.shift();
      this.#stored.push(cut);
      this.#storedAt = cut.at;
      if (cut === end) return;
    }
  }

  async #storeTweets({ tweets }: Cut): Promise<void> {
    if (!tweets) return;
    const { segment, isWhole, file } = tweets;
    if (!isWhole) {
      this.#files = [...this.#files, { ...await this.#upload(file), pieceOf: segment }];
      return;
    }
    const isPiece = ({ pieceOf }: HarvestFile) => pieceOf === segment;
    const pieces = this.#files.filter(isPiece);
    const [only] = pieces;
    // A whole segment that is its only piece is in the store already.
    const isThere = pieces.length === 1 && only?.tweets === file.tweets;
    const { pieceOf: _, ...whole } = isThere ? only : await this.#upload(file);
    this.#files = [...this.#files.filter((one) => !isPiece(one)), whole];
    for (const piece of isThere ? [] : pieces) this.#replaced.push(piece);
  }

  async #upload(segment: SegmentFile): Promise<HarvestFile> {
    const { store, guard } = this.#options;
    const { path, ...file } = segment;
    guard();
    const sent = this.#names.get(segment);
    const name = sent ?? this.#nextName(path);
    if (sent === undefined) {
      this.#names.set(segment, name);
      this.#uncommitted.push(name);
    }
    await store.upload(`${this.#folder}${name}`, path, { expected: file });
    return { name, ...file };
  }

  /** Makes a name for a file that this harvest has not used: names are never reused. */
  #nextName(path: string): string {
    const ms = Math.max(this.#options.clock.now(), this.#lastName.ms);
    const isSame = Math.floor(ms / 1_000) === Math.floor(this.#lastName.ms / 1_000);
    this.#lastName = { ms, number: isSame ? this.#lastName.number + 1 : 1 };
    const name = tweetsFileName(ms, this.#lastName.number, findCodec(path));
    // An earlier harvester's clock may have been ahead.
    return this.#files.some((file) => file.name === name) ? this.#nextName(path) : name;
  }

  async #commit(): Promise<void> {
    const { checkpoint, guard, project } = this.#options;
    const cut = this.#stored.at(-1);
    if (!cut || !this.#mayCommit(cut)) return;
    guard();
    await this.#sides.upload(cut, guard);
    guard();
    const sides = this.#sides.knownSums();
    await checkpoint.commit({ ...cut.commit, files: this.#files, sides, cuts: cut.number });
    this.#uncommitted.length = 0;
    await project();
    for (const one of this.#stored.splice(0)) await one.spool.forget(one);
  }

  #mayCommit({ began, number }: Cut): boolean {
    const from = this.#commitFrom;
    return from !== undefined && (from.began !== began || number >= from.number);
  }

  /** Begins the next harvest where the queued cuts belong to it. */
  async #goOn(): Promise<void> {
    const { next, guard, store, checkpoint } = this.#options;
    const [cut] = this.#queue;
    if (!next || !cut || this.isAt(cut.began) || this.#stored.length > 0) return;
    guard();
    this.#folder = await next(cut.began);
    this.#began = cut.began;
    this.#files = [];
    this.#sides = new SideFiles(store, this.#folder, checkpoint.state);
  }

  async #deleteReplaced(): Promise<void> {
    const { store, guard } = this.#options;
    for (let [file] = this.#replaced; file; [file] = this.#replaced) {
      guard();
      try {
        await store.delete(`${this.#folder}${file.name}`);
      } catch (error) {
        // They stay, and are reported when the harvest is settled.
        if (!(error instanceof UndeletableError)) throw error;
      }
      this.#replaced.shift();
    }
  }

  /**
   * Deletes files that no commit will ever list, as another harvester has taken over the collection. A commit may
   * have succeeded although its response was an error or lost: then the other one has gone on from it, and lists
   * them.
   */
  async #clear(): Promise<void> {
    const { store, checkpoint } = this.#options;
    const folder = this.#folder;
    const names = this.#uncommitted.splice(0);
    try {
      const others = names.length > 0 && await checkpoint.ofAnother();
      if (!others) return;
      const listed = await readListedNames(store, folder);
      const isSame = others.began === checkpoint.state.began;
      for (const { name } of isSame ? others.files : []) listed.add(name);
      for (const name of names) if (!listed.has(name)) await store.delete(`${folder}${name}`);
    } catch (error) {
      log.warn("Files that no manifest lists may remain in {folder}: {problem}", {
        folder,
        problem: errorMessage(error),
      });
    }
  }
}
