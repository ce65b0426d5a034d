import assert from "node:assert/strict";
import { Brought } from "../../lib/archive/restored_positions.ts";
import { checkConfig } from "../../lib/collection/config.ts";
import { KEYS } from "../fakes/whole_harvest.ts";
import { text } from "../bucket/verified_bucket.ts";

const brought = (config: Record<string, unknown>, ...lines: unknown[]) => {
  const found = new Brought(checkConfig({ id: "c", keys: KEYS, api: "2", ...config }));
  for (const line of lines) found.addLine(text(JSON.stringify(line)));
  return found;
};
const page = (author: string, ...ids: string[]) => ({
  data: ids.map((id) => ({ id, author_id: author })),
});

Deno.test("a page of version 2 is of the user who wrote it; who is collected no more has no walk", () => {
  const users = { 12: { since_id: "100" }, 13: {} };
  const found = brought(
    { type: "user_timeline", users },
    page("12", "130", "120"),
    page("13", "9", "8"),
    page("12", "110", "90"),
    page("99", "500"),
  );
  assert.deepEqual(found.positions(), {
    "user:12": { newest: "130", oldest: "110", since: "100", asked: 3, came: 3 },
    "user:13": { newest: "9", oldest: "8", asked: 2, came: 2 },
  });
});

Deno.test("hydrating goes on above the highest id that was asked for, found or missing", () => {
  const config = { type: "hydrate", hydrate: { ids: 9, since_id: "5" } };
  const found = brought(config, page("1", "3", "7"));
  found.addId("hydrate", "8");
  assert.deepEqual(found.positions(), { hydrate: "8" });
});

Deno.test("of a stream the last thousand ids are known, and when the newest tweet was made", () => {
  const config = { type: "filter", filter: { rules: [{ value: "a" }] } };
  const first = 1_800_000_000_000_000_000n;
  const found = brought(config);
  for (let n = 0n; n < 3_000n; n++) found.addId("stream", `${first + n}`);
  const { stream } = found.stream(0, true);
  assert.ok(typeof stream === "object" && stream && "ids" in stream && Array.isArray(stream.ids));
  assert.equal(stream.ids.length, 1_000);
  assert.equal(stream.ids.at(-1), `${first + 2_999n}`);
  assert.deepEqual(Object.keys(stream), ["at", "ids", "isStopped"]);
  assert.deepEqual(brought(config).stream(7, false), { stream: { at: 7, ids: [] } });
});
