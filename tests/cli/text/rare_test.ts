import assert from "node:assert/strict";
import { planFor } from "../../../lib/collection/types/registry.ts";
import { rareNote } from "../../../lib/cli/text/rare.ts";
import { checkConfig } from "../../../lib/collection/config.ts";

const DAY = 86_400_000;

function config(more: Record<string, unknown>) {
  return checkConfig({ id: "c", api: "2", ...more }, { keys: "optional" });
}

Deno.test("a schedule whose pauses the API does not reach over says what is missed, and what would do", () => {
  const timelines = { type: "user_timeline", users: { "12": {} } };
  const search = { type: "search", search: { query: "x" } };
  const cases: [what: Record<string, unknown>, days: number, note: RegExp | null][] = [
    [search, 6, null],
    [search, 7, /seven days only.*rate\(6 days\)/],
    [{ ...search, search: { query: "x", archive: "all" } }, 60, null],
    [timelines, 7, null],
    [timelines, 30, /3,200 posts: of users who write more than 106 a day.*a gap.*rate\(16 days\)/],
    [{ ...timelines, exclude: ["retweets"] }, 7, null],
    [
      { ...timelines, exclude: ["replies"] },
      7,
      /800 posts with replies.* 114 a day.*rate\(4 days\)/,
    ],
  ];
  for (const [what, days, note] of cases) {
    const said = rareNote(planFor(config(what)).reading, days * DAY);
    if (note) assert.match(said ?? "", note);
    else assert.equal(said, null, JSON.stringify(what));
  }
});
