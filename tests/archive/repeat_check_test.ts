import assert from "node:assert/strict";
import type { ListedFacts } from "../../lib/archive/found.ts";
import { RepeatCheck } from "../../lib/archive/repeat_check.ts";
import { BlockFile } from "../../lib/base/block_file.ts";
import { folderStamp } from "../../lib/collection/layout.ts";
import { collectGarbage } from "../fakes/garbage.ts";

const FIRST = Date.UTC(2022, 0, 1);
/** Returns the key of a harvest's only file of tweets. */
const keyOf = (harvest: number) =>
  `collections/c/harvests/${folderStamp(FIRST + harvest * 3_600_000)}/tweets-1.jsonl.gz`;
const facts = (isAltered: boolean): ListedFacts => ({
  sha1: "",
  tweets: 1,
  bytes: 1,
  oddLines: 0,
  fault: null,
  isAsListed: true,
  isAltered,
});

/** Adds a harvest with one tweet. */
async function add(
  check: RepeatCheck,
  harvest: number,
  { id = `${harvest}`, isOriginal = false, isAltered = false },
): Promise<void> {
  const key = keyOf(harvest);
  await check.add(id, key);
  check.noteHarvest({ isOriginal, listed: new Map([[key, facts(isAltered)]]) });
}

/** Returns the faults that duplicates are. */
async function faultsOf(check: RepeatCheck): Promise<[key: string, says: string][]> {
  const all: [string, string][] = [];
  await check.tell({ isOnceOnly: true }, (key, says) => all.push([key, says]));
  return all;
}

const says = (other: number) => `1 of its tweets are duplicates (7), also in ${keyOf(other)}`;

Deno.test("of 20,000 harvests those that have the same tweet are named, and none of their names is in V8's heap", async () => {
  const file = new BlockFile();
  const check = new RepeatCheck(file);
  await collectGarbage();
  const before = Deno.memoryUsage().heapUsed;
  for (let i = 100; i < 20_100; i++) {
    await add(check, i, [150, 12_345].includes(i) ? { id: "7" } : {});
  }
  await collectGarbage();
  const taken = Deno.memoryUsage().heapUsed - before;
  assert.ok(taken < 700_000, `${taken} bytes, of 1.4 MB of names`);
  assert.deepEqual(await faultsOf(check), [[keyOf(150), says(12_345)], [keyOf(12_345), says(150)]]);
  for (const one of [check, file]) await one.close();
});

Deno.test("tweets of the original's harvests alone, and of altered files, are not duplicates", async () => {
  const file = new BlockFile();
  const cases: [first: object, second: object, isFault: boolean][] = [
    [{}, {}, true],
    [{ isOriginal: true }, {}, true],
    [{ isOriginal: true }, { isOriginal: true }, false],
    [{ isAltered: true }, {}, false],
  ];
  for (const [first, second, isFault] of cases) {
    const check = new RepeatCheck(file);
    await add(check, 1, { id: "7", ...first });
    check.noteHarvest({ isOriginal: true, listed: new Map() });
    await add(check, 2, { id: "7", ...second });
    const faults = isFault ? [[keyOf(1), says(2)], [keyOf(2), says(1)]] : [];
    assert.deepEqual(await faultsOf(check), faults, JSON.stringify([first, second]));
    await check.close();
  }
  await file.close();
});
