/** Rebuilds a lost or damaged checkpoint from manifests and intact files. */

import { type CollectionConfig, planFor } from "../collection/types/registry.ts";
import { traitsFor } from "../collection/types/traits.ts";
import { userWalk } from "../collection/walks.ts";
import type { Clock } from "../base/clock.ts";
import { type HarvestInfo, harvestInfoSchema } from "../collection/harvest_info.ts";
import { collectionKeys, FILES, isHarvestFolder } from "../collection/layout.ts";
import { dollarsFor, formatMonth, pricesWith } from "../billing/prices.ts";
import { type JsonObject, jsonOrNull } from "../base/json.ts";
import type { Store } from "../store/store.ts";
import { type CheckpointState, type Counts, noCounts } from "../bucket/checkpoint_state.ts";
import { checkJsonLines } from "./file_check.ts";
import { type FoundFile, listFiles } from "./restored_files.ts";
import { Brought } from "./restored_positions.ts";
import { lastHarvestSchema, parseHarvestId } from "../bucket/last_harvest.ts";

/** Options of restoredCheckpoint(). */
export interface RestoreOptions {
  store: Store;
  clock: Clock;
  collectionId: string;
  /** The id of the lease's holder. */
  holder: string;
  /** Called before each file that is read. */
  onFile: (key: string) => void;
}

/** A harvest that may have left walks unfinished. */
interface Harvest {
  /** With a `/` at its end. */
  folder: string;
  names: Set<string>;
  /** Null if it was interrupted before harvest.json was written. */
  info: HarvestInfo | null;
  isOriginal: boolean;
}

/**
 * Rebuilds the checkpoint after the newest harvest from its files.
 * @returns Null if no harvest left one.
 * @throws OutsideError where the store fails.
 */
export async function restoredCheckpoint(
  options: RestoreOptions,
  config: CollectionConfig,
): Promise<CheckpointState | null> {
  const harvests = await listHarvests(options);
  const newest = harvests.at(-1);
  const told = harvests.findLast(({ info, isOriginal }) => info || isOriginal);
  // The Python original has no checkpoint.
  if (!newest || told?.isOriginal) return null;
  const { clock, holder } = options;
  const { brought, files } = await readBack(harvests, options, config);
  const began = newest.info
    ? parseHarvestId(newest.info.harvest_timestamp)
    : timeOfFolder(newest.folder);
  const end = newest.info ? toldBy(newest.info) : { state: "harvesting" as const };
  const positions = traitsFor(config.type).canBeAskedAgain
    ? brought.positions()
    : streamPositions(newest, began, brought);
  const spent = spentBy(harvests, { files, config, now: clock.now() });
  const { covered } = harvests.findLast(({ info }) => info?.outcome === "complete")?.info ?? {};
  return {
    format: 1,
    holder,
    commits: 1,
    type: config.type,
    began,
    at: clock.now(),
    positions,
    files: files.map(({ name, sha1, bytes, tweets }) => ({ name, sha1, bytes, tweets })),
    update: { update: {}, delete: [] },
    counts: newest.info ? toCounts(newest.info) : await countSides(newest, options, config),
    ...end,
    ...(spent ? { spent } : {}),
    ...(covered ? { reached: covered.to } : {}),
    isRestored: true,
  };
}

/** Returns the position of a stream after its newest harvest; none where the stream ended by itself. */
function streamPositions({ info }: Harvest, began: number, brought: Brought): JsonObject {
  // Its time was over, and the next one was to go on from there.
  const isCut = info?.ended_by === "next harvest";
  if (info?.outcome === "complete" && !isCut) return {};
  return brought.stream(began, info?.outcome === "stopped");
}

/** Returns the harvests of a collection, oldest first. */
async function listHarvests({ store, collectionId }: RestoreOptions): Promise<Harvest[]> {
  const folders = new Map<string, Set<string>>();
  for await (const { key } of store.list(collectionKeys(collectionId).harvests)) {
    const folder = key.slice(0, key.lastIndexOf("/") + 1);
    if (key === folder || !isHarvestFolder(folder)) continue;
    const names = folders.get(folder) ?? new Set();
    folders.set(folder, names.add(key.slice(folder.length)));
  }
  const harvests: Harvest[] = [];
  for (const [folder, names] of folders) {
    const isOriginal = !names.has(FILES.harvest) && names.has(FILES.originalHarvest);
    const found = await store.get(`${folder}${FILES.harvest}`);
    const json = jsonOrNull(found?.bytes);
    const info = harvestInfoSchema.safeParse(json).data ?? null;
    harvests.push({ folder, names, info, isOriginal });
  }
  return harvests;
}

/** Returns what unfinished walks have collected, and the files of the newest harvest. */
async function readBack(
  harvests: Harvest[],
  options: RestoreOptions,
  config: CollectionConfig,
): Promise<{ brought: Brought; files: FoundFile[] }> {
  const all = new Brought(config);
  const { reading, walk = "" } = planFor(config);
  let files: FoundFile[] = [];
  if (!traitsFor(config.type).canBeAskedAgain) return await readLast(harvests, options, config);
  const hasLearned = await isNamed(harvests.at(-1), options);
  for (
    const { harvest, isWanted } of unfinishedHarvests(harvests, hasLearned)
  ) {
    files = await listFiles(harvest, options, () => new Brought(config, isWanted));
    // Damage between them is recorded as a gap.
    for (const { brought } of files) all.add(brought);
    if (reading.kind === "ids") {
      await addMissing(harvest, options, { brought: all, walk });
    }
  }
  return { brought: all, files };
}

/** Returns a stream's last tweets, from its last harvest and as many of the earlier ones as have them. */
async function readLast(
  harvests: Harvest[],
  options: RestoreOptions,
  config: CollectionConfig,
): Promise<{ brought: Brought; files: FoundFile[] }> {
  let last = new Brought(config);
  let files: FoundFile[] | undefined;
  for (const harvest of harvests.toReversed()) {
    const found = await listFiles(harvest, options, () => new Brought(config));
    const own = new Brought(config);
    for (const brought of [...found.map(({ brought }) => brought), last]) own.add(brought);
    last = own;
    files ??= found;
    if (last.hasAllLast) break;
  }
  return { brought: last, files: files ?? [] };
}

/** Returns whether last_harvest.json names a harvest, which means that the configuration was updated from it. */
async function isNamed(
  harvest: Harvest | undefined,
  { store, collectionId }: RestoreOptions,
): Promise<boolean> {
  const found = await store.get(collectionKeys(collectionId).lastHarvest);
  const json = jsonOrNull(found?.bytes);
  const id = lastHarvestSchema.safeParse(json).data?.harvest_id;
  return id !== undefined && id === harvest?.info?.harvest_timestamp;
}

/**
 * Returns the harvests since the last complete one; from that one and earlier ones, only the walks of users who were
 * unavailable.
 */
function unfinishedHarvests(
  harvests: Harvest[],
  hasLearned: boolean,
): { harvest: Harvest; isWanted: (walk: string) => boolean }[] {
  const wanted: { harvest: Harvest; isWanted: (walk: string) => boolean }[] = [];
  let open: Set<string> | null = null;
  for (const harvest of harvests.toReversed()) {
    const { info, isOriginal } = harvest;
    const isNewest = wanted.length === 0;
    if (isOriginal || info?.outcome === "complete" && (hasLearned || !isNewest)) {
      const left = new Set((info?.unavailable ?? []).map(({ id }) => userWalk(id)));
      open = open ? left.intersection(open) : left;
    }
    const walks = open;
    if (walks?.size === 0 && !isNewest) break;
    wanted.push({ harvest, isWanted: (walk) => walks?.has(walk) ?? true });
  }
  return wanted.toReversed();
}

/** Adds the ids that were requested and are unavailable. */
async function addMissing(
  { folder, names }: Harvest,
  { store }: RestoreOptions,
  { brought, walk }: { brought: Brought; walk: string },
): Promise<void> {
  if (!names.has(FILES.missing)) return;
  await checkJsonLines(store, `${folder}${FILES.missing}`, (json) => {
    if (typeof json.id === "string") brought.addId(walk, json.id);
  });
}

/** Returns how a harvest ended, from its harvest.json. */
function toldBy({ harvest_end_timestamp: end, outcome, reason, late }: HarvestInfo) {
  return {
    state: "settled" as const,
    ...(end === undefined ? {} : { ended: parseHarvestId(end) }),
    ...(outcome ? { outcome } : {}),
    ...(reason === undefined ? {} : { reason }),
    ...(late
      ? {
        late: late.map(({ harvest_timestamp, from, to, tweets }) => ({
          began: parseHarvestId(harvest_timestamp),
          from: parseHarvestId(from),
          to: parseHarvestId(to),
          tweets,
        })),
      }
      : {}),
  };
}

function toCounts(info: HarvestInfo): Counts {
  const { missing, unavailable, removed_users, left_out, billed, covered, odd_lines } = info;
  const { ids_done, ids } = info;
  return {
    walks: info.walks ?? 1,
    walks_done: info.walks_done ?? 0,
    users: info.users ?? 0,
    user_changes: info.user_changes ?? 0,
    messages: info.messages ?? {},
    undelivered: info.undelivered ?? 0,
    gaps: info.gaps ?? 0,
    ...(ids_done === undefined ? {} : { ids_done }),
    ...(ids === undefined ? {} : { ids }),
    ...(covered ? { covered } : {}),
    ...(odd_lines === undefined ? {} : { odd_lines }),
    ...(info.protected ? { protected: info.protected } : {}),
    ...(missing ? { missing } : {}),
    ...(unavailable ? { unavailable } : {}),
    ...(removed_users ? { removed_users } : {}),
    ...(left_out ? { left_out } : {}),
    ...(billed ? { billed } : {}),
  };
}

/** Returns the counts of an interrupted harvest's side files. */
async function countSides(
  { folder, names }: Harvest,
  { store }: RestoreOptions,
  config: CollectionConfig,
): Promise<Counts> {
  const lines = async (name: string) =>
    names.has(name) ? (await checkJsonLines(store, `${folder}${name}`)).lines : 0;
  const changes = await store.get(`${folder}${FILES.userChanges}`);
  const list = jsonOrNull(changes?.bytes);
  const missing: Record<string, number> = {};
  if (names.has(FILES.missing)) {
    await checkJsonLines(store, `${folder}${FILES.missing}`, ({ why }) => {
      if (typeof why === "string") missing[why] = (missing[why] ?? 0) + 1;
    });
  }
  return {
    ...noCounts(planFor(config).walks),
    users: await lines(FILES.users),
    user_changes: Array.isArray(list) ? list.length : 0,
    gaps: await lines(FILES.gaps),
    ...(planFor(config).reading.kind === "ids" ? { missing } : {}),
  };
}

/**
 * Returns what this month's harvests were billed, so that a budget is not spent twice. An interrupted last one without a
 * record is billed for the posts in its files.
 */
function spentBy(
  harvests: Harvest[],
  { files, config, now }: { files: FoundFile[]; config: CollectionConfig; now: number },
): CheckpointState["spent"] {
  const month = formatMonth(now);
  const billed = harvests.flatMap(({ info }) =>
    info?.billed && formatMonth(parseHarvestId(info.harvest_timestamp)) === month
      ? [info.billed]
      : []
  );
  const newest = harvests.at(-1);
  const isCut = newest?.info === null && formatMonth(timeOfFolder(newest.folder)) === month;
  if (isCut && config.api === "2") {
    const posts = files.reduce((sum, { tweets }) => sum + tweets, 0);
    billed.push({ posts, users: 0, dollars: dollarsFor({ posts }, pricesWith(config.prices)) });
  }
  if (billed.length === 0) return undefined;
  return {
    month,
    posts: billed.reduce((sum, { posts }) => sum + posts, 0),
    dollars: billed.reduce((sum, { dollars }) => sum + dollars, 0),
  };
}

/** Parses a harvest folder's time to milliseconds since 1970. */
function timeOfFolder(folder: string): number {
  const [year, month, day, ...time] = folder.split("/").slice(-7, -1);
  return parseHarvestId(`${year}-${month}-${day}T${time.join(":")}Z`);
}
