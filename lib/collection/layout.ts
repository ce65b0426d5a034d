/** The keys and file names of a bucket, and the rules for ids. */

import { UserError } from "../base/errors.ts";
import { parseStamp, stamp } from "../base/stamp.ts";

/** The folder of all collections. */
export const COLLECTIONS = "collections/";

/** Maximum characters of a new id, and bytes of an existing one: file names need room for a suffix. */
const [MAX_NEW_ID, MAX_ID] = [128, 200];

/**
 * Returns why a text cannot be an existing collection's id, or null if it can. The Python original accepted any text
 * that S3 does, except for names that leave their folder or are hidden.
 */
export function idFault(id: string): string | null {
  if (id === "") return "Id is empty. Give it a name.";
  // deno-lint-ignore no-control-regex
  if (/^\.|[/\\\u0000-\u001f\u007f]/.test(id) || !id.isWellFormed()) {
    return "Id may not begin with '.', or have '/', '\\' or control characters.";
  }
  if (new TextEncoder().encode(id).length > MAX_ID) {
    return `Id is longer than ${MAX_ID} bytes. Shorten it.`;
  }
  return null;
}

/** File names that Windows reserves, with any extension. */
const OF_WINDOWS = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(\.|$)/i;

/** Returns why a text cannot be a new collection's id, or null if it can: ids are typed, and part of many names. */
export function newIdFault(id: string): string | null {
  if (id === "") return idFault(id);
  if (id.startsWith("-")) return "Id may not begin with '-': commands take that for an option.";
  if (/\s/.test(id)) return "Id contains spaces. Use '_' instead.";
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(id)) {
    return "Id may have letters, digits, '_', '-' and '.' only, and may not begin with '.'.";
  }
  if (id.endsWith(".")) return "Id may not end with '.': Windows has no such folders.";
  if (OF_WINDOWS.test(id)) {
    return "Windows reserves this name for a device, and buckets may be copied there. Use another one.";
  }
  if (id.length > MAX_NEW_ID) {
    return `Id is longer than ${MAX_NEW_ID} characters. Shorten it.`;
  }
  return null;
}

/**
 * Returns an id if it is valid.
 * @throws UserError
 */
export function checkedId(id: string): string {
  return requireValid(id, idFault(id));
}

/**
 * Returns an id if it is valid for a new collection.
 * @throws UserError
 */
export function checkedNewId(id: string): string {
  return requireValid(id, newIdFault(id));
}

function requireValid(id: string, fault: string | null): string {
  if (fault) throw new UserError(`${JSON.stringify(id)} cannot be a collection's id. ${fault}`);
  return id;
}

/** Returns the collection's id for a folder in a listing; null for one that no command can name, as a hidden one. */
export function idOfFolder(key: string): string | null {
  const id = /^collections\/([^/]+)\/$/.exec(key)?.[1];
  return id === undefined || idFault(id) !== null ? null : id;
}

/** Formats a time in milliseconds since 1970 as `2019/03/09/15/35/07`. */
export function folderStamp(ms: number): string {
  return stamp(ms).replace(/(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/, "$1/$2/$3/$4/$5/$6");
}

/** Returns when a key's harvest began, in milliseconds since 1970; NaN if it is in no harvest's folder. */
export function harvestTime(key: string): number {
  return parseStamp(/\/harvests\/(\d{4}(?:\/\d\d){5})\//.exec(key)?.[1] ?? "");
}

/** Returns whether a folder, with its `/`, is a harvest's, and not a stray one. */
export function isHarvestFolder(folder: string): boolean {
  return /\/harvests\/\d{4}(\/\d\d){5}\/$/.test(folder);
}

/** Returns whether an object is one of a collection's changesets, and not a stray one. */
export function isChangeset(key: string): boolean {
  return /\/changesets\/change-[\w.-]+\.json$/.test(key);
}

/** Returns whether an object is a harvest's copy of the configuration. */
export function isHarvestConfig(key: string): boolean {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  return key === `${folder}${FILES.config}` && isHarvestFolder(folder);
}

/** Returns whether only the holder of a collection's lease writes an object. */
export function isUnderLease(key: string): boolean {
  return /^collections\/[^/]+\/(harvests\/.+|checkpoint\.json|last_harvest\.json)$/.test(key);
}

/** Returns whether an object has keys of the API, which other users of its machine must not read. */
export function isSecret(key: string): boolean {
  return /^collections\/[^/]+\/collection\.json$/.test(key);
}

/** Names that Windows reserves for devices, with any extension. */
const DEVICE = /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;
/** Bytes of a file's name that every file system allows. */
const MAX_NAME = 255;

/**
 * Returns why a name is not a valid file name on every machine, for a person, or null if it is: copies of a bucket are
 * passed on. `..` and the like are not valid either.
 */
export function fileNameFault(name: string): string | null {
  if (name === "" || name === "." || name === "..") return "a part of it is not a name";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return "it has a control character";
  const sign = /[<>:"|?*\\]/.exec(name)?.[0];
  if (sign !== undefined) return `it has a ${sign}`;
  if (/[. ]$/.test(name)) return "it ends with a dot or a space";
  if (DEVICE.test(name)) return "Windows reserves it for a device";
  return new TextEncoder().encode(name).length > MAX_NAME ? "it is too long" : null;
}

/** The keys of one collection. */
export interface CollectionKeys {
  /** The collection's folder, with a `/` at its end. */
  readonly folder: string;
  readonly config: string;
  readonly lock: string;
  readonly checkpoint: string;
  readonly lastHarvest: string;
  readonly changesets: string;
  readonly harvests: string;
  /** Compliance jobs, a folder each. */
  readonly compliance: string;
  /** The ids of a hydrate collection, one a line. */
  readonly ids: string;
  /** The newest entries of the inventory. */
  readonly inventory: string;
  /** The earlier entries, in files of their own. */
  readonly inventoryParts: string;
  /** The newest records of covered spans, starts and stops. */
  readonly coverage: string;
  /** The earlier records, in files of their own. */
  readonly coverageParts: string;
  /** The newest records of verifications and repairs. */
  readonly fixity: string;
  /** The earlier records, in files of their own. */
  readonly fixityParts: string;
  /** Objects that repairs took out of harvests, with the reasons. */
  readonly setAside: string;
  /** Returns the key of a changeset by its time in milliseconds since 1970. */
  changeset(ms: number): string;
  /** Returns the folder, with a `/`, of a harvest by its beginning in milliseconds since 1970. */
  harvest(ms: number): string;
}

/** Returns the keys of a collection. */
export function collectionKeys(id: string): CollectionKeys {
  const folder = `${COLLECTIONS}${id}/`;
  return {
    folder,
    config: `${folder}collection.json`,
    lock: `${folder}lock.json`,
    checkpoint: `${folder}checkpoint.json`,
    lastHarvest: `${folder}last_harvest.json`,
    changesets: `${folder}changesets/`,
    harvests: `${folder}harvests/`,
    compliance: `${folder}compliance/`,
    ids: `${folder}ids.txt`,
    inventory: `${folder}inventory.jsonl`,
    inventoryParts: `${folder}inventory/`,
    coverage: `${folder}coverage.jsonl`,
    coverageParts: `${folder}coverage/`,
    fixity: `${folder}fixity.jsonl`,
    fixityParts: `${folder}fixity/`,
    setAside: `${folder}set-aside/`,
    changeset: (ms) => `${folder}changesets/change-${stamp(ms)}.json`,
    harvest: (ms) => `${folder}harvests/${folderStamp(ms)}/`,
  };
}

/** The names of files in a harvest's folder. */
export const FILES = {
  config: "collection.json",
  harvest: "harvest.json",
  /** The Python original's name of harvest.json. */
  originalHarvest: "harvester.json",
  manifest: "manifest-sha1.txt",
  users: "users.jsonl",
  userChanges: "user_changes.json",
  messages: "messages.jsonl",
  gaps: "gaps.jsonl",
  /** Gaps, of this harvest or earlier ones, that were requested later. */
  filled: "filled.jsonl",
  /** Tweets that are unavailable by their ids. */
  missing: "missing.jsonl",
} as const;

/** Side files in a harvest's folder, which its manifest may list. */
const SIDES: ReadonlySet<string> = new Set(
  Object.values(FILES).filter((name) => name !== FILES.manifest),
);

/** Side files that a running harvester rewrites. */
export const GROWING_SIDES: readonly string[] = [...SIDES].filter((name) =>
  name !== FILES.config && name !== FILES.harvest && name !== FILES.originalHarvest
);

/** Returns whether a name is a side file's. */
export function isSideFile(name: string): boolean {
  return SIDES.has(name);
}
