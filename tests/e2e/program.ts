/** Runs the real program, with the permissions that it is shipped with, in a folder of its own. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { Collections } from "../../lib/bucket/collections.ts";
import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { systemClock } from "../../lib/base/clock.ts";
import type { JsonObject } from "../../lib/base/json.ts";
import { localFolder } from "../../lib/runner/local/state.ts";
import { openStore } from "../../lib/store/open.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../lib/sandbox/server.ts";
import { removeFolder } from "../fakes/folder.ts";
import { killHolder } from "../fakes/other_processes.ts";
import { until } from "../fakes/until.ts";
import { ownEnv, personEnv, shipped, temporaryIn } from "../shipped.ts";
import { atEnd } from "../together/at_end.ts";

export { until } from "../fakes/until.ts";

const NARROW = fileURLToPath(new URL("narrow.ts", import.meta.url));
const MANY = fileURLToPath(new URL("many.ts", import.meta.url));

const ranSchema = z.object({ code: z.number(), out: z.string(), err: z.string() });

const powersSchema = z.object({
  code: z.number(),
  run: z.boolean(),
  write: z.boolean(),
  read: z.boolean(),
});

/** What a command did. */
export type Ran = z.infer<typeof ranSchema>;

/** A command line, and what it is run with. */
interface Command {
  args: string[];
  folder: string;
  env: Record<string, string>;
  /** How many times standard output takes something; then it is full. */
  writes?: number;
}

/** One process that runs the commands of all places, one after the other. */
class Many {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;

  constructor() {
    const [deno = "", ...args] = shipped(MANY);
    this.#process = new Deno.Command(deno, {
      args,
      clearEnv: true,
      env: ownEnv(),
      stdin: "piped",
      stdout: "piped",
      // Harvests log there.
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = createInterface({ input: Readable.fromWeb(this.#process.stdout) })[
      Symbol.asyncIterator
    ]();
  }

  /** Whether a command was begun whose end nobody has seen. */
  get isBusy(): boolean {
    return this.#running > 0;
  }

  async run(command: Command): Promise<Ran> {
    this.#running++;
    const ran = this.#last.then(async () => {
      await this.#input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
      const { value, done } = await this.#output.next();
      assert.ok(!done, `twarc-cloud ${command.args.join(" ")} ended the process`);
      return ranSchema.parse(JSON.parse(value));
    });
    this.#last = ran.catch(() => {});
    const result = await ran;
    this.#running--;
    return result;
  }

  async close(): Promise<void> {
    if (this.isBusy) this.#process.kill("SIGKILL");
    await this.#input.close().catch(() => {});
    await this.#process.status;
  }
}

/** The one process of this isolate. */
let many: Many | undefined;

async function endMany(): Promise<void> {
  await many?.close();
  many = undefined;
}

atEnd(endMany);

/** A folder to work in, with a sandbox to ask and keys for it. */
export class Place {
  readonly folder: string;
  readonly sandbox: Sandbox;
  readonly env: Record<string, string>;
  /** A command that runs the program in a process of its own, such as one that does so in another user's name. */
  by: string[] = [];
  #isOneProcess = false;

  constructor(folder: string, sandbox: Sandbox) {
    this.folder = folder;
    this.sandbox = sandbox;
    this.env = {
      ...personEnv(folder),
      ...temporaryIn(join(folder, "tmp")),
      TWARC_CLOUD_SPOOL: join(folder, "spool"),
      NO_COLOR: "1",
      TWITTER_API_URL: sandbox.url.href,
    };
  }

  /** Starts the program. @param before A command of the shell, such as `ulimit -n 256`. */
  spawn(args: string[], env: Record<string, string> = {}, before = ""): Deno.ChildProcess {
    return this.#start(undefined, { args, env, before, stdin: "null", stderr: "piped" });
  }

  /** Runs a command, and what the process may still do after it; for what main.ts gives up. */
  async powers(
    args: string[],
    env: Record<string, string> = {},
  ): Promise<z.infer<typeof powersSchema>> {
    const options = { args, env, stdin: "null", stderr: "piped" } as const;
    const { stdout, stderr } = await this.#start(NARROW, options).output();
    const last = new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) ?? "";
    assert.ok(last.startsWith("{"), new TextDecoder().decode(stderr));
    return powersSchema.parse(JSON.parse(last));
  }

  /** Has the one process of this isolate run all commands from now on, each with the environment as it is then. */
  useOneProcess(): void {
    this.#isOneProcess = true;
  }

  /** Runs a command to its end. */
  async run(...args: string[]): Promise<Ran> {
    if (this.#isOneProcess && this.by.length === 0) {
      const { folder, env } = this;
      return await (many ??= new Many()).run({ args, folder, env });
    }
    const { code, stdout, stderr } = await this.spawn(args).output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  }

  /** Runs a command in the one process, whose standard output is full after so many writes. */
  async runFull(writes: number, ...args: string[]): Promise<Ran> {
    const { folder, env } = this;
    return await (many ??= new Many()).run({ args, folder, env, writes });
  }

  /** Harvests to the end in whatever process runs commands: where starting a harvester is not the point. */
  async harvest(id: string): Promise<void> {
    await this.ok("harvest", "run", "--shutdown", "--port", "0", id);
  }

  /** Asks a harvest to end in good order: by SIGTERM, and on Windows, which has no signals, by the command for it. */
  async end(harvest: Deno.ChildProcess, id: string): Promise<void> {
    if (Deno.build.os === "windows") await this.ok("collection", "stop", "--now", id);
    else harvest.kill("SIGTERM");
  }

  /** Kills a harvest. @param id Its collection, where the bucket is there: forget() frees it otherwise. */
  async kill(harvest: Deno.ChildProcess, id?: string): Promise<void> {
    harvest.kill("SIGKILL");
    await harvest.output();
    if (id !== undefined) await this.forget(id);
  }

  /** Removes the lock of a harvest that was killed, on Windows, which does not show that its process is gone. */
  async forget(id: string): Promise<void> {
    if (Deno.build.os === "windows") await this.ok("harvest", "unlock", "--force", id);
  }

  /** Ends what still runs a command. */
  async close(): Promise<void> {
    if (this.#isOneProcess && many?.isBusy) await endMany();
  }

  #start(
    script: string | undefined,
    { args, env, before = "", ...streams }: {
      args: string[];
      env: Record<string, string>;
      before?: string;
      stdin: "null";
      stderr: "piped";
    },
  ): Deno.ChildProcess {
    const command = [...this.by, ...shipped(script), ...args];
    const [first = "", ...rest] = before
      ? ["sh", "-c", `${before}; exec "$@"`, "sh", ...command]
      : command;
    return new Deno.Command(first, {
      args: rest,
      cwd: this.folder,
      clearEnv: true,
      env: { ...this.env, ...env },
      stdout: "piped",
      ...streams,
    }).spawn();
  }

  /** Runs a command that has to work; what it printed. */
  async ok(...args: string[]): Promise<string> {
    const { code, out, err } = await this.run(...args);
    assert.equal(code, 0, `twarc-cloud ${args.join(" ")}: ${out}${err}`);
    return out;
  }

  /** A file's path in the folder. */
  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  /** The path of what the runner keeps in the person's state folder, such as `kept/live.json`. */
  async runnerPath(...parts: string[]): Promise<string> {
    const bucket = parseBucket(this.path("twarc-cloud-data"));
    return join(await localFolder({ bucket, aws: {}, env: this.env }), "runner", ...parts);
  }

  /** Writes a JSON file in the folder. */
  async writeJson(name: string, value: unknown): Promise<void> {
    await Deno.writeTextFile(this.path(name), JSON.stringify(value, null, 2));
  }

  /** Adds a collection with the sandbox's keys to the folder bucket, as `collection add` does. */
  async add(config: JsonObject): Promise<void> {
    const store = await openStore(parseBucket(this.path("twarc-cloud-data")));
    const collections = new Collections(store, systemClock);
    await this.writeJson(
      "collection.json",
      await collections.add({ keys: { ...this.sandbox.keys }, ...config }),
    );
  }

  /** Adds a collection with the sandbox's keys by the command, to whatever bucket the place has. */
  async addByCommand(config: JsonObject): Promise<void> {
    await this.writeJson("collection.json", { keys: { ...this.sandbox.keys }, ...config });
    await this.ok("collection", "add");
  }

  /** New tweets of the world's first user; their ids. */
  post(count: number): string[] {
    const [user = ""] = this.sandbox.world.users.keys();
    return this.sandbox.world.post(user, count).map((status) => `${status.id}`);
  }

  /** What a running harvest says of itself. */
  async running(id: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.ok("harvest", "running", id, "--json"));
  }

  /** A JSON object of the bucket. */
  async object(key: string): Promise<unknown> {
    return JSON.parse(await Deno.readTextFile(this.path("twarc-cloud-data", "collections", key)));
  }

  /** The folders of a collection's harvests, oldest first. */
  async harvests(id: string): Promise<string[]> {
    const root = this.path("twarc-cloud-data", "collections", id, "harvests");
    const found: string[] = [];
    for await (const file of filesBelow(root)) {
      if (file.endsWith("/collection.json")) found.push(file.slice(0, -"/collection.json".length));
    }
    return found.sort();
  }

  /**
   * Every tweet line of a collection, harvest by harvest, as the manifests list them. Checks that what is
   * listed is there and whole, with the right checksum, and, when no harvest runs, that no tweets file is
   * there unlisted.
   */
  async tweets(id: string): Promise<string[]> {
    const lines: string[] = [];
    const isLive = await this.object(`${id}/lock.json`).catch(() => null) !== null;
    for (const folder of await this.harvests(id)) lines.push(...await tweetsOf(folder, { isLive }));
    return lines;
  }
}

/** The tweet lines of one harvest's folder, checked against its manifest. */
export async function tweetsOf(folder: string, { isLive = false } = {}): Promise<string[]> {
  const manifest = await Deno.readTextFile(join(folder, "manifest-sha1.txt")).catch(() => "");
  const listed = new Set<string>();
  const lines: string[] = [];
  for (const row of manifest.split("\n").filter(Boolean)) {
    const [, sha1, name = ""] = /^([0-9a-f]{40}) {2}(\S+)$/.exec(row) ?? assert.fail(row);
    const bytes = await Deno.readFile(join(folder, name)).catch((error) => {
      // A piece was merged into its segment after the manifest was read.
      if (isLive && error instanceof Deno.errors.NotFound) return null;
      throw error;
    });
    if (!bytes) return await tweetsOf(folder, { isLive });
    assert.equal(createHash("sha1").update(bytes).digest("hex"), sha1, name);
    listed.add(name);
    if (!name.startsWith("tweets-")) continue;
    // Fails on a file of several gzip members, and on one that is cut.
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const text = await new Response(stream).text();
    assert.equal(text, gunzipSync(bytes).toString());
    assert.ok(text.endsWith("\n"));
    lines.push(...text.slice(0, -1).split("\n"));
  }
  for await (const { name } of Deno.readDir(folder)) {
    if (isLive || !name.startsWith("tweets-")) continue;
    assert.ok(listed.has(name), `${name} is not in the manifest`);
  }
  return lines;
}

/** Runs a test in a new place, and clears it away with every process that was left. */
export async function inPlace(
  use: (place: Place) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  await Deno.mkdir(join(folder, "tmp"));
  const sandbox = startSandbox(options);
  const place = new Place(folder, sandbox);
  try {
    await use(place);
  } finally {
    await place.close();
    await killHarvesters(folder);
    await sandbox.close();
    await removeFolder(folder);
  }
}

/** As `inPlace`, with one process for all commands: where they are many, and how one starts and ends is not the point. */
export async function inOneProcess(
  use: (place: Place) => Promise<void>,
  options: SandboxOptions = {},
): Promise<void> {
  await inPlace(async (place) => {
    place.useOneProcess();
    await use(place);
  }, options);
}

/** The id_str of each line. */
export function idsOf(lines: string[]): string[] {
  return lines.map((line) => String(JSON.parse(line).id_str));
}

/** The process that holds a collection's lock. */
export async function pidOf(place: Place, id: string): Promise<number> {
  const lock = await until(() => place.object(`${id}/lock.json`).catch(() => null));
  assert.ok(typeof lock === "object" && lock && "pid" in lock && typeof lock.pid === "number");
  return lock.pid;
}

/** Ends the harvesters whose locks are in a place, and who would start them again. */
async function killHarvesters(folder: string): Promise<void> {
  // A harvester that ends by itself takes its lock with it.
  const read = async (file: string) =>
    JSON.parse(await Deno.readTextFile(file).catch(() => "null")) ?? {};
  const files = await Array.fromAsync(filesBelow(folder));
  for (const file of files.filter((path) => /\/runner\/kept\/[^/]+\.json$/.test(path))) {
    killHolder((await read(file)).process);
  }
  for (const file of files.filter((path) => path.endsWith("/lock.json"))) {
    const lock = await read(file);
    if (lock.pid !== undefined) killHolder(lock);
  }
}

/** Yields the paths of files below a folder, with slashes below it on every system. */
export async function* filesBelow(folder: string): AsyncGenerator<string> {
  for (const entry of await Array.fromAsync(Deno.readDir(folder)).catch(() => [])) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}
