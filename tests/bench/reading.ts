/** What reading a bucket back costs, beside the tools that people have for a part of it. */

import { join } from "node:path";
import { EndlessApi, type Shapes } from "../fakes/endless_api.ts";
import { PAGE } from "./cost.ts";
import { BUCKET, envFor, measured, oneHarvest, program, type Taken } from "./one_harvest.ts";

/** A command, and a tool that does a part of it. */
export interface Reading {
  name: string;
  own: Taken;
  tool: string;
  /** Null where the tool is not here. */
  other: Taken | null;
}

/** Reads a bucket with so many tweets of a stream. @returns The runs, and the MB of its files */
export async function readings(
  { tweets, shapes }: { tweets: number; shapes: Shapes },
): Promise<{ runs: Reading[]; mb: number }> {
  await using api = new EndlessApi({ tweets, bytes: 0, page: PAGE.filter, shapes });
  const harvest = { url: api.url, tweets, page: PAGE.filter };
  const { looked } = await oneHarvest({ type: "filter", api: "1.1" }, harvest, async (bucket) => {
    const folder = join(bucket, "..");
    const env = await envFor(folder, api.url);
    const files = "find bucket -name 'tweets-*.gz' | sort";
    const pairs: [string, string[], string, string][] = [
      ["collection verify", ["collection", "verify", "c", ...BUCKET], "sha1sum", "xargs sha1sum"],
      [
        "collection download",
        ["collection", "download", "c", ...BUCKET],
        "cp",
        "xargs -I{} cp {} .",
      ],
      [
        "collection dehydrate",
        ["collection", "dehydrate", "c", ...BUCKET],
        "zcat, jq",
        "xargs zcat | jq -r .id_str",
      ],
    ];
    const runs: Reading[] = [];
    for (const [name, args, tool, script] of pairs) {
      const own = await measured(program(args), { folder, env });
      const other = await measured(["sh", "-c", `${files} | ${script}`], { folder })
        .catch(() => null);
      runs.push({ name, own, tool, other });
    }
    return { runs, mb: await megabytes(bucket) };
  });
  return looked;
}

async function megabytes(folder: string): Promise<number> {
  let sum = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    sum += isDirectory ? await megabytes(path) : (await Deno.stat(path)).size / 1e6;
  }
  return sum;
}
