/** Verifies a harvest's folder against its manifest, its harvest.json and the checkpoint. */

import { type HarvestInfo, harvestInfoSchema } from "../collection/harvest_info.ts";
import { hasKeys } from "../collection/keyless.ts";
import { FILES, isHarvestFolder } from "../collection/layout.ts";
import { isTweetsFileName } from "../format/file_name.ts";
import { errorMessage, OutsideError } from "../base/errors.ts";
import { giveBack } from "../base/memory.ts";
import { checkAs, type JsonObject, parseAs } from "../base/json.ts";
import { isThere, type Listed, type Store } from "../store/store.ts";
import type { CheckpointState } from "../bucket/checkpoint_state.ts";
import { jsonParts } from "../bucket/json_parts.ts";
import { userChangesSchema } from "../bucket/last_harvest.ts";
import { type GapRecords, readFilled } from "./gap_list.ts";
import { checkJsonLines, checkTweets, type FileFacts } from "./file_check.ts";
import {
  canBeCleared,
  canBeCounted,
  type HarvestFound,
  isCounted,
  isWhole,
  type ListedFacts,
  totals,
} from "./found.ts";
import { canBeRemade } from "./remade.ts";
import { parseGap } from "../bucket/gaps.ts";
import { folderFor } from "../bucket/folders.ts";
import { isInventoried, storedSum } from "../bucket/harvest_sums.ts";
import type { FileSum } from "../bucket/inventory_entry.ts";
import { formatManifest, type ListedFile, readManifest } from "../bucket/manifest.ts";

/** Options of a verification. */
export interface Look {
  store: Store;
  /** Returns the checksum of an object that was read completely; undefined otherwise. */
  sumOf: (key: string) => FileSum | undefined;
  /** Called before each file of tweets that is read. */
  onFile: (key: string) => void;
  /** Called with the id of each tweet in a listed file. */
  onId: (id: string, key: string) => Promise<void>;
  /** Gathers the gaps of the harvests. */
  gaps: GapRecords;
  /** Called with each file that has keys in the clear and needs none. */
  onKeys: (key: string) => void;
  /** Whether tweets were, or may have been, removed from a file, by changesets: it may be the version before. */
  wasCleared: (key: string) => boolean;
  fault: (key: string, says: string, canBeMended?: boolean) => void;
  /** Reports invalid content as a fault of the key; an error of the store is thrown. */
  tried: <T>(key: string, act: () => Promise<T> | T) => Promise<T | null>;
}

/** A folder to verify. */
export interface HarvestFolder {
  /** With a `/` at its end. */
  folder: string;
  /** The objects in it. */
  objects: Listed[];
  isOpen: boolean;
  /** The settled checkpoint, if it is this harvest's. */
  settled: CheckpointState | null;
  /** The checkpoint of this harvest if it goes on or was interrupted: the manifest may be older. */
  open: CheckpointState | null;
}

/** Returns a filter for the objects that `lookAtHarvest` reads. @param isWanted Asked once for a harvest. */
export function filesOfHarvests(
  isWanted: (folder: string) => boolean,
): (listed: Listed) => boolean {
  let [last, isLastWanted] = ["", false];
  return ({ key }) => {
    const folder = folderFor(key);
    if (folder !== last) {
      [last, isLastWanted] = [folder, isHarvestFolder(folder) && isWanted(folder)];
    }
    const name = key.slice(folder.length);
    return isLastWanted && (isInventoried(name) || isTweetsFileName(name));
  };
}

/** Verifies a harvest's folder and reports its faults. @throws OutsideError where the store fails. */
export async function lookAtHarvest(place: HarvestFolder, look: Look): Promise<HarvestFound> {
  const { folder, isOpen, settled, open } = place;
  const { store, fault } = look;
  const names = new Set(place.objects.map(({ key }) => key.slice(folder.length)));
  const has = (name: string) => names.has(name);
  const manifest = readManifest((await store.get(`${folder}${FILES.manifest}`))?.bytes, folder);
  const listed = new Map<string, ListedFacts | null>();
  const { files } = open ? readManifest(formatManifest(open.files), folder) : manifest;
  const sums = new Map(files.map(({ key, sha1 }) => [key, sha1]));
  for (const [key, sha1] of sums) listed.set(key, await lookAtFile(key, { sha1, isOpen }, look));
  const known = new Set([...sums.keys(), ...(settled?.files ?? []).map(nameWithin(folder))]);
  const isOriginal = !has(FILES.harvest) && has(FILES.originalHarvest);
  const { info, problem } = await readInfo(folder, isOriginal, store);
  const harvest: HarvestFound = {
    folder,
    listed,
    unlisted: place.objects.map(({ key }) => key)
      .filter((key) => isTweetsFileName(key.slice(folder.length)) && !known.has(key)),
    hasManifest: has(FILES.manifest),
    info,
    isOriginal,
    isOpen,
    relisted: null,
    retold: null,
  };
  const [stray] = manifest.strays;
  if (!isOpen && canBeRelisted(harvest, { hasStray: !!stray }, look)) {
    harvest.relisted = await relistFiles(harvest, look);
  }
  const agrees = !settled || await agreesWith(settled, { harvest, sums, hasStray: !!stray }, look);
  if (stray !== undefined) {
    const says = `it has a line that names no file: ${stray.slice(0, 80)}`;
    fault(`${folder}${FILES.manifest}`, says, harvest.retold !== null);
  }
  if (!isOpen) lookWhetherAllAgrees(harvest, { agrees, problem }, look);
  await lookAtSides(harvest, has, look);
  if (!isOpen) await lookAtSums(manifest.sides, look);
  return harvest;
}

/** Returns the facts of a listed file; null if it is missing. */
async function lookAtFile(
  key: string,
  { sha1, isOpen }: { sha1: string; isOpen: boolean },
  look: Look,
): Promise<ListedFacts | null> {
  const facts = await readFacts(key, look, (id) => look.onId(id, key));
  if (!facts) {
    // A part that was merged while the manifest was read is in another file.
    if (!isOpen) look.fault(key, "the manifest lists it, but it is missing");
    return null;
  }
  const isAsListed = facts.sha1 === sha1;
  if (facts.fault) look.fault(key, facts.fault);
  else if (!isAsListed) look.fault(key, "its checksum differs from the manifest");
  return { ...facts, isAsListed };
}

async function readFacts(
  key: string,
  { store, onFile }: Look,
  onId: (id: string) => Promise<void> | void,
): Promise<FileFacts | null> {
  onFile(key);
  try {
    return await checkTweets(store, key, onId);
  } catch (error) {
    if (!(error instanceof OutsideError) || await isThere(store, key)) throw error;
    return null;
  }
}

/** Reads harvest.json. @returns The document, or its problem; neither if it is missing */
async function readInfo(
  folder: string,
  isOriginal: boolean,
  store: Store,
): Promise<{ info: HarvestInfo | null; problem: string | null }> {
  const key = infoKey({ folder, isOriginal });
  const found = await store.get(key);
  if (!found) return { info: null, problem: null };
  try {
    return { info: parseAs(harvestInfoSchema, found.bytes, "it"), problem: null };
  } catch (error) {
    return { info: null, problem: errorMessage(error) };
  }
}

function infoKey({ folder, isOriginal }: Pick<HarvestFound, "folder" | "isOriginal">): string {
  return `${folder}${isOriginal ? FILES.originalHarvest : FILES.harvest}`;
}

/**
 * Returns whether the manifest matches the checkpoint. If not, or if harvest.json is missing, marks the harvest as one
 * whose documents can be rebuilt, provided that every file in the checkpoint is intact and no other is listed.
 */
async function agreesWith(
  state: CheckpointState,
  { harvest, sums, hasStray }: {
    harvest: HarvestFound;
    sums: Map<string, string>;
    hasStray: boolean;
  },
  look: Look,
): Promise<boolean> {
  const { folder, listed, hasManifest, info } = harvest;
  const named = new Map(state.files.map((file) => [nameWithin(folder)(file), file.sha1]));
  const agrees = hasManifest && sums.size === named.size &&
    [...named].every(([key, sha1]) => sums.get(key) === sha1);
  if (agrees && info && !hasStray) return true;
  // A truncated name, as from a full disk, matches no file.
  let isThere = [...sums.keys()].every((key) => named.has(key) || !listed.get(key));
  for (const [key, sha1] of named) {
    const facts = listed.get(key) ?? await readFacts(key, look, () => {});
    isThere &&= facts !== null && facts.fault === null && facts.sha1 === sha1;
  }
  if (isThere) harvest.retold = { state, manifest: !agrees || hasStray, info: !info };
  return agrees;
}

/** Returns whether the manifest is missing, or was emptied by damage: removing all tweets empties it, too. */
function canBeRelisted(
  { hasManifest, listed, unlisted }: HarvestFound,
  { hasStray }: { hasStray: boolean },
  { wasCleared }: Look,
): boolean {
  return !hasManifest || (listed.size === 0 && !hasStray && !unlisted.some(wasCleared));
}

/**
 * Verifies the files of a folder whose manifest lists nothing. @returns Checksums for a new manifest, if one can be
 * written
 */
async function relistFiles(
  { unlisted, info, isOriginal }: HarvestFound,
  look: Look,
): Promise<HarvestFound["relisted"]> {
  if (!info || unlisted.length === 0 || info.files !== unlisted.length) return null;
  const sums = new Map<string, string>();
  let [tweets, bytes, isWhole] = [0, 0, true];
  for (const key of unlisted) {
    const facts = await readFacts(key, look, () => {});
    if (facts?.fault) look.fault(key, facts.fault);
    isWhole &&= facts?.fault === null;
    sums.set(key, facts?.sha1 ?? "");
    tweets += facts?.tweets ?? 0;
    bytes += facts?.bytes ?? 0;
  }
  const isAll = tweets === info.tweets && (isOriginal || bytes === info.file_bytes);
  return isWhole && isAll ? sums : null;
}

/** Checks that the manifest, harvest.json, the checkpoint and the files agree. */
function lookWhetherAllAgrees(
  harvest: HarvestFound,
  { agrees, problem }: { agrees: boolean; problem: string | null },
  { fault }: Look,
): void {
  const { folder, listed, unlisted, hasManifest, info, retold } = harvest;
  const manifest = `${folder}${FILES.manifest}`;
  const isRetold = retold !== null;
  if (hasManifest && harvest.relisted) return fault(manifest, "it is empty", true);
  if (!hasManifest && (!agrees || unlisted.length > 0)) {
    fault(manifest, "it is missing", isRetold || harvest.relisted !== null);
  } else if (!agrees) {
    fault(manifest, "it does not list what the checkpoint names", isRetold);
  }
  if (hasManifest) {
    const isGarbage = isRetold || canBeCleared(harvest);
    for (const key of unlisted) fault(key, "the manifest does not list it", isGarbage);
  }
  if (!info) {
    const isMissed = listed.size > 0 || isRetold;
    if (problem || isMissed) {
      const canBeMended = isRetold || canBeRemade(harvest);
      fault(infoKey(harvest), problem ?? "it is missing", canBeMended);
    }
    return;
  }
  if (!hasManifest || isCounted(harvest, info)) return;
  const { tweets, files, bytes } = totals(harvest);
  const isEven = info.tweets === tweets && info.files === files;
  // A damaged file's size differs as well.
  if (isEven && !isWhole(harvest)) return;
  const says = isEven
    ? `it says ${info.file_bytes} bytes, but there are ${bytes}`
    : `it says ${info.tweets} tweets in ${info.files} files, but there are ${tweets} in ${files}`;
  fault(infoKey(harvest), says, canBeCounted(harvest));
}

/** Verifies the side files. */
async function lookAtSides(
  { folder, info, isOpen, isOriginal }: HarvestFound,
  has: (name: string) => boolean,
  look: Look,
): Promise<void> {
  const { store, fault, tried } = look;
  const told: Record<string, number> = {
    [FILES.users]: info?.users ?? 0,
    [FILES.messages]: sum(info?.messages),
    [FILES.gaps]: info?.gaps ?? 0,
    [FILES.missing]: sum(info?.missing),
  };
  for (const [name, least] of Object.entries(told)) {
    const key = `${folder}${name}`;
    const gaps: JsonObject[] = [];
    const onObject = (json: JsonObject) => void (name === FILES.gaps && gaps.push(json));
    const found = has(name)
      ? await checkJsonLines(store, key, onObject)
      : { lines: 0, fault: null };
    if (found.fault) fault(key, found.fault);
    else if (!isOpen && !isOriginal && found.lines < least) {
      fault(key, `it has ${found.lines} lines, but harvest.json says ${least}`);
    } else if (name === FILES.gaps && gaps.length < found.lines) {
      fault(key, "it has a line that is not a gap");
    } else if (gaps.length > 0) {
      await tried(key, () => look.gaps.addGaps(folder, gaps.map((gap) => parseGap(gap, key))));
    }
  }
  if (has(FILES.filled)) {
    const read = async () => look.gaps.addFilled(folder, await readFilled(store, folder));
    await tried(`${folder}${FILES.filled}`, read);
  }
  const changes = `${folder}${FILES.userChanges}`;
  const made = has(FILES.userChanges) ? await store.get(changes) : null;
  if (made) {
    await tried(changes, () => {
      for (const part of jsonParts(made.bytes, [], "it")) checkAs(userChangesSchema, part, "it");
    });
    giveBack(made.bytes);
  }
  if (has(FILES.config)) await lookForKeys(`${folder}${FILES.config}`, look);
}

/** Checks the checksums of side files in a manifest; most were read already. */
async function lookAtSums(
  sides: ListedFile[],
  { store, sumOf, fault, onFile }: Look,
): Promise<void> {
  for (const { key, sha1 } of sides) {
    onFile(key);
    const sum = sumOf(key) ?? (await isThere(store, key) ? await storedSum(store, key) : null);
    if (!sum) fault(key, "the manifest lists it, but it is missing");
    else if (sum.sha1 !== sha1) fault(key, "its checksum differs from the manifest");
  }
}

async function lookForKeys(key: string, { store, onKeys, tried }: Look): Promise<void> {
  const found = await store.get(key);
  if (!found) return;
  let withKeys = false;
  await tried(key, () => {
    for (const part of jsonParts(found.bytes, ["users"], "it")) withKeys ||= hasKeys(part);
  });
  giveBack(found.bytes);
  if (withKeys) onKeys(key);
}

function sum(counts: Record<string, number> = {}): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function nameWithin(folder: string): (file: { name: string }) => string {
  return ({ name }) => `${folder}${name}`;
}
