import assert from "node:assert/strict";
import {
  checkSums,
  copyIn,
  fetching,
  HARVEST,
  type Harvest,
  harvesting,
  ROOT,
  withFolder,
} from "./downloading.ts";

/** What may happen to a harvest while it is downloaded. */
const EVENTS: [string, (harvest: Harvest) => Promise<void>][] = [
  ["a piece comes", (harvest) => harvest.flush()],
  ["the pieces are merged", (harvest) => harvest.merge()],
  ["the harvest ends", (harvest) => harvest.end()],
];

const KINDS = EVENTS.flatMap(([what, event]) =>
  [false, true].flatMap((isAgain) =>
    [false, true].map((hasCheckpoint) => ({ what, event, isAgain, hasCheckpoint }))
  )
);

for (const { what, event, isAgain, hasCheckpoint } of KINDS) {
  const copy = isAgain ? "older copy" : "new copy";
  const whose = hasCheckpoint ? ", whose manifest is behind its checkpoint," : "";
  Deno.test(`where ${what}${whose} at any point of a download, its ${copy} is as its manifests say`, async () => {
    for (let at = 1;; at++) {
      const harvest = await harvesting({ hasCheckpoint });
      const { store } = harvest;
      let operations = 0;
      await withFolder(async (to) => {
        if (isAgain) {
          await fetching(store, to);
          await harvest.flush();
        }
        store.before = async () => {
          if (++operations !== at) return;
          store.before = () => {};
          await event(harvest);
        };
        await fetching(store, to);
        const files = await copyIn(to);
        assert.ok(checkSums(files, `(${what} at ${at})`) > 0);
        checkTold(files);
      });
      if (operations < at) return assert.ok(at > 6, `Only ${at} operations were seen`);
    }
  });
}

/** A copy lists no less than is said of its harvests, and has the harvest that it names as the last. */
function checkTold(files: Map<string, string>): void {
  const manifest = files.get(`${HARVEST}manifest-sha1.txt`) ?? assert.fail();
  const info = files.get(`${HARVEST}harvest.json`);
  const listed = manifest.match(/ {2}tweets-/g)?.length ?? 0;
  if (info) assert.equal(listed, JSON.parse(info).files);
  if (files.has(`${ROOT}last_harvest.json`)) assert.ok(info, "the last harvest is not in the copy");
  const tweets = [...files.keys()].filter((name) => name.includes("/tweets-"));
  assert.equal(tweets.length, listed, "what no manifest lists is in the copy");
}

Deno.test("a download that is cut at any point leaves a copy that has what its manifests list", async () => {
  for (let at = 1;; at++) {
    const harvest = await harvesting();
    let operations = 0;
    await withFolder(async (to) => {
      await fetching(harvest.store, to);
      await harvest.merge();
      await harvest.flush();
      harvest.store.before = () => {
        if (++operations >= at) throw new DOMException("", "AbortError");
      };
      await fetching(harvest.store, to).catch(() => {});
      assert.ok(checkSums(await copyIn(to), `(cut at ${at})`) > 0);
    });
    if (operations < at) return assert.ok(at > 6, `Only ${at} operations were seen`);
  }
});

Deno.test("a harvest whose files go again and again while they are downloaded is copied all the same", () =>
  withFolder(async (to) => {
    const harvest = await harvesting();
    const { store } = harvest;
    let gone = 0;
    store.before = async ({ method, key }) => {
      if (method !== "read" || !harvest.listed.has(key.slice(HARVEST.length)) || gone === 20) {
        return;
      }
      gone++;
      await harvest.replace(key);
    };
    await fetching(store, to);
    assert.equal(gone, 20);
    assert.equal(checkSums(await copyIn(to)), harvest.listed.size);
  }));

Deno.test("a copy of a harvest that goes on has what its checkpoint names, and a manifest made from that", () =>
  withFolder(async (to) => {
    const harvest = await harvesting({ hasCheckpoint: true });
    await fetching(harvest.store, to);
    assert.equal(checkSums(await copyIn(to)), 3);
    await harvest.merge();
    await harvest.flush();
    await fetching(harvest.store, to);
    assert.equal(checkSums(await copyIn(to)), 2);
    await harvest.end();
    const { removed } = await fetching(harvest.store, to);
    assert.equal(checkSums(await copyIn(to)), 2);
    assert.equal(removed, 1);
  }));

Deno.test("tweets files of a folder without a manifest are copied: nothing else says what there is", () =>
  withFolder(async (to) => {
    const { store } = await harvesting();
    await store.delete(`${HARVEST}manifest-sha1.txt`);
    await fetching(store, to);
    const names = [...(await copyIn(to)).keys()].filter((name) => name.includes("/tweets-"));
    assert.equal(names.length, 3);
  }));
