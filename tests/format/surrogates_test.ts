import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { systemClock } from "../../lib/base/clock.ts";
import { verify } from "../../lib/archive/verify.ts";
import { hasHalves, wellFormed, wellFormedText } from "../../lib/format/surrogates.ts";
import { World } from "../../lib/sandbox/world.ts";
import { openApi } from "../../lib/twitter/open.ts";
import { inOneProcess } from "../e2e/program.ts";
import { EndlessApi } from "../fakes/endless_api.ts";
import { added, KEYS, lines, run, told } from "../fakes/whole_harvest.ts";
import { WorldApi } from "../fakes/world_api.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const HALF = String.raw`{"id_str":"7","full_text":"cut \ud83d"}`;

/** A part of a text as JSON may have it. */
const part = fc.oneof(
  fc.nat(0xffff).map((code) => `\\u${code.toString(16).padStart(4, "0")}`),
  fc.constantFrom("\\ud83d", "\\uDE00", "\\ud83d\\ude00", "\\\\", "\\/", '\\"', "ud83d", "x"),
);

Deno.test("half a character is found, and nothing else, and U+FFFD takes its place", () => {
  fc.assert(fc.property(fc.array(part), (parts) => {
    const text = `"${parts.join("")}"`;
    const value: string = JSON.parse(text);
    assert.equal(hasHalves(bytes(text)), !value.isWellFormed(), text);
    const clean = new TextDecoder().decode(wellFormed(bytes(text)));
    assert.equal(JSON.parse(clean), value.toWellFormed(), text);
    assert.equal(JSON.parse(wellFormedText(JSON.stringify(value))), value.toWellFormed(), text);
  }));
});

Deno.test("a line with half a character is kept as it came, counted, and no fault", async () => {
  const clock = { ...systemClock, now: () => Date.now() - 60_000 };
  const store = await added(
    { id: "c", type: "search", keys: KEYS, search: { query: "x" } },
    clock,
  );
  const api = new WorldApi(World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 }));
  api.search = () =>
    Promise.resolve({ lines: [bytes(HALF)], count: 1, newestId: "7", oldestId: "7" });
  await run(store, api, { flushMs: 15_000 });
  assert.deepEqual(await lines(store), [HALF]);
  assert.equal((await told(store))[0]?.odd_lines, 1);
  const signal = new AbortController().signal;
  const look = { isGone: () => true, onFile: () => {}, signal };
  const { faults, oddLines } = await verify({ store, clock, collectionId: "c", ...look });
  assert.deepEqual(faults, []);
  assert.deepEqual([...oddLines.values()], [1]);
});

/** Tweets of which every other one has half a character, and the others a whole one: of a page of two one. */
const SHAPES = {
  statuses: ["", "\\ude00"].map((rest) =>
    `{"id":@ID@,"id_str":"@ID@","user":{"id":@USER@},"full_text":"\\ud83d${rest}"}`
  ),
  posts: ["", "\\ude00"].map((rest) => `{"id":"@ID@","text":"\\ud83d${rest}"}`),
  lines: ["", "\\ude00"].map((rest) => `{"data":{"id":"@ID@","text":"\\ud83d${rest}"}}`),
  includes: '{"users":[]}',
};

for (const version of ["1.1", "2"] as const) {
  const kinds = [
    { type: "search", search: { query: "x" } },
    { type: "user_timeline", users: { 1: {}, 2: {}, 3: {}, 4: {}, 5: {} } },
    {
      type: "filter",
      filter: {
        ...(version === "2" ? { rules: [{ value: "x" }] } : { track: "x" }),
        max_records: 10,
      },
    },
  ];
  Deno.test(`whichever way tweets come, lines with half a character are counted, version ${version}`, async () => {
    for (const config of kinds) {
      await using server = new EndlessApi({ tweets: 10, bytes: 0, page: 2, shapes: SHAPES });
      const keys = { ...KEYS, bearer_token: "b" };
      const store = await added({ id: "c", api: version, keys, ...config });
      await run(store, await openApi({ version, keys, clock: systemClock, base: server.url }));
      const [info] = await told(store);
      assert.deepEqual([info?.tweets, info?.odd_lines], [10, 5], config.type);
    }
  });
}

Deno.test("cat prints tweets as they came, or readable by others, of all harvests or of one; export does so too", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    const whole = '{"id_str":"6","full_text":"whole"}';
    for (const [second, line] of [["05", whole], ["06", HALF]] as const) {
      const folder = place.path(
        ...["twarc-cloud-data", "collections", "find", "harvests"],
        ...["2026", "01", "02", "03", "04", second],
      );
      await Deno.mkdir(folder, { recursive: true });
      const packed = gzipSync(`${line}\n`);
      const name = `tweets-202601020304${second}.jsonl.gz`;
      await Deno.writeFile(`${folder}/${name}`, packed);
      const sum = createHash("sha1").update(packed).digest("hex");
      await Deno.writeTextFile(`${folder}/manifest-sha1.txt`, `${sum}  ${name}\n`);
    }
    const cat = (...args: string[]) => place.ok("collection", "cat", "find", ...args);
    const clean = HALF.replace("\\ud83d", "\\ufffd");
    assert.equal(await cat(), `${whole}\n${HALF}\n`);
    assert.equal(await cat("--clean"), `${whole}\n${clean}\n`);
    assert.equal(await cat("--harvest", "last"), `${HALF}\n`);
    assert.equal(await cat("--harvest", "2026-01-02T03:04:05.000Z"), `${whole}\n`);
    const out = ["--output", "-"];
    const jsonl = await place.ok("collection", "export", "find", "--format", "jsonl", ...out);
    assert.equal(jsonl, `${whole}\n${clean}\n`);
    const { out: says } = await place.run("collection", "verify", "find");
    assert.match(says, /1 line with half a character.*tweets-20260102030406/);
  }));
