/** What the harvest path costs: splitting pages, and writing segments. Compare within one run. */

import { join } from "node:path";
import { systemClock } from "../../lib/base/clock.ts";
import { Segment } from "../../lib/harvest/segment.ts";
import { SpoolFolder } from "../../lib/harvest/spool_folder.ts";
import { joinJson } from "../../lib/sandbox/answers.ts";
import { World } from "../../lib/sandbox/world.ts";
import { items, line } from "../../lib/twitter/bytes/raw_json.ts";

const statuses = World.create({ clock: systemClock, users: 10, tweetsPerUser: 200 })
  .search("sandbox", { count: 2_000 }).map((status) => status.bytes());
const page = joinJson([
  "[",
  ...statuses.flatMap((status, i) => i === 0 ? [status] : [",", status]),
  "]",
]);
const text = new TextDecoder().decode(page);

Deno.bench(
  "split a page of 2,000 tweets, bytes untouched",
  { group: "split", baseline: true },
  () => {
    for (const span of items(page)) line(page, span);
  },
);

Deno.bench("JSON.parse and JSON.stringify, which breaks ids", { group: "split" }, () => {
  for (const status of JSON.parse(text)) JSON.stringify(status);
});

Deno.bench("write 2,000 tweets into a segment", { group: "segment", baseline: true }, async () => {
  const folder = await Deno.makeTempDir();
  const segment = await Segment.open(await SpoolFolder.make(join(folder, "spool")));
  await segment.append(statuses, statuses.length);
  await segment.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.bench("the same, with ten pieces cut on the way", { group: "segment" }, async () => {
  const folder = await Deno.makeTempDir();
  const segment = await Segment.open(await SpoolFolder.make(join(folder, "spool")));
  for (let i = 0; i < statuses.length; i += 200) {
    await segment.append(statuses.slice(i, i + 200), 200);
    await segment.cutPiece();
  }
  await segment.close();
  await Deno.remove(folder, { recursive: true });
});
