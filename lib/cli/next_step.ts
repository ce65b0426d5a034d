/** Messages on the next step after a change of a configuration file. */

import type { JsonObject } from "../base/json.ts";
import { lastWord } from "../base/visible.ts";
import { CONFIG_FILE } from "./collection_config/config_file.ts";

/** Returns how to bring a file into the bucket: a file from the bucket has its timestamp. */
export function nextStep({ timestamp }: JsonObject, path: string): string {
  if (timestamp !== undefined) return updateStep(path);
  return `Next, add the collection to the bucket: twarc-cloud collection add${fileFlag(path)}`;
}

/** Returns how to update a collection in the bucket from a file. */
export function updateStep(path: string): string {
  return `Next, update the collection in the bucket: twarc-cloud collection-config update${
    fileFlag(path)
  }`;
}

/** Returns how to add the first users to a collection of timelines that is in the bucket. */
export function usersStep(path: string): string {
  return `Next, add users to collect: twarc-cloud collection-config screennames NAME${
    fileFlag(path)
  }`;
}

/** Returns what is said of a collection of timelines that is started without users. */
export function noUsersText(id: string): string {
  return `${id} has no users, so that nothing is collected. Add some: ` +
    `\`twarc-cloud collection-config download ${lastWord(id)}\`, then ` +
    "`twarc-cloud collection-config screennames NAME`, then `twarc-cloud collection-config update`.";
}

/** Returns how to fill in a template. @param fillIn What to write into it besides keys. */
export function afterTemplate(fillIn: string | undefined, path: string): string {
  const keys = `twarc-cloud collection-config keys${fileFlag(path)}`;
  if (fillIn === undefined) return `Next, add your keys to it: ${keys}`;
  return `Next, write ${fillIn} into it, then add your keys to it: ${keys}`;
}

/** Returns the flag for a file that is not the default. */
function fileFlag(path: string): string {
  return path === CONFIG_FILE ? "" : ` --collection-config-filepath ${lastWord(path)}`;
}
