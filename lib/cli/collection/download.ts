/** Downloads a collection: several files at a time, each completely or not at all. */

import { Buffer } from "node:buffer";
import { BlockFile } from "../../base/block_file.ts";
import { byFolder, folderFor } from "../../bucket/folders.ts";
import { newestManifest, openListing } from "../../bucket/listing.ts";
import { readManifest, withOnly, withSums } from "../../bucket/manifest.ts";
import { collectionKeys, fileNameFault, FILES, isHarvestFolder } from "../../collection/layout.ts";
import { isNamedLikeTweets } from "../../format/file_name.ts";
import { sha1Hex } from "../../bucket/inventory_entry.ts";
import { linkless } from "../../store/folder/linkless.ts";
import { READS } from "../../store/read_ahead.ts";
import { isThere, type Listed, type Store } from "../../store/store.ts";
import { Copier, type Wanted } from "./copier.ts";
import { type Inventoried, readInventoried } from "./download_inventory.ts";
import { type Part, partFilter } from "./download_part.ts";
import { LeftOut } from "./left_out.ts";
import { forEachConcurrently, Slots } from "../../base/some_at_a_time.ts";

/** Number of times a manifest that changes during the download is read again. */
const TRIES = 50;

/** Progress of a download. */
export interface Downloaded {
  /** Fetched files, and their bytes. */
  files: number;
  bytes: number;
  /** Files that existed already, and their bytes. */
  skipped: number;
  skippedBytes: number;
  /** Removed tweets files of an earlier download that are no longer in the manifest. */
  removed: number;
  /** All files of the collection, and their bytes. */
  allFiles: number;
  allBytes: number;
}

/** Options of download(). */
export interface DownloadOptions {
  store: Store;
  collectionId: string;
  /** The folder for the bucket, or for what is below `root`. */
  to: string;
  /** The prefix of keys that `to` stands for; by default the whole bucket. */
  root?: string | undefined;
  /** Whether to fetch existing files again. */
  clean: boolean;
  /** Whether to copy the configuration's keys; those of changesets and harvests are always left out. */
  withKeys?: boolean;
  /** The part to download; by default everything. */
  part?: Part;
  /** Called after each file, fetched or skipped. */
  onFile: (done: Downloaded) => void;
}

/**
 * Fetches every file of a collection except its lock and its checkpoint. Skips a file that has the size and checksum of
 * the manifest or the bucket. A manifest is read before its files, again if they change meanwhile, and written after
 * them; that of a running harvest is made from the checkpoint. So at any time, even after an interruption, the copy has
 * what its manifests list.
 * @throws UserError if the disk cannot be written or, after all others were fetched, if keys are not valid file names;
 * OutsideError if the bucket fails or, after all others, if files differ from their listing.
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  const download = new Download(options);
  return await download.run().finally(() => download.close());
}

/** A parsed manifest, and its bytes. */
interface Manifest {
  bytes: Uint8Array;
  /** Checksums by key. */
  files: Map<string, string>;
}

class Download {
  readonly #options: DownloadOptions;
  readonly #copier: Copier;
  readonly #done: Downloaded = {
    files: 0,
    bytes: 0,
    skipped: 0,
    skippedBytes: 0,
    removed: 0,
    allFiles: 0,
    allBytes: 0,
  };
  readonly #leftOut: LeftOut;
  /** The keys that were counted already. */
  readonly #counted = new Set<string>();
  readonly #slots = new Slots(READS);
  /** The folder of the running harvest: for it and later ones, the checkpoint has more than the manifest. */
  #open: string | undefined;
  /** Selects objects by their key. */
  #isWanted: (key: string) => boolean = () => true;
  /** The objects to copy at the beginning; null until they were listed. */
  #foreseen: { files: number; bytes: number } | null = null;
  /** The last harvest's folder at that time. */
  #last = "";
  /** Files of the inventory; null if everything is fetched again. */
  #inventory: Inventoried | null = null;
  /** For inventories of years. */
  readonly #file = new BlockFile();

  constructor(options: DownloadOptions) {
    this.#options = { ...options, store: linkless(options.store) };
    this.#copier = new Copier(this.#options);
    this.#leftOut = new LeftOut(options.collectionId);
  }

  async run(): Promise<Downloaded> {
    const { store, collectionId, part } = this.#options;
    const { folder: root } = collectionKeys(collectionId);
    if (part) this.#isWanted = await partFilter(store, collectionId, part);
    // First the documents that name harvests, which are then in the listing that follows.
    const head = this.#selectObjects(
      await Array.fromAsync(store.list(root, { folders: true })),
      root,
    );
    await forEachConcurrently(head, READS, (file) => this.#fetch(file));
    const known = new Set(head.map(({ key }) => key));
    const isNew = ({ key }: Listed) => !known.has(key);
    // Listed twice: the objects of years are not kept in memory.
    await this.#foresee(root, isNew);
    this.#open = (await openListing(store, collectionId))?.folder;
    if (!this.#options.clean) {
      this.#inventory = await readInventoried(store, collectionId, this.#file);
    }
    await forEachConcurrently(
      byFolder(store.list(root)),
      READS,
      ([folder, files]) => this.#folder(folder, this.#selectObjects(files.filter(isNew), root)),
    );
    for (const key of store.passedOver?.(root).keys() ?? []) {
      this.#leftOut.links.add(key);
      this.#leftOut.damaged.delete(key);
    }
    this.#leftOut.check();
    return this.#done;
  }

  /** Removes the temporary file. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  /** Counts what is to come, for the progress that is shown. */
  async #foresee(root: string, isNew: (listed: Listed) => boolean): Promise<void> {
    let [files, bytes] = [this.#done.allFiles, this.#done.allBytes];
    for await (const listed of this.#options.store.list(root)) {
      const folder = folderFor(listed.key);
      if (isHarvestFolder(folder)) this.#last = folder;
      if (!isNew(listed) || !this.#isSelected(listed)) continue;
      [files, bytes] = [files + 1, bytes + listed.size];
    }
    this.#foreseen = { files, bytes };
  }

  /** Whether files of tweets are selected. */
  get #hasTweets(): boolean {
    return this.#options.part?.tweets ?? true;
  }

  /** Returns whether an object is to be copied, if it can be a file. */
  #isSelected({ key, size }: Listed): boolean {
    if (!this.#isWanted(key) || (!this.#hasTweets && isNamedLikeTweets(key))) return false;
    const { lock, checkpoint } = collectionKeys(this.#options.collectionId);
    // A folder, or its placeholder object.
    return !(key.endsWith("/") && size === 0) && key !== lock && key !== checkpoint;
  }

  /** Returns the objects of a listing to copy, and records why others are left out. */
  #selectObjects(listed: Listed[], root: string): Listed[] {
    return listed.filter((object) => {
      if (!this.#isSelected(object)) return false;
      const { key, size } = object;
      const faults = key.slice(root.length).split("/").map(fileNameFault);
      const fault = faults.find((one) => one !== null) ?? null;
      if (fault === null) this.#count(size, 1);
      else this.#leftOut.strays.set(key, fault);
      return fault === null;
    });
  }

  /** Copies the objects of a folder. */
  async #folder(folder: string, files: Listed[]): Promise<void> {
    if (files.length === 0) return;
    const isThere = await this.#isThere(folder, files);
    const skipped = isThere ? files : await this.#findRecorded(files);
    for (const file of skipped) this.#tell(file, { is: "skipped", bytes: file.size });
    const done = new Set(skipped);
    const left = files.filter((file) => !done.has(file));
    if (left.length > 0) await this.#copyFolder(folder, left);
    else this.#forget(folder);
  }

  /** Returns the changesets that the copy has: these never change, but where their keys are taken out, which shows in their sizes. */
  async #findRecorded(files: Listed[]): Promise<Listed[]> {
    const known = files.filter(({ key, size }) => this.#inventory?.changesets.get(key) === size);
    const recorded: Listed[] = [];
    // As few at a time as are fetched: a thousand for each of eight folders took 15 MB.
    await forEachConcurrently(known, READS, async (file) => {
      if (await this.#copier.readSize(file.key) === file.size) recorded.push(file);
    });
    return recorded;
  }

  /**
   * Returns whether the copy has a harvest already: its manifest, which gets its name last, is the one that the inventory
   * has, and each file has its size.
   */
  async #isThere(folder: string, files: Listed[]): Promise<boolean> {
    const sum = this.#inventory?.manifests.get(`${folder}${FILES.manifest}`);
    if (sum === undefined || !this.#hasTweets || !this.#isSettled(folder)) return false;
    const bytes = await this.#copier.read(`${folder}${FILES.manifest}`);
    if (!bytes || sha1Hex(bytes) !== sum) return false;
    const names = new Set(files.map(({ key }) => key));
    const { files: tweets, sides } = readManifest(bytes, folder);
    const listed = new Set([...tweets, ...sides].map(({ key }) => key));
    listed.add(`${folder}${FILES.manifest}`);
    if (names.size !== listed.size || [...listed].some((key) => !names.has(key))) return false;
    const sizes = await Promise.all(files.map(({ key }) => this.#copier.readSize(key)));
    return files.every(({ size }, i) => sizes[i] === size);
  }

  /** Forgets what was counted of a folder that is done. */
  #forget(folder: string): void {
    for (const key of this.#counted) if (key.startsWith(folder)) this.#counted.delete(key);
  }

  async #copyFolder(folder: string, files: Listed[]): Promise<void> {
    const manifestKey = `${folder}${FILES.manifest}`;
    const isTweets = ({ key }: Wanted) => isNamedLikeTweets(key);
    const sides = files.filter((file) => !isTweets(file) && file.key !== manifestKey);
    // A harvest's documents come before its manifest, which then lists no less than they count.
    await forEachConcurrently(sides, READS, (file) => this.#fetch(file));
    const tweets = files.filter(isTweets);
    const manifest = await this.#manifest(folder);
    if (!manifest) {
      await forEachConcurrently(tweets, READS, (file) => this.#fetch(file));
      return this.#forget(folder);
    }
    const listed = new Map(files.map((file) => [file.key, file]));
    const own = await this.#fetchListed(folder, manifest, listed);
    await this.#place(folder, await this.#there(folder, own), listed.get(manifestKey));
    for (const { key, size } of tweets) if (!own.files.has(key)) this.#count(-size, -1);
    const removed = await this.#copier.clear(folder, new Set(own.files.keys()));
    this.#done.removed += removed;
    this.#forget(folder);
  }

  /** Returns a manifest limited to files in the copy: it may have tweets from a download that included them. */
  async #there(folder: string, manifest: Manifest): Promise<Manifest> {
    if (this.#hasTweets) return manifest;
    const keys = [...manifest.files.keys()];
    const has = await Promise.all(keys.map((key) => this.#copier.has(key)));
    const there = new Set(keys.filter((_, i) => has[i]));
    return { ...manifest, bytes: withOnly(manifest.bytes, (name) => there.has(folder + name)) };
  }

  /** Fetches the files of a manifest, or of its newer version if it changes meanwhile. @returns The final manifest */
  async #fetchListed(
    folder: string,
    manifest: Manifest,
    objects: ReadonlyMap<string, Listed>,
  ): Promise<Manifest> {
    for (let tries = 1;; tries++) {
      const bad = new Map<string, string>();
      const wanted = [...manifest.files].filter(([key]) =>
        this.#hasTweets || !isNamedLikeTweets(key)
      );
      await forEachConcurrently(wanted, READS, async ([key, sha1]) => {
        const known = objects.get(key);
        const is = await this.#fetch({ ...(known ?? { key }), sha1 });
        if (is === "damaged" || is === "not there") bad.set(key, is);
        // An existing copy may no longer be in the bucket.
        else if (!known && !await isThere(this.#options.store, key)) bad.set(key, "not there");
      });
      if (bad.size === 0) return manifest;
      const newer = await this.#manifest(folder);
      if (newer && !isSame(newer.bytes, manifest.bytes) && tries < TRIES) {
        manifest = newer;
        continue;
      }
      for (const [key, is] of bad) this.#leftOut.damaged.set(key, is);
      return manifest;
    }
  }

  /** Copies an object; a fault is recorded, unless a manifest is to be read again for it. */
  async #fetch(wanted: Wanted): Promise<"copied" | "damaged" | "not there"> {
    const copied = await this.#slots.run(() => this.#copier.copy(wanted));
    const { key, sha1 } = wanted;
    switch (copied.is) {
      case "gone":
        return "not there";
      case "damaged":
        if (sha1 === undefined) this.#leftOut.damaged.set(key, copied.is);
        return copied.is;
      case "stray":
        this.#leftOut.strays.set(key, copied.why);
        return "copied";
      case "withheld":
        this.#leftOut.withheld.set(key, copied.why);
        return "copied";
      default:
        this.#tell(wanted, copied);
        return "copied";
    }
  }

  /** Writes the manifest last, when its files are there. */
  async #place(folder: string, manifest: Manifest, listed: Listed | undefined): Promise<void> {
    if (!this.#hasTweets && manifest.bytes.length === 0) return;
    const wanted = listed ?? { key: `${folder}${FILES.manifest}` };
    const bytes = withSums(manifest.bytes, folder, this.#copier.changed);
    const isNew = await this.#copier.place(wanted.key, bytes) || this.#options.clean;
    this.#tell(wanted, { is: isNew ? "fetched" : "skipped", bytes: manifest.bytes.length });
  }

  /** Returns whether a harvest's manifest is the newest: of one that has begun meanwhile the checkpoint may have more. */
  #isSettled(folder: string): boolean {
    return this.#open === undefined ? folder <= this.#last : folder < this.#open;
  }

  async #manifest(folder: string): Promise<Manifest | null> {
    const { store, collectionId } = this.#options;
    const bytes = this.#isSettled(folder)
      ? (await store.get(`${folder}${FILES.manifest}`))?.bytes
      : await newestManifest(store, collectionId, folder);
    if (!bytes) return null;
    const { files, sides } = readManifest(bytes, folder);
    return { bytes, files: new Map([...files, ...sides].map(({ key, sha1 }) => [key, sha1])) };
  }

  /** Counts a copied file once: a manifest's files may be checked again. */
  #tell(
    { key, size }: Wanted,
    { is, bytes }: { is: "fetched" | "skipped"; bytes: number },
  ): void {
    const done = this.#done;
    if (!this.#counted.has(key)) {
      this.#counted.add(key);
      if (size === undefined) this.#count(bytes, 1);
      if (is === "skipped") {
        [done.skipped, done.skippedBytes] = [done.skipped + 1, done.skippedBytes + bytes];
      } else [done.files, done.bytes] = [done.files + 1, done.bytes + bytes];
    }
    if (!this.#foreseen) return;
    const { files, bytes: all } = this.#foreseen;
    const allFiles = Math.max(files, done.allFiles);
    this.#options.onFile({ ...done, allFiles, allBytes: Math.max(all, done.allBytes) });
  }

  #count(bytes: number, files: number): void {
    this.#done.allBytes += bytes;
    this.#done.allFiles += files;
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}
