/**
 * Runs the test files in a few groups, each in one isolate: each file alone would load the same modules again, which
 * takes longer than most have tests, and would start a moto and a process for commands of its own.
 */

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ROOT, sources } from "../sources.ts";
import { asOneFile } from "./files.ts";

const TESTS = `${ROOT}tests`;

/**
 * The groups, and how the paths of their files begin: the longest beginning counts. The groups of a folder run side by
 * side, and take about as long as each other; those that need AWS are in few groups. `deno task test` runs `quick/`:
 * all of the library, and the main ways through the program; `deno task test-all` runs `long/` too.
 */
export const GROUPS: Record<"quick" | "long", Record<string, string[]>> = {
  quick: {
    commands: ["cli/", "collection/", "export/", "infra/", "sandbox/"],
    faults: ["faults/"],
    harvests: ["harvest/", "source/"],
    harvests_left: ["harvest/p"],
    hostile: ["faults/hostile"],
    programs_first: [
      "e2e/filter_test",
      "e2e/quick_start",
      "e2e/search",
      "e2e/signals",
      "e2e/timeline",
    ],
    recovery: ["harvest/recovery/"],
    rest: [""],
    runners: ["runner/"],
    stores: ["archive/", "bucket/", "secrets/", "store/"],
    twitter: ["twitter/"],
  },
  long: {
    aws: ["e2e/aws", "e2e/original", "e2e/proxy", "e2e/s3", "e2e/without_cluster"],
    ecs: ["infra/policies", "runner/ecs/"],
    collections: ["cli/bucket/", "cli/collection/"],
    months: [
      "archive/lost_fills",
      "archive/lost_stream",
      "archive/verify_growth",
      "bench",
      "export/peers",
      "faults/killed_streams",
      "faults/processes",
      "faults/refused",
      "harvest/growth",
      "harvest/uncut",
      "harvest/year",
    ],
    programs: ["e2e/"],
    programs_a_to_e: ["e2e/a", "e2e/b", "e2e/c", "e2e/d", "e2e/e"],
    programs_f_to_h: ["e2e/f", "e2e/h", "e2e/keep", "e2e/lacking"],
    programs_s_to_t: ["e2e/s", "e2e/t"],
  },
};

/** The test files of a group, as paths below tests/. */
export async function filesOf(group: string): Promise<string[]> {
  return (await testFiles()).filter((file) => groupOf(file) === group);
}

/** Registers every test of a group. */
export async function together(group: string): Promise<void> {
  const files = await filesOf(group);
  assert.ok(files.length > 0, group);
  for (const file of files) await asOneFile(() => import(pathToFileURL(`${TESTS}/${file}`).href));
}

/** Lists every file of tests, as paths below tests/. */
async function testFiles(): Promise<string[]> {
  return (await sources(TESTS)).map((path) => path.slice(TESTS.length + 1))
    .filter((path) => path.endsWith("_test.ts") && !path.startsWith("together/")).toSorted();
}

function groupOf(file: string): string {
  const found = [...Object.entries(GROUPS.quick), ...Object.entries(GROUPS.long)]
    .flatMap(([group, beginnings]) => beginnings.map((beginning) => ({ group, beginning })))
    .filter(({ beginning }) => file.startsWith(beginning))
    .toSorted((a, b) => b.beginning.length - a.beginning.length);
  return found[0]?.group ?? assert.fail(file);
}
