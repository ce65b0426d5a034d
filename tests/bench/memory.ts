// deno-lint-ignore-file no-console
/**
 * What a harvester takes at most, as the system counts it for its process: tweets against peak resident memory, for the
 * types and versions, against a server of this machine. `deno task bench-memory [tweets...] [--users=100000]`; on Linux.
 */

import { parseArgs } from "node:util";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { SELF_ENV, selfCommand } from "../../lib/runner/local/self.ts";
import { EndlessApi } from "../fakes/endless_api.ts";
import { KEYS } from "../fakes/whole_harvest.ts";

/** Bytes of a tweet, as version 1.1 has them with all that is in them. */
const BYTES = 6_000;
/** Tweets of a page, and users of a timeline harvest of as many tweets. */
const PAGE = 100;
/** Tweets a second of a stream: the most that was ever seen of a filter is less. */
const RATE = 2_000;
/** Milliseconds between looks at the process. */
const LOOK = 50;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What is harvested. */
interface Kind {
  type: "filter" | "search" | "user_timeline";
  api: "1.1" | "2";
}

/** What one harvest took. */
interface Taken {
  /** MiB. */
  peak: number;
  seconds: number;
}

/** One harvest of as many tweets, each timeline with `page` of them. */
async function taken(kind: Kind, tweets: number, { page, bytes }: { page: number; bytes: number }) {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-bench-" });
  try {
    await using api = new EndlessApi({ tweets, bytes, page, rate: RATE });
    const config = {
      id: "c",
      ...kind,
      keys: { ...KEYS, bearer_token: "e" },
      ...part(kind, tweets, page),
    };
    await Deno.writeTextFile(join(folder, "collection.json"), JSON.stringify(config));
    const env = {
      ...SELF_ENV,
      HOME: folder,
      DENO_DIR: await denoDir(),
      TWITTER_API_URL: api.url.href,
      TWITTER_STREAM_URL: api.url.href,
      TWARC_CLOUD_BUCKET: "./bucket",
    };
    await measured(["collection", "add"], { folder, env });
    return await measured(["harvest", "run", "c", "--port", "0", "--shutdown"], { folder, env });
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

/** Runs the program as harvesters are run, and looks at it until it ends. @throws where it fails. */
async function measured(
  args: string[],
  { folder, env }: { folder: string; env: Record<string, string> },
): Promise<Taken> {
  const [command = "", ...rest] = selfCommand({
    isStandalone: false,
    execPath: Deno.execPath(),
    root: ROOT,
    permissions: ["--allow-all"],
  });
  const began = performance.now();
  const child = new Deno.Command(command, {
    args: [...rest, ...args],
    cwd: folder,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let peak = 0;
  const looking = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), LOOK);
  const { code, stderr } = await child.output();
  clearInterval(looking);
  if (code !== 0) throw new Error(`${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  if (peak === 0) {
    throw new Error(`/proc/${child.pid} cannot be read: this needs Linux, and --allow-all`);
  }
  return { peak, seconds: (performance.now() - began) / 1_000 };
}

/** Where what the program imports lies, wherever a person's home is. */
async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  const schema = z.object({ denoDir: z.string() });
  return schema.parse(JSON.parse(new TextDecoder().decode(stdout))).denoDir;
}

/** MiB that a process had at most, as long as it lives. */
function peakOf(pid: number): number {
  try {
    const [, kib = "0"] = /VmHWM:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${pid}/status`)) ?? [];
    return Number(kib) / 1_024;
  } catch {
    return 0;
  }
}

const KINDS: Kind[] = (["filter", "search", "user_timeline"] as const)
  .flatMap((type) => (["1.1", "2"] as const).map((api) => ({ type, api })));

function row(cells: (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cell({ peak, seconds }: Taken): string {
  return `${Math.round(peak)} (${Math.round(seconds)} s)`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      users: { type: "string", multiple: true, default: [] },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const sizes = positionals.length > 0 || values.users.length > 0
    ? positionals.map(Number)
    : [20_000, 100_000, 400_000];
  const kinds = KINDS.filter(({ type, api }) =>
    values.only.length === 0 ||
    values.only.some((only) => only === type || only === `${type}-${api}`)
  );
  if (sizes.length > 0) {
    console.log(
      row(["peak resident memory, MiB", ...sizes.map((size) => size.toLocaleString("en"))]),
    );
    console.log(row(["---", ...sizes.map(() => "--:")]));
  }
  for (const kind of sizes.length > 0 ? kinds : []) {
    const cells: string[] = [];
    for (const size of sizes) {
      cells.push(cell(await taken(kind, size, { page: PAGE, bytes: BYTES })));
    }
    console.log(row([`${kind.type}, version ${kind.api}`, ...cells]));
  }
  for (const users of values.users.map(Number)) {
    const kind = { type: "user_timeline", api: "2" } as const;
    const took = await taken(kind, users, { page: 1, bytes: 300 });
    console.log(`${users.toLocaleString("en")} users, one tweet each: ${cell(took)}`);
  }
}
