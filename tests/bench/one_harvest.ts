/** One harvest of this program as a process, from a server of this machine, measured by the system. */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { SELF_ENV, selfCommand } from "../../lib/runner/local/self.ts";
import { KEYS } from "../fakes/whole_harvest.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is harvested. */
export interface Kind {
  type: "filter" | "search" | "user_timeline";
  api: "1.1" | "2";
}

/** Every type, in each version. */
export const KINDS: Kind[] = (["filter", "search", "user_timeline"] as const)
  .flatMap((type) => (["1.1", "2"] as const).map((api) => ({ type, api })));

/** What a process took. */
export interface Taken {
  /** Seconds of processor time, the system's for it included. */
  cpu: number;
  seconds: number;
  /** MiB of resident memory at most. */
  peak: number;
}

/** What a harvest is measured with. */
export interface OneHarvest {
  /** Of the API. */
  url: URL;
  tweets: number;
  /** Tweets of a timeline. */
  page: number;
  /** Flags of Deno for the harvester, beyond those that all have. */
  flags?: string[];
}

/**
 * Harvests so many tweets, each timeline with `page` of them.
 * @param look Called with the bucket's folder once all is there.
 */
export async function oneHarvest<T>(
  kind: Kind,
  { url, tweets, page, flags = [] }: OneHarvest,
  look: (bucket: string) => Promise<T>,
): Promise<Taken & { looked: T }> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    const keys = { ...KEYS, bearer_token: "e" };
    const config = { id: "c", ...kind, keys, ...part(kind, tweets, page) };
    await Deno.writeTextFile(join(folder, "collection.json"), JSON.stringify(config));
    const env = await envFor(folder, url);
    await measured(program(["collection", "add", ...BUCKET]), { folder, env });
    const run = ["harvest", "run", "c", "--port", "0", "--shutdown", ...BUCKET];
    const taken = await measured(program(run, flags), { folder, env });
    return { ...taken, looked: await look(join(folder, "bucket")) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function part({ type, api }: Kind, tweets: number, page: number): Record<string, unknown> {
  switch (type) {
    case "filter": {
      const wanted = api === "2" ? { rules: [{ value: "x" }] } : { track: "x" };
      return { filter: { ...wanted, max_records: tweets } };
    }
    case "search":
      return { search: { query: "x" } };
    case "user_timeline": {
      const ids = Array.from({ length: Math.ceil(tweets / page) }, (_, i) => `${1_000_000 + i}`);
      return { users: Object.fromEntries(ids.map((id) => [id, {}])) };
    }
  }
}

/** Where the program finds the bucket of a measured folder. */
export const BUCKET = ["--bucket", "./bucket"];

/** The environment of a harvester whose folder and API are the measurement's own. */
export async function envFor(folder: string, url: URL): Promise<Record<string, string>> {
  return {
    ...SELF_ENV,
    HOME: folder,
    DENO_DIR: await denoDir(),
    TWITTER_API_URL: url.href,
    TWITTER_STREAM_URL: url.href,
  };
}

/** The command line of the program, or of another script, as harvesters are run. */
export function program(args: string[], flags: string[] = [], script = "main.ts"): string[] {
  const options = { isStandalone: false, execPath: Deno.execPath(), root: ROOT };
  const own = selfCommand({ ...options, permissions: ["--allow-all", ...flags] }).slice(0, -1);
  return [...own, join(ROOT, script), ...args];
}

/**
 * Runs a command until it ends, with its processor time and memory as the system counts them (GNU time).
 * @throws where it fails
 */
export async function measured(
  command: string[],
  { folder, env = {} }: { folder: string; env?: Record<string, string> },
): Promise<Taken> {
  const facts = await Deno.makeTempFile({ prefix: "twarc-cloud-bench-" });
  try {
    const began = performance.now();
    const { code, stderr } = await new Deno.Command("/usr/bin/time", {
      args: ["-f", "%U %S %M", "-o", facts, ...command],
      cwd: folder,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const seconds = (performance.now() - began) / 1_000;
    if (code !== 0) {
      const said = new TextDecoder().decode(stderr);
      throw new Error(`${command.join(" ")} ended with ${code}: ${said}`);
    }
    const [user = NaN, system = NaN, kib = NaN] = (await Deno.readTextFile(facts)).trim().split(" ")
      .map(Number);
    return { cpu: user + system, seconds, peak: kib / 1_024 };
  } finally {
    await Deno.remove(facts);
  }
}

/** Where what the program imports lies, wherever a person's home is. */
async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const schema = z.object({ denoDir: z.string() });
  return schema.parse(JSON.parse(new TextDecoder().decode(stdout))).denoDir;
}
