import assert from "node:assert/strict";
import { type GapLook, listGaps } from "../../lib/archive/gap_list.ts";
import { collectionKeys, FILES } from "../../lib/collection/layout.ts";
import { timeId } from "../../lib/twitter/bytes/ids.ts";
import { MemoryStore } from "../fakes/memory_store.ts";

const START = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;
const at = (hours: number) => START + hours * HOUR;
const iso = (hours: number) => new Date(at(hours)).toISOString();
const NONE: GapLook = { walks: [], reach: -Infinity };

/** What a collection with these gaps and spans that were asked for, each in a harvest of its own, has of each. */
async function parts(
  gaps: object[],
  { filled = [], ...look }: Partial<GapLook> & { filled?: object[] } = {},
): Promise<string[]> {
  const store = new MemoryStore();
  const put = (name: string, i: number, value: object) =>
    store.put(
      `${collectionKeys("c").harvest(at(i))}${name}`,
      new TextEncoder().encode(`${JSON.stringify(value)}\n`),
    );
  for (const [i, gap] of gaps.entries()) await put(FILES.gaps, i, { why: "away", ...gap });
  for (const [i, span] of filled.entries()) await put(FILES.filled, i + 24, span);
  const listed = await listGaps(store, "c", { ...NONE, ...look });
  return listed.map(({ from, to, status }) => `${hour(from)}-${hour(to)} ${status}`);
}

const hour = (time: string) => (Date.parse(time) - START) / HOUR;

Deno.test("a gap is open until it was asked for, and what of it was asked for is known", async () => {
  const gap = { from: at(2), to: at(6) };
  assert.deepEqual(await parts([gap]), ["2-6 open"]);
  const cases: [number, number, string[]][] = [
    [2, 6, ["2-6 filled"]],
    [0, 9, ["2-6 filled"]],
    [4, 6, ["2-4 open", "4-6 filled"]],
    [2, 3, ["2-3 filled", "3-6 open"]],
    [3, 4, ["2-3 open", "3-4 filled", "4-6 open"]],
    [6, 9, ["2-6 open"]],
  ];
  for (const [from, to, says] of cases) {
    assert.deepEqual(await parts([gap], { filled: [{ from: at(from), to: at(to) }] }), says);
  }
});

Deno.test("what the next harvest asks for is due, and what the API does not reach any more is said", async () => {
  const gaps = [{ from: at(0), to: at(1) }, { from: at(4), to: at(6) }];
  const walks = [{ name: `gap:${timeId(at(4))}-${timeId(at(6))}:query` }];
  assert.deepEqual(await parts(gaps, { walks, reach: at(2) }), ["0-1 beyond reach", "4-6 due"]);
  const unknownEnd = [{ name: `gap:${timeId(at(4))}-:query` }];
  assert.deepEqual(await parts(gaps, { walks: unknownEnd }), ["0-1 open", "4-6 due"]);
});

Deno.test("of a gap that is being filled, what the walk has recorded is filled, and the rest is due", async () => {
  const gap = { from: at(2), to: at(8) };
  const walk = (query: string, oldest?: string) => ({
    name: `gap:${timeId(at(2))}-${timeId(at(8))}:${query}`,
    oldest,
  });
  const cases: [GapLook["walks"], string[]][] = [
    [[walk("a")], ["2-8 due"]],
    [[walk("a", timeId(at(8)))], ["2-8 due"]],
    [[walk("a", timeId(at(5)))], ["2-5 due", "5-8 filled"]],
    [[walk("a", timeId(at(2)))], ["2-8 filled"]],
    [[walk("a", timeId(at(3))), walk("b", timeId(at(5)))], ["2-5 due", "5-8 filled"]],
    [[walk("a", timeId(at(3))), walk("b")], ["2-8 due"]],
  ];
  for (const [walks, expected] of cases) assert.deepEqual(await parts([gap], { walks }), expected);
  const [upper] = await parts([gap], {
    walks: [walk("a", timeId(at(5)))],
    filled: [{ from: at(2), to: at(3) }],
  });
  assert.equal(upper, "2-3 filled");
  const lost = { ...gap, since_id: timeId(at(2)), until_id: timeId(at(8)), lost: true };
  assert.deepEqual(await parts([lost], { walks: [walk("a", timeId(at(5)))] }), [
    "2-5 due",
    "5-8 filled",
  ]);
  assert.deepEqual(await parts([lost], { walks: [walk("a")] }), ["2-8 due"]);
});

Deno.test("a gap of a timeline cannot be asked for, whatever searches brought", async () => {
  const gap = { from: at(0), to: at(1), user_id: "12" };
  assert.deepEqual(await parts([gap], { filled: [gap] }), ["0-1 beyond reach"]);
});

Deno.test("the ids of a part are those of the gap where it shares its end", async () => {
  const store = new MemoryStore();
  const keys = collectionKeys("c");
  const put = (name: string, value: object) =>
    store.put(`${keys.harvest(START)}${name}`, new TextEncoder().encode(JSON.stringify(value)));
  const [since_id, until_id] = [`${BigInt(timeId(at(0))) + 7n}`, `${BigInt(timeId(at(4))) + 9n}`];
  await put(FILES.gaps, { from: at(0), to: at(4), why: "x", since_id, until_id });
  await put(FILES.filled, { from: at(1), to: at(4), until_id });
  const listed = await listGaps(store, "c", NONE);
  assert.deepEqual(
    listed.map(({ from, since_id, until_id, status }) => ({ from, since_id, until_id, status })),
    [
      { from: iso(0), since_id, until_id: timeId(at(1)), status: "open" },
      { from: iso(1), since_id: timeId(at(1)), until_id, status: "filled" },
    ],
  );
});

Deno.test("each of 20,000 lost timelines finds its walk without a look at the others", async () => {
  const store = new MemoryStore();
  const [since_id, until_id] = [timeId(at(0)), timeId(at(4))];
  const users = Array.from({ length: 20_000 }, (_, i) => `${i + 1}`);
  const lines = users.map((user_id) =>
    JSON.stringify({ from: at(0), to: at(4), why: "x", since_id, until_id, user_id, lost: true })
  );
  const key = `${collectionKeys("c").harvest(START)}${FILES.gaps}`;
  await store.put(key, new TextEncoder().encode(lines.join("\n")));
  let looks = 0;
  const walks = users.map((user) => ({
    get name() {
      looks += 1;
      return `gap:${since_id}-${until_id}:${user}`;
    },
    oldest: timeId(at(3)),
  }));
  const listed = await listGaps(store, "c", { walks, reach: -Infinity });
  assert.equal(listed.length, 40_000);
  assert.equal(listed.filter(({ status }) => status === "due").length, 20_000);
  assert.ok(looks <= 10 * users.length, `${looks} looks`);
});
