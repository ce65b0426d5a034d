/** Runs tests against a sandbox that serves answers of version 2 as they were sent. */

import { systemClock } from "../../lib/base/clock.ts";
import { readCorpus } from "../../lib/sandbox/corpus.ts";
import { World } from "../../lib/sandbox/world.ts";
import { pageFiles, type PageOfTweets, pagesIn } from "../sandbox/v2_pages.ts";
import { inOneProcess, type Place } from "./program.ts";

/** Runs a test in a new place whose sandbox serves the made answers and the real ones. */
export async function withPages(
  use: (place: Place, pages: PageOfTweets[]) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const files = await pageFiles(folder);
    const world = World.of(await Promise.all(files.map(readCorpus)), systemClock);
    await inOneProcess(async (place) => use(place, await pagesIn(files)), { world });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
