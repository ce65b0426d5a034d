import assert from "node:assert/strict";
import { listNotStarted, notStartedText } from "../../../lib/cli/text/not_started.ts";
import { lastWord } from "../../../lib/base/visible.ts";
import { Output } from "../../../lib/cli/output.ts";
import { OutsideError } from "../../../lib/base/errors.ts";
import type { LastHarvest } from "../../../lib/bucket/last_harvest.ts";
import type { NotStarted } from "../../../lib/runner/runner.ts";

const RUNS: NotStarted = {
  collectionId: "my news",
  times: 3,
  first: "2026-11-01T10:00:00.000Z",
  last: "2026-11-03T10:00:00.000Z",
  message: "Starting it failed: the account's quota of vCPUs on Fargate is used up.",
  hint: "Ask AWS for more.",
};
const SCHEDULED = [{ collectionId: "my news", schedule: { expression: "rate(1 day)" } }];

/** What is shown where the last harvest began at a time. */
async function shown(began: string | null, notStarted = () => Promise.resolve([RUNS])) {
  let said = "";
  const terminal = { isInteractive: false, isTerminal: false, color: false };
  const output = new Output({ ...terminal, out: assert.fail, err: (text) => said += text });
  const info = { collection_id: "my news", tweets: 1, files: 1, file_bytes: 1 };
  const last: LastHarvest | null = began === null
    ? null
    : { info: { ...info, harvest_timestamp: began }, userChanges: [] };
  const collections = { lastHarvest: () => Promise.resolve(last) };
  const found = await listNotStarted(SCHEDULED, { runner: { notStarted }, collections }, output);
  return { found: [...found.keys()], said };
}

Deno.test("runs that were not started are told until a harvest has made up for them", async () => {
  for (const began of [null, "2026-11-03T09:59:00.000Z"]) {
    assert.deepEqual(await shown(began), { found: ["my news"], said: "" });
  }
  assert.deepEqual(await shown("2026-11-03T10:00:01.000Z"), { found: [], said: "" });
});

Deno.test("since when, why, and what to do is said", () => {
  assert.deepEqual(notStartedText(RUNS), [
    "3 runs were not started, from 2026-11-01T10:00:00.000Z to 2026-11-03T10:00:00.000Z: " +
    "Starting it failed: the account's quota of vCPUs on Fargate is used up",
    "Ask AWS for more.",
    `Then: twarc-cloud collection once ${lastWord("my news")}`,
  ]);
  const { hint: _, ...once } = RUNS;
  const [first, ...rest] = notStartedText({ ...once, times: 1 });
  assert.match(first ?? "", /^The run of 2026-11-03T10:00:00.000Z was not started: /);
  assert.equal(rest.length, 1);
});

Deno.test("schedules are listed also where the queue cannot be looked at", async () => {
  const fails = () => Promise.reject(new OutsideError("Looking at the queue q failed"));
  assert.deepEqual(await shown(null, fails), {
    found: [],
    said: "Could not check whether each run was started: Looking at the queue q failed\n",
  });
});
