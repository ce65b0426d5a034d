/** Copies a collection from its bucket to the person's disk: several files at a time, each whole or not at all. */

import { Buffer } from "node:buffer";
import { newestManifest, openListing } from "../../bucket/listing.ts";
import { readManifest, withOnly, withSums } from "../../bucket/manifest.ts";
import { collectionKeys, fileNameFault, FILES } from "../../collection/layout.ts";
import { isNamedLikeTweets } from "../../format/file_name.ts";
import { linkless } from "../../store/folder/linkless.ts";
import { isThere, type Listed, type Store } from "../../store/store.ts";
import { Copier, type Wanted } from "./copier.ts";
import { type Part, partOf } from "./download_part.ts";
import { LeftOut } from "./left_out.ts";
import { eachOf, Slots } from "../some_at_a_time.ts";

/** Folders, and files, that are worked on at the same time. */
const WIDTH = 8;
/** How often a manifest is read again that has changed while its files were fetched. */
const TRIES = 50;

/** How far a download is. */
export interface Downloaded {
  /** Files that were fetched, and their bytes. */
  files: number;
  bytes: number;
  /** Files that were there already, and their bytes. */
  skipped: number;
  skippedBytes: number;
  /** Files of tweets that were fetched earlier, and that the manifest does not list any more. */
  removed: number;
  /** All files of the collection, and their bytes. */
  allFiles: number;
  allBytes: number;
}

/** What a download is made of. */
export interface DownloadOptions {
  store: Store;
  collectionId: string;
  /** The folder that stands for the bucket, or for what is below `root`. */
  to: string;
  /** What keys begin with that `to` stands for; the bucket where it is absent. */
  root?: string | undefined;
  /** Fetch also what is there already. */
  clean: boolean;
  /** Copy the keys of the configuration as well; those of changesets and harvests are left out in any case. */
  withKeys?: boolean;
  /** What is wanted, where that is not all. */
  part?: Part;
  /** Told of each file, fetched or skipped. */
  onFile: (done: Downloaded) => void;
}

/**
 * Fetches every file of a collection but its lock and its checkpoint. A file that is there is skipped where its
 * size and its checksum are those of the manifest, or of the bucket's own. Which files of tweets a copy has is up
 * to its manifest: that is read before them, once more where they change meanwhile, and gets its name when they are
 * there. Of a harvest that goes on it is made from the checkpoint. So at any instant, and whenever it is cut, the copy has what its manifests list.
 * @throws UserError where the disk cannot be written, or, after all others were fetched, where objects cannot be
 *   files; OutsideError where the bucket fails, or, after all others, where files are not in it as listed.
 */
export async function download(options: DownloadOptions): Promise<Downloaded> {
  return await new Download(options).run();
}

/** What a manifest says, and its bytes. */
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
  /** The keys that are counted as fetched or as skipped. */
  readonly #counted = new Set<string>();
  readonly #slots = new Slots(WIDTH);
  /** The folder of the harvest that goes on: of it, and of later ones, the checkpoint knows more than the manifest. */
  #open: string | undefined;
  /** Whether an object is wanted, by its key. */
  #isWanted: (key: string) => boolean = () => true;
  /** Whether it is known how much there is. */
  #isListed = false;

  constructor(options: DownloadOptions) {
    this.#options = { ...options, store: linkless(options.store) };
    this.#copier = new Copier(this.#options);
    this.#leftOut = new LeftOut(options.collectionId);
  }

  async run(): Promise<Downloaded> {
    const { store, collectionId, part } = this.#options;
    const { folder: root } = collectionKeys(collectionId);
    if (part) this.#isWanted = await partOf(store, collectionId, part);
    // First what speaks of harvests: those that it knows of are in the listing that follows.
    const head = this.#wanted(await Array.fromAsync(store.list(root, { folders: true })), root);
    await eachOf(head, WIDTH, (file) => this.#fetch(file));
    const known = new Set(head.map(({ key }) => key));
    const listed = await Array.fromAsync(store.list(root));
    this.#isListed = true;
    this.#open = (await openListing(store, collectionId))?.folder;
    const all = this.#wanted(listed.filter(({ key }) => !known.has(key)), root);
    await eachOf([...byFolder(all)], WIDTH, ([folder, files]) => this.#folder(folder, files));
    for (const key of store.passedOver?.(root).keys() ?? []) {
      this.#leftOut.links.add(key);
      this.#leftOut.damaged.delete(key);
    }
    this.#leftOut.check();
    return this.#done;
  }

  /** Whether files of tweets are wanted. */
  get #hasTweets(): boolean {
    return this.#options.part?.tweets ?? true;
  }

  /** Returns the objects of a listing that are to be copied; of others it is said why they are not. */
  #wanted(listed: Listed[], root: string): Listed[] {
    const { lock, checkpoint } = collectionKeys(this.#options.collectionId);
    return listed.filter(({ key, size }) => {
      if (!this.#isWanted(key) || (!this.#hasTweets && isNamedLikeTweets(key))) return false;
      // A folder, or what marks one.
      if ((key.endsWith("/") && size === 0) || key === lock || key === checkpoint) return false;
      const faults = key.slice(root.length).split("/").map(fileNameFault);
      const fault = faults.find((one) => one !== null) ?? null;
      if (fault === null) this.#count(size, 1);
      else this.#leftOut.strays.set(key, fault);
      return fault === null;
    });
  }

  /** Copies what is in a folder. */
  async #folder(folder: string, files: Listed[]): Promise<void> {
    const manifestKey = `${folder}${FILES.manifest}`;
    const isTweets = ({ key }: Wanted) => isNamedLikeTweets(key);
    const sides = files.filter((file) => !isTweets(file) && file.key !== manifestKey);
    // What tells of a harvest comes before its manifest, which then lists no less than that tells of.
    await eachOf(sides, WIDTH, (file) => this.#fetch(file));
    const tweets = files.filter(isTweets);
    const manifest = await this.#manifest(folder);
    if (!manifest) return await eachOf(tweets, WIDTH, (file) => this.#fetch(file));
    const listed = new Map(files.map((file) => [file.key, file]));
    const own = await this.#listed(folder, manifest, listed);
    await this.#place(folder, await this.#there(folder, own), listed.get(manifestKey));
    for (const { key, size } of tweets) if (!own.files.has(key)) this.#count(-size, -1);
    const removed = await this.#copier.clear(folder, new Set(own.files.keys()));
    this.#done.removed += removed;
  }

  /** Returns a manifest with what the copy has of it: it may have tweets of a time when they were wanted. */
  async #there(folder: string, manifest: Manifest): Promise<Manifest> {
    if (this.#hasTweets) return manifest;
    const keys = [...manifest.files.keys()];
    const has = await Promise.all(keys.map((key) => this.#copier.has(key)));
    const there = new Set(keys.filter((_, i) => has[i]));
    return { ...manifest, bytes: withOnly(manifest.bytes, (name) => there.has(folder + name)) };
  }

  /** Fetches what a manifest lists; where that changes meanwhile, what the newer one lists. The one that holds. */
  async #listed(
    folder: string,
    manifest: Manifest,
    objects: ReadonlyMap<string, Listed>,
  ): Promise<Manifest> {
    for (let tries = 1;; tries++) {
      const bad = new Map<string, string>();
      const wanted = [...manifest.files].filter(([key]) =>
        this.#hasTweets || !isNamedLikeTweets(key)
      );
      await eachOf(wanted, WIDTH, async ([key, sha1]) => {
        const known = objects.get(key);
        const is = await this.#fetch({ ...(known ?? { key }), sha1 });
        if (is === "damaged" || is === "not there") bad.set(key, is);
        // What was there already may be in the bucket no more.
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

  /** Copies an object; what is wrong with it is kept, unless a manifest is to be asked about it. */
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

  /** The manifest is the last to get its name: what it lists is there. */
  async #place(folder: string, manifest: Manifest, listed: Listed | undefined): Promise<void> {
    if (!this.#hasTweets && manifest.bytes.length === 0) return;
    const wanted = listed ?? { key: `${folder}${FILES.manifest}` };
    const bytes = withSums(manifest.bytes, folder, this.#copier.changed);
    const isNew = await this.#copier.place(wanted.key, bytes) || this.#options.clean;
    this.#tell(wanted, { is: isNew ? "fetched" : "skipped", bytes: manifest.bytes.length });
  }

  async #manifest(folder: string): Promise<Manifest | null> {
    const { store, collectionId } = this.#options;
    const isSettled = this.#open === undefined || folder < this.#open;
    const bytes = isSettled
      ? (await store.get(`${folder}${FILES.manifest}`))?.bytes
      : await newestManifest(store, collectionId, folder);
    if (!bytes) return null;
    const { files, sides } = readManifest(bytes, folder);
    return { bytes, files: new Map([...files, ...sides].map(({ key, sha1 }) => [key, sha1])) };
  }

  /** Counts what was copied, once: what is in a manifest may be looked at again. */
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
    if (this.#isListed) this.#options.onFile(done);
  }

  #count(bytes: number, files: number): void {
    this.#done.allBytes += bytes;
    this.#done.allFiles += files;
  }
}

function byFolder(files: Listed[]): Map<string, Listed[]> {
  return Map.groupBy(files, ({ key }) => key.slice(0, key.lastIndexOf("/") + 1));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.from(a).equals(b);
}
