// deno-lint-ignore-file no-console
/**
 * What commands take as a collection grows: harvests against seconds, memory and, in S3, requests, the first time and
 * again. `deno task bench-growth [harvests...] [--s3=harvests]`; the folder needs GNU time, S3 moto besides.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { barePut, makeBucket } from "./bare_s3.ts";
import { envFor, measured, program, type Taken } from "./one_harvest.ts";
import { table } from "./table.ts";
import { filesIn } from "./transfer.ts";
import { eachOf } from "../../lib/base/some_at_a_time.ts";
import { sumOf } from "../../lib/bucket/inventory_entry.ts";
import { S3Proxy } from "../faults/s3_proxy.ts";
import { manyHarvests } from "../fakes/many_harvests.ts";
import { type Moto, startMoto } from "../peers/moto.ts";

/** Objects of a page of a listing, as S3 has them. */
const PAGE = 1_000;
/** What is measured by default. */
const [IN_FOLDERS, IN_S3] = [[10, 100, 1_000, 5_000, 20_000], [10, 100, 1_000]];
/** Files that are uploaded concurrently. */
const WIDTH = 4;
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
  /** Makes the collection have so many harvests. */
  fill: (harvests: number) => Promise<void>;
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
      fill: (harvests) => manyHarvests(join(folder, "bucket"), { harvests }),
      asked: () => null,
    }, harvests)
  );
}

/** The same in S3, by way of a proxy that counts. */
export async function inS3(harvests: number): Promise<Grown[]> {
  const moto = await startMoto({ page: PAGE });
  const proxy = await S3Proxy.start(moto.url);
  let requests: Record<string, number> = {};
  proxy.onRequest = (_, { method = "", url = "" }) => {
    const kind = /[?&]list-type=/.test(url) ? "LIST" : method;
    requests[kind] = (requests[kind] ?? 0) + 1;
  };
  try {
    await makeBucket(moto, "bucket");
    return await inTemporary((folder, env) =>
      grown({
        folder,
        env: { ...env, ...moto.env, AWS_ENDPOINT_URL: proxy.url },
        bucket: "s3://bucket",
        fill: filler(moto, join(folder, "local")),
        asked: () => {
          const all = requests;
          requests = {};
          return all;
        },
      }, harvests)
    );
  } finally {
    await proxy.close();
    await moto.close();
  }
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

/** Returns a function that makes the harvests in a folder, and uploads the files that are new or differ. */
function filler(moto: Moto, local: string): Place["fill"] {
  const known = new Map<string, string>();
  return async (harvests) => {
    await manyHarvests(local, { harvests });
    await eachOf(await filesIn(local), WIDTH, async (path) => {
      const sum = sumOf(await Deno.readFile(path)).sha1;
      if (known.get(path) === sum) return;
      known.set(path, sum);
      await barePut(moto, `bucket${path.slice(local.length)}`, path);
    });
  };
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
  await place.fill(harvests);
  await run(COMMANDS);
  await place.fill(harvests + NEW);
  await run(AGAIN);
  return all;
}

function cell({ seconds, peak, requests }: Grown): string {
  const taken = `${seconds.toFixed(1)} s, ${Math.round(peak)} MiB`;
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
    options: { s3: { type: "string", multiple: true, default: [] } },
  });
  const isDefault = positionals.length + values.s3.length === 0;
  const folders = isDefault ? IN_FOLDERS : positionals.map(Number);
  const s3 = isDefault ? IN_S3 : values.s3.map(Number);
  if (folders.length > 0) await printTable("a folder", folders, inFolder);
  if (s3.length > 0) await printTable("S3", s3, inS3);
}
