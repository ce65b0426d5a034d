/** Where real payloads are, on machines that have them; tests say so where they are not. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = Deno.env.get("TWARC_CLOUD_TWITTER_DATA") ??
  fileURLToPath(new URL("../../shared/twitter-data", import.meta.url));

/** The files of v1.1 tweets, plain and .gz; none, and a line that says so, where they are not here. */
export async function v1TweetFiles(): Promise<string[]> {
  return await filesIn([join(ROOT, "v1"), join(ROOT, "v1", "bulk")], "tweets-");
}

/** The files of version 2's answers, plain and .gz; none, and a line that says so, where they are not here. */
export async function v2PageFiles(): Promise<string[]> {
  return await filesIn([join(ROOT, "v2", "pages")], "");
}

async function filesIn(folders: string[], prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    for (const { name, isFile } of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
      if (isFile && name.startsWith(prefix)) found.push(join(folder, name));
    }
  }
  if (found.length === 0) {
    // deno-lint-ignore no-console
    console.log(`twitter-data is not here (${ROOT}): real payloads are left out of this run`);
  }
  return found.sort();
}

/** A file of twitter-data as text, or null where it is not here. */
export async function twitterData(...path: string[]): Promise<string | null> {
  return await Deno.readTextFile(join(ROOT, ...path)).catch(() => null);
}
