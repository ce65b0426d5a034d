/** Runs the test files of a folder as one: each alone would load the same modules again, which takes longer than its tests. */

import assert from "node:assert/strict";

/** Registers every test of a folder of tests/, whose files have no hooks: those would hold for all of them. */
export async function together(folder: string): Promise<void> {
  const place = new URL(`../${folder}/`, import.meta.url);
  const names = (await Array.fromAsync(Deno.readDir(place), ({ name }) => name))
    .filter((name) => name.endsWith("_test.ts")).toSorted();
  for (const name of names) {
    const file = new URL(name, place);
    assert.doesNotMatch(await Deno.readTextFile(file), /Deno\.test\.(before|after)/, name);
    await import(file.href);
  }
}
