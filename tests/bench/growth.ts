// deno-lint-ignore-file no-console
/**
 * What commands take as a collection grows: harvests against seconds, memory and, in S3, requests, the first time and
 * again. `deno task bench-growth [harvests...] [--s3=harvests] [--latency=ms]` needs GNU time. S3 is a server of this
 * machine, which gives each answer after the latency.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { envFor, measured, program, type Taken } from "./one_harvest.ts";
import { table } from "./table.ts";
import { FolderS3 } from "../fakes/folder_s3.ts";
import { manyHarvests } from "../fakes/many_harvests.ts";

/** What is measured by default. */
const SIZES = [10, 100, 1_000, 5_000, 20_000];
/** Milliseconds before each answer of S3, by default: about as many as its own first byte takes. */
const LATENCY = 30;
/** Harvests that come before the commands are run again: what is new costs something. */
const NEW = 2;

/** A command, and its arguments but for the bucket. */
const COMMANDS: readonly [name: string, args: string[]][] = [
  ["collection verify", ["collection", "verify", "c"]],
  ["collection download", ["collection", "download", "c"]],
  ["collection-config changes", ["collection-config", "changes", "c"]],
  ["collection list", ["collection", "list"]],
  ["collection coverage", ["collection", "coverage", "c"]],
  ["collection gaps", ["collection", "gaps", "c"]],
];

/** The commands that cost what is new, once they have run. */
const AGAIN: typeof COMMANDS = [
  ["collection verify --since-last, again", ["collection", "verify", "c", "--since-last"]],
  ["collection download, again", ["collection", "download", "c"]],
  ["collection-config changes, again", ["collection-config", "changes", "c"]],
];

/** Where the bucket of a measurement is, and what was asked of it. */
interface Place {
  /** The working folder of the commands. */
  folder: string;
  env: Record<string, string>;
  /** As `--bucket` has it. */
  bucket: string;
  /** Makes the collection have so many harvests, of which some are there already. */
  fill: (harvests: number, known: number) => Promise<void>;
  /** Returns the requests since the last call, by kind; null in a folder. */
  asked: () => Record<string, number> | null;
}

/** What a command took of a collection. */
export interface Grown extends Taken {
  name: string;
  /** Requests by kind; null in a folder. */
  requests: Record<string, number> | null;
}

/** Runs every command on a collection of so many harvests in a folder, and some again when a few more have come. */
export async function inFolder(harvests: number): Promise<Grown[]> {
  return await inTemporary((folder, env) =>
    grown({
      folder,
      env,
      bucket: "./bucket",
      fill: (harvests, known) => manyHarvests(join(folder, "bucket"), { harvests, known }),
      asked: () => null,
    }, harvests)
  );
}

/** The same in S3. @param latency Milliseconds before each answer */
export async function inS3(harvests: number, latency: number): Promise<Grown[]> {
  return await inTemporary(async (folder, env) => {
    const objects = join(folder, "objects");
    await Deno.mkdir(objects);
    const server = new FolderS3(objects, { latency });
    let requests: Record<string, number> = {};
    server.onRequest = (kind) => void (requests[kind] = (requests[kind] ?? 0) + 1);
    try {
      return await grown({
        folder,
        env: { ...env, ...server.env },
        bucket: "s3://bucket",
        fill: async (harvests, known) => {
          await manyHarvests(objects, { harvests, known });
          await server.load();
        },
        asked: () => {
          const all = requests;
          requests = {};
          return all;
        },
      }, harvests);
    } finally {
      await server.close();
    }
  });
}

async function inTemporary<T>(
  act: (folder: string, env: Record<string, string>) => Promise<T>,
): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    return await act(folder, await envFor(folder, new URL("http://127.0.0.1:9")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function grown(place: Place, harvests: number): Promise<Grown[]> {
  const all: Grown[] = [];
  const run = async (commands: typeof COMMANDS) => {
    for (const [name, args] of commands) {
      const { folder, env, bucket, asked } = place;
      asked();
      const taken = await measured(program([...args, "--bucket", bucket]), { folder, env });
      all.push({ name, ...taken, requests: asked() });
    }
  };
  await place.fill(harvests, 0);
  await run(COMMANDS);
  await place.fill(harvests + NEW, harvests);
  await run(AGAIN);
  return all;
}

function cell({ seconds, cpu, peak, requests }: Grown): string {
  const taken = `${seconds.toFixed(1)} s (${cpu.toFixed(1)} of a core), ${Math.round(peak)} MiB`;
  if (!requests) return taken;
  const asked = Object.entries(requests).map(([kind, count]) => `${count} ${kind}`).toSorted();
  return `${taken}; ${asked.join(", ")}`;
}

async function printTable(
  where: string,
  sizes: number[],
  act: (harvests: number) => Promise<Grown[]>,
): Promise<void> {
  const rows = new Map<string, string[]>();
  for (const harvests of sizes) {
    for (const one of await act(harvests)) {
      const row = rows.get(one.name) ?? [one.name];
      rows.set(one.name, row);
      row.push(cell(one));
    }
    console.error(`${where}: ${harvests.toLocaleString("en")} harvests`);
  }
  const head = [`harvests, in ${where}`, ...sizes.map((size) => size.toLocaleString("en"))];
  console.log(`${table(head, [...rows.values()])}\n`);
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      s3: { type: "string", multiple: true, default: [] },
      latency: { type: "string", default: `${LATENCY}` },
    },
  });
  const isDefault = positionals.length + values.s3.length === 0;
  const folders = isDefault ? SIZES : positionals.map(Number);
  const s3 = isDefault ? SIZES : values.s3.map(Number);
  const latency = Number(values.latency);
  if (folders.length > 0) await printTable("a folder", folders, inFolder);
  if (s3.length > 0) await printTable("S3", s3, (harvests) => inS3(harvests, latency));
}
