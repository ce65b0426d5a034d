/** What it takes to bring a collection to S3 and back, beside the AWS CLI and a server's own speed. */

import { join } from "node:path";
import { EndlessApi, type Shapes } from "../fakes/endless_api.ts";
import { type Moto, MOTO_REGION, startMoto } from "../peers/moto.ts";
import { bareGet, barePut, makeBucket } from "./bare_s3.ts";
import { PAGE } from "./cost.ts";
import { envFor, measured, oneHarvest, program, type Taken } from "./one_harvest.ts";

/** A direction, and what each way took. */
export interface Transfer {
  name: "upload" | "download";
  own: Taken;
  /** Of the AWS CLI; null where it is not here. */
  cli: Taken | null;
  /** Seconds in which the server takes, or gives, the same bytes to one who signs and checks nothing. */
  bare: number;
}

/** Where a measurement's commands run. */
interface Place {
  folder: string;
  env: Record<string, string>;
  moto: Moto;
}

/**
 * Brings a collection with so many tweets of a stream to S3 and back.
 * @returns The runs and the MB of its files; null where moto is not here.
 */
export async function transfers(
  { tweets, shapes }: { tweets: number; shapes: Shapes },
): Promise<{ runs: Transfer[]; mb: number } | null> {
  const moto = await startMoto().catch(() => null);
  if (!moto) return null;
  try {
    await using api = new EndlessApi({ tweets, bytes: 0, page: PAGE.filter, shapes });
    const harvest = { url: api.url, tweets, page: PAGE.filter };
    const { looked } = await oneHarvest({ type: "filter", api: "1.1" }, harvest, async (bucket) => {
      const folder = join(bucket, "..");
      const env = { ...await envFor(folder, api.url), ...moto.env };
      const files = await filesIn(join(bucket, "collections"));
      for (const name of ["own", "cli", "bare"]) await makeBucket(moto, name);
      const place = { folder, env: { ...env, AWS_DEFAULT_REGION: MOTO_REGION }, moto };
      const runs = [await uploads(place, files), await downloads(place, files)];
      return { runs, mb: await megabytes(files) };
    });
    return looked;
  } finally {
    await moto.close();
  }
}

async function uploads(place: Place, files: string[]): Promise<Transfer> {
  const { folder, env, moto } = place;
  const own = program(["./bucket", "s3://own", "c"], [], "tests/bench/upload.ts");
  return {
    name: "upload",
    own: await measured(own, { folder, env }),
    cli: await cli(place, ["bucket/collections", "s3://cli/collections"]),
    bare: await seconds(files, (path, i) => barePut(moto, `bare/${i}`, path)),
  };
}

async function downloads(place: Place, files: string[]): Promise<Transfer> {
  const { folder, env, moto } = place;
  const own = program(["collection", "download", "c", "--bucket", "s3://own"]);
  return {
    name: "download",
    own: await measured(own, { folder, env }),
    cli: await cli(place, ["s3://own/collections", "by-cli"]),
    bare: await seconds(files, (_, i) => bareGet(moto, `bare/${i}`)),
  };
}

/** Copies with the AWS CLI; null where that is not here. */
async function cli({ folder, env }: Place, [from, to]: [string, string]): Promise<Taken | null> {
  const command = ["aws", "s3", "cp", "--recursive", "--only-show-errors", from, to];
  const isHere = await new Deno.Command("aws", { args: ["--version"], stdout: "null" }).output()
    .then(({ success }) => success, () => false);
  // A version manager's stand-in finds what it stands for below its person's home, whose settings are not to count.
  const own = {
    HOME: Deno.env.get("HOME") ?? folder,
    AWS_CONFIG_FILE: join(folder, "none"),
    AWS_SHARED_CREDENTIALS_FILE: join(folder, "none"),
  };
  return isHere ? await measured(command, { folder, env: { ...env, ...own } }) : null;
}

async function seconds(
  files: string[],
  act: (path: string, i: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  for (const [i, path] of files.entries()) await act(path, i);
  return (performance.now() - began) / 1_000;
}

/** The files below a folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) { for (const file of await filesIn(path)) files.push(file); }
    else files.push(path);
  }
  return files;
}

async function megabytes(files: string[]): Promise<number> {
  let sum = 0;
  for (const path of files) sum += (await Deno.stat(path)).size / 1e6;
  return sum;
}
