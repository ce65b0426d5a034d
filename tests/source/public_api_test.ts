import assert from "node:assert/strict";
import { collectionKeys, FILES } from "../../lib/collection/layout.ts";
import { openApi } from "../../lib/twitter/open.ts";
import {
  type FollowedAsked,
  HIDDEN,
  OPEN,
  withFollowedAccount,
} from "../fakes/followed_account.ts";
import type { MemoryStore } from "../fakes/memory_store.ts";
import { QuickClock } from "../fakes/quick_clock.ts";
import { added, json, KEYS, lines, run, told } from "../fakes/whole_harvest.ts";

const USERS = { [OPEN ?? ""]: {}, [HIDDEN ?? ""]: {} };

/** Every kind of harvest, in both versions. */
const KINDS = [
  ["1.1", { type: "user_timeline", users: USERS }],
  ["2", { type: "user_timeline", users: USERS }],
  ["1.1", { type: "search", search: { query: "x" } }],
  ["2", { type: "search", search: { query: "x" } }],
  ["1.1", { type: "filter", filter: { track: "x", max_records: 2 } }],
  ["2", { type: "filter", filter: { track: "x", max_records: 2 } }],
  ["2", { type: "hydrate", hydrate: { ids: 4 } }],
] as const;

/** What a harvest brought, and how it was asked for. */
async function harvested(api: string, config: object, more: object) {
  let found: { store: MemoryStore; asked: FollowedAsked[] } | undefined;
  await withFollowedAccount(async (base, asked) => {
    const isProtectedWanted = "protected" in more;
    const store = await added({ id: "c", api, keys: KEYS, ...config, ...more });
    await store.put(collectionKeys("c").ids, new TextEncoder().encode("13\n14\n15\n16\n"));
    const clock = new QuickClock();
    const opened = await openApi({ version: api, keys: KEYS, clock, base, isProtectedWanted });
    await run(store, opened);
    found = { store, asked };
  });
  return found ?? assert.fail("nothing was harvested");
}

for (const [api, config] of KINDS) {
  Deno.test(`${api} ${config.type}: what protected accounts wrote is left out, and counted`, async () => {
    const { store, asked } = await harvested(api, config, {});
    const all = (await lines(store)).join("\n");
    assert.match(all, /"13"/);
    assert.match(all, /"15"/);
    assert.doesNotMatch(all, /"id(_str)?":"(14|16)"|user_8/);
    const [{ tweets, protected: left }] = await told(store) as [Record<string, unknown>];
    const isTimeline = config.type === "user_timeline";
    assert.deepEqual([tweets, left], [
      2,
      isTimeline ? { tweets: 0, users: 1 } : { tweets: 2, users: 0 },
    ]);
    const asUser = asked.filter(({ path, as }) => as === "user" && /timeline|8\/tweets/.test(path));
    assert.deepEqual(asUser, [], "nothing is asked for with the rights of the keys' owner");
  });

  Deno.test(`${api} ${config.type}: "protected": "collect" brings it`, async () => {
    const more = "filter" in config ? { filter: { track: "x", max_records: 4 } } : {};
    const { store } = await harvested(api, config, { protected: "collect", ...more });
    const all = (await lines(store)).join("\n");
    for (const id of ["13", "14", "15", "16"]) assert.match(all, new RegExp(`"${id}"`));
    const [{ tweets, protected: left }] = await told(store) as [Record<string, unknown>];
    assert.deepEqual([tweets, left], [4, undefined]);
  });
}

Deno.test("since_id moves up to what was left out, and no line of users.jsonl has a protected one's newest tweet", async () => {
  for (const api of ["1.1", "2"]) {
    const { store } = await harvested(api, { type: "search", search: { query: "x" } }, {});
    const { search } = await json(store, collectionKeys("c").config);
    assert.equal(search.since_id, "16");
  }
  const { store } = await harvested("1.1", { type: "user_timeline", users: USERS }, {});
  const users = store.keys().find((key) => key.endsWith(FILES.users)) ?? "";
  const text = new TextDecoder().decode((await store.get(users))?.bytes);
  assert.deepEqual(text.trim().split("\n").map((line) => JSON.parse(line).id_str), [OPEN]);
  const changes = store.keys().find((key) => key.endsWith(FILES.userChanges)) ?? "";
  assert.ok(
    (await json(store, changes)).some(({ user_id, change }: Record<string, string>) =>
      user_id === HIDDEN && change === "protected"
    ),
  );
});

Deno.test("of a hydrated list each protected tweet is listed as missing, with the reason", async () => {
  const { store } = await harvested("2", { type: "hydrate", hydrate: { ids: 4 } }, {});
  const key = store.keys().find((key) => key.endsWith(FILES.missing)) ?? "";
  const text = new TextDecoder().decode((await store.get(key))?.bytes).trim();
  const missing = text.split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(missing.map(({ id, why }) => [id, why]), [["16", "protected"], [
    "14",
    "protected",
  ]]);
  const [{ missing: counted }] = await told(store) as [Record<string, unknown>];
  assert.deepEqual(counted, { protected: 2 });
});
