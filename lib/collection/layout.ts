/** Every key and file name of a bucket, and the rules for ids. */

import { UserError } from "../base/errors.ts";
import { parseStamp, stamp } from "../base/stamp.ts";

/** The folder of all collections. */
export const COLLECTIONS = "collections/";

/** The longest new id, in characters, and the longest that is there, in bytes: names of files have something behind it. */
const [MAX_NEW_ID, MAX_ID] = [128, 200];

/**
 * Returns why a text cannot be the id of a collection that is there, or null if it can. The Python original took any text
 * that S3 takes; what leads out of the folder of its name, or hides there, is none.
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

/** What no file of Windows can be named, with any ending. */
const OF_WINDOWS = /^(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(\.|$)/i;

/** Returns why a text cannot be a new collection's id, or null if it can: it is part of names everywhere, and typed. */
export function newIdFault(id: string): string | null {
  if (id === "") return idFault(id);
  if (id.startsWith("-")) return "Id may not begin with '-': commands take that for an option.";
  if (/\s/.test(id)) return "Id contains spaces. Use '_' in their place.";
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(id)) {
    return "Id may have letters, digits, '_', '-' and '.' only, and may not begin with '.'.";
  }
  if (id.endsWith(".")) return "Id may not end with '.': Windows has no such folders.";
  if (OF_WINDOWS.test(id)) {
    return "Windows keeps this name for a device, and buckets travel. Take another one.";
  }
  if (id.length > MAX_NEW_ID) {
    return `Id is longer than ${MAX_NEW_ID} characters. Shorten it.`;
  }
  return null;
}

/**
 * Returns the id, if it can be one.
 * @throws UserError
 */
export function checkedId(id: string): string {
  return requireValid(id, idFault(id));
}

/**
 * Returns the id, if it can be a new collection's.
 * @throws UserError
 */
export function checkedNewId(id: string): string {
  return requireValid(id, newIdFault(id));
}

function requireValid(id: string, fault: string | null): string {
  if (fault) throw new UserError(`${JSON.stringify(id)} cannot be a collection's id. ${fault}`);
  return id;
}

/** Returns the id of the collection that a folder of a listing is; null for what no command could name. */
export function idOfFolder(key: string): string | null {
  return /^collections\/([^/\\]+)\/$/.exec(key)?.[1] ?? null;
}

/** Two digits a part: `2019/03/09/15/35/07` for a time in milliseconds since 1970. */
export function folderStamp(ms: number): string {
  return stamp(ms).replace(/(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/, "$1/$2/$3/$4/$5/$6");
}

/** Returns when the harvest began whose folder a key is in, in milliseconds since 1970; NaN where it is in none. */
export function harvestTime(key: string): number {
  return parseStamp(/\/harvests\/(\d{4}(?:\/\d\d){5})\//.exec(key)?.[1] ?? "");
}

/** Returns whether a folder, with its `/`, is a harvest's, and nothing that strayed among them. */
export function isHarvestFolder(folder: string): boolean {
  return /\/harvests\/\d{4}(\/\d\d){5}\/$/.test(folder);
}

/** Returns whether an object is one of a collection's changesets, and nothing that strayed among them. */
export function isChangeset(key: string): boolean {
  return /\/changesets\/change-[\w.-]+\.json$/.test(key);
}

/** Returns whether an object is the copy of the configuration that a harvest used. */
export function isHarvestConfig(key: string): boolean {
  const folder = key.slice(0, key.lastIndexOf("/") + 1);
  return key === `${folder}${FILES.config}` && isHarvestFolder(folder);
}

/** Returns whether nobody but the holder of a collection's lease writes an object. */
export function isUnderLease(key: string): boolean {
  return /^collections\/[^/]+\/(harvests\/.+|checkpoint\.json|last_harvest\.json)$/.test(key);
}

/** Returns whether an object has a collection's keys for the API: they are for nobody else on its machine. */
export function isSecret(key: string): boolean {
  return /^collections\/[^/]+\/collection\.json$/.test(key);
}

/** Names that Windows keeps for devices, whatever comes behind a dot. */
const DEVICE = /^(con|prn|aux|nul|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])\s*(\.|$)/i;
/** Bytes of a file's name that every file system takes. */
const MAX_NAME = 255;

/**
 * Returns why a name cannot be that of a file on every machine, for a person, or null if it can: what is copied from a bucket
 * is handed on. What is no name at all (`..`) is among it.
 */
export function fileNameFault(name: string): string | null {
  if (name === "" || name === "." || name === "..") return "a part of it is not a name";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f]/.test(name)) return "it has a control character";
  const sign = /[<>:"|?*\\]/.exec(name)?.[0];
  if (sign !== undefined) return `it has a ${sign}`;
  if (/[. ]$/.test(name)) return "it ends with a dot or a blank";
  if (DEVICE.test(name)) return "Windows keeps it for a device";
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
  /** What compliance jobs brought, a folder each. */
  readonly compliance: string;
  /** The ids of a hydrate collection, one a line. */
  readonly ids: string;
  /** The newest entries of what was collected, with checksums. */
  readonly inventory: string;
  /** The entries before these, in files of their own. */
  readonly inventoryParts: string;
  /** The newest records of what was covered, and of what was started and stopped. */
  readonly coverage: string;
  /** The records before these, in files of their own. */
  readonly coverageParts: string;
  /** The newest records of what was verified and repaired. */
  readonly fixity: string;
  /** The records before these, in files of their own. */
  readonly fixityParts: string;
  /** What repairs took out of harvests, with the reasons. */
  readonly setAside: string;
  /** Returns the changeset made at a time in milliseconds since 1970. */
  changeset(ms: number): string;
  /** Returns the folder of the harvest that began at a time in milliseconds since 1970, with a `/`. */
  harvest(ms: number): string;
}

/** Returns the keys of the collection with this id. */
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

/** The names of the files in a harvest's folder. */
export const FILES = {
  config: "collection.json",
  harvest: "harvest.json",
  /** What the Python original called harvest.json. */
  originalHarvest: "harvester.json",
  manifest: "manifest-sha1.txt",
  users: "users.jsonl",
  userChanges: "user_changes.json",
  messages: "messages.jsonl",
  gaps: "gaps.jsonl",
  /** Spans of gaps, of this harvest or those before, that were asked for later. */
  filled: "filled.jsonl",
  /** Tweets that were asked for by their ids and are not to be had. */
  missing: "missing.jsonl",
} as const;

/** Files in a harvest's folder that are no tweets, and that its manifest may list. */
const SIDES: ReadonlySet<string> = new Set(
  Object.values(FILES).filter((name) => name !== FILES.manifest),
);

/** Those of them that a harvester puts again and again while it goes on. */
export const GROWING_SIDES: readonly string[] = [...SIDES].filter((name) =>
  name !== FILES.config && name !== FILES.harvest && name !== FILES.originalHarvest
);

/** Returns whether a name is that of a file beside the tweets. */
export function isSideFile(name: string): boolean {
  return SIDES.has(name);
}
