/** Where a harvester's time goes, by what V8 wrote of it with `--cpu-prof`. */

import { join } from "node:path";
import { z } from "zod";

const profileSchema = z.object({
  nodes: z.array(z.object({
    id: z.number(),
    callFrame: z.object({ functionName: z.string(), url: z.string() }),
  })),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

/** What a place of a profile is part of: the first that its function, or its file, is named by. */
const PARTS: [RegExp, string][] = [
  [/^\(idle\)/, "waiting"],
  [/^\(garbage collector\)/, "garbage collection"],
  [/^\(program\)/, "Deno itself: sockets, modules"],
  [/^writeSync |^op_zlib/, "zlib"],
  [/^op_node_hash/, "SHA-1"],
  [/^op_/, "Deno's operations"],
  [/lib\/twitter\/bytes\/|^wasm/, "lines and ids (lib/twitter/bytes)"],
  [/lib\/twitter\//, "answers and messages (lib/twitter)"],
  [/lib\/source\//, "sources (lib/source)"],
  [/lib\/harvest\//, "recorder and committer (lib/harvest)"],
  [/lib\//, "the rest of lib"],
  [/(ext:|node:)/, "Deno's JavaScript: streams, fetch"],
  [/\/npm\/|npm:|registry/, "packages"],
];

/** The share of each part in the time of a harvester's main thread but for waiting, largest first. */
export async function sharesIn(folder: string): Promise<[part: string, share: number][]> {
  const shares = new Map<string, number>();
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".cpuprofile")) continue;
    const profile = profileSchema.parse(JSON.parse(await Deno.readTextFile(join(folder, name))));
    const parts = new Map(profile.nodes.map(({ id, callFrame }) => [id, partOf(callFrame)]));
    for (const [i, id] of profile.samples.entries()) {
      const part = parts.get(id) ?? "";
      shares.set(part, (shares.get(part) ?? 0) + (profile.timeDeltas[i] ?? 0));
    }
  }
  shares.delete("waiting");
  const all = [...shares.values()].reduce((sum, share) => sum + share, 0);
  return [...shares].map(([part, share]): [string, number] => [part, share / all])
    .sort(([, a], [, b]) => b - a);
}

function partOf({ functionName, url }: { functionName: string; url: string }): string {
  const place = `${functionName} ${url}`;
  return PARTS.find(([pattern]) => pattern.test(place))?.[1] ?? "everything else";
}
