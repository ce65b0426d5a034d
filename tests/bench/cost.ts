// deno-lint-ignore-file no-console
/**
 * What a harvest costs: the processor time of the whole process beside that of `gzip -6` for the same bytes, which is
 * taken in the same run. `deno task bench-cost [tweets] [--only=filter-1.1]`; on Linux, with GNU time and gzip.
 */

import { parseArgs } from "node:util";
import { join } from "node:path";
import { EndlessApi, type Shapes } from "../fakes/endless_api.ts";
import { type Kind, KINDS, measured, oneHarvest, type Taken } from "./one_harvest.ts";
import { recordedShapes } from "./shapes.ts";

/** Tweets of a page. */
export const PAGE = { filter: 20, search: 100, user_timeline: 200 };

/** What a harvest took, and what `gzip -6` took for the same lines. */
export type Cost = Taken & { looked: { cpu: number; lines: number; mb: number } };

/** What a harvest of so many tweets costs. @param flags Of Deno, for the harvester alone. */
export async function costOf(
  kind: Kind,
  { tweets, shapes, flags = [] }: { tweets: number; shapes: Shapes; flags?: string[] },
): Promise<Cost> {
  const page = PAGE[kind.type];
  await using api = new EndlessApi({ tweets, bytes: 0, page, shapes });
  return await oneHarvest(kind, { url: api.url, tweets, page, flags }, byGzip);
}

/** What `gzip -6` takes for the lines of a bucket. */
async function byGzip(bucket: string): Promise<Cost["looked"]> {
  const text = join(bucket, "all.jsonl");
  await measured(["sh", "-c", `find . -name 'tweets-*.gz' | sort | xargs zcat >${text}`], {
    folder: bucket,
  });
  const { cpu } = await measured(["sh", "-c", `exec gzip -6 <${text} >/dev/null`], {
    folder: bucket,
  });
  const bytes = await Deno.readFile(text);
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return { cpu, lines, mb: bytes.length / 1e6 };
}

if (import.meta.main) {
  const { values: { only }, positionals: [size = "20000"] } = parseArgs({
    allowPositionals: true,
    options: { only: { type: "string", multiple: true, default: [] } },
  });
  const [tweets, shapes] = [Number(size), await recordedShapes()];
  for (const kind of KINDS) {
    const name = `${kind.type}-${kind.api}`;
    if (only.length > 0 && !only.includes(name)) continue;
    const { cpu, seconds, peak, looked } = await costOf(kind, { tweets, shapes });
    console.log(
      `${name}: ${looked.lines} lines, ${looked.mb.toFixed(1)} MB, ` +
        `cpu ${cpu.toFixed(2)} s, gzip ${looked.cpu.toFixed(2)} s, ` +
        `ratio ${(cpu / looked.cpu).toFixed(2)}, wall ${seconds.toFixed(1)} s, peak ${
          peak.toFixed(0)
        } MiB`,
    );
  }
}
