import assert from "node:assert/strict";
import { checkConfig } from "../../lib/collection/config.ts";
import {
  configuredLimits,
  LIMIT_NAMES,
  LIMITS,
  limitsAmong,
  toFlags,
  toLimits,
} from "../../lib/collection/limits.ts";
import { InvalidConfigError } from "../../lib/base/errors.ts";

const config = (harvest: Record<string, unknown>) =>
  JSON.parse(JSON.stringify({ id: "a", type: "search", search: { query: "x" }, harvest }));

Deno.test("the table has every limit once, with a flag and a member of its own", () => {
  assert.deepEqual([...LIMIT_NAMES].toSorted(), Object.keys(LIMITS).toSorted());
  for (const part of ["flag", "member"] as const) {
    assert.equal(new Set(LIMIT_NAMES.map((name) => LIMITS[name][part])).size, LIMIT_NAMES.length);
  }
});

Deno.test("what nobody has set is as usual, in the units of a harvest", () => {
  assert.deepEqual(toLimits({}), {
    tweetsPerFile: 250_000,
    msPerFile: 1_800_000,
    flushMs: 15_000,
    msPerHarvest: 86_400_000,
    patienceMs: 3_600_000,
    bufferBytes: 2 ** 30,
  });
  assert.equal(toLimits({ hoursPerHarvest: 0 }).msPerHarvest, 0);
});

Deno.test("a command line has what was set, and nothing else", () => {
  const set = limitsAmong({ bucket: "x", flushSecs: 5, hoursPerHarvest: 0, bufferMb: undefined });
  assert.deepEqual(set, { flushSecs: 5, hoursPerHarvest: 0 });
  assert.deepEqual(toFlags(set), ["--flush-secs", "5", "--hours-per-harvest", "0"]);
});

Deno.test("a configuration sets the limits of its collection's harvests", () => {
  const harvest = { tweets_per_file: 10, patience_secs: 60, hours_per_harvest: 0 };
  const checked = checkConfig(config(harvest), { keys: "optional", unknown: "refused" });
  const set = { tweetsPerFile: 10, patienceSecs: 60, hoursPerHarvest: 0 };
  assert.deepEqual(configuredLimits(checked), set);
  assert.deepEqual(configuredLimits({}), {});
});

Deno.test("limits that cannot be, and those that nobody knows, are refused with all reasons at once", () => {
  const harvest = { tweets_per_file: 0, flush_secs: 1.5, patience: 60 };
  const check = () => checkConfig(config(harvest), { keys: "optional", unknown: "refused" });
  assert.throws(check, (error) => {
    assert.ok(error instanceof InvalidConfigError);
    const reasons = error.reasons.join("\n");
    assert.match(reasons, /harvest\.tweets_per_file must be a whole number, 1 or more/);
    assert.match(reasons, /harvest\.flush_secs must be a whole number, 1 or more/);
    assert.match(reasons, /harvest\.patience is not known/);
    return true;
  });
});
