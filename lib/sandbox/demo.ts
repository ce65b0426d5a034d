/** The command `twarc-cloud demo`: the main job against the sandbox, by the commands that a person types. */

import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import { readFile, readTextFile } from "../base/in_use.ts";
import { systemClock } from "../base/clock.ts";
import { FILES } from "../collection/layout.ts";
import { OutsideError } from "../base/errors.ts";
import { denoFolder } from "../base/folders.ts";
import { readIds } from "../twitter/bytes/ids.ts";
import { makeDemoFolder, noteDemo } from "./demo_folder.ts";
import { EVERYTHING } from "./query.ts";
import { type Sandbox, startSandbox } from "./server.ts";
import { World } from "./world.ts";

/** Options of the demo. */
export interface DemoContext {
  print: (line: string) => void;
  signal: AbortSignal;
  /** The command line that starts this program again. */
  self: readonly string[];
  env: Record<string, string | undefined>;
  /** The folder for everything that the demo makes. */
  folder: string;
}

const USERS = 12;
const TWEETS = 400;
/** Milliseconds before each response: the API is far away. */
const DELAY_MS = 100;
/** Tweets that the filter collection has to collect. */
const STREAMED = 50;

/**
 * Makes a timeline, a search and a filter collection in a folder bucket, harvests each, checks every manifest,
 * harvests the timeline again, and makes a table of it.
 * @throws UserError for a folder that is not the demo's, or not its alone; OutsideError where a step fails.
 */
export async function runDemo(context: DemoContext): Promise<void> {
  const begun = performance.now();
  await makeDemoFolder(context.folder);
  const world = World.create({ clock: systemClock, users: USERS, tweetsPerUser: TWEETS });
  const sandbox = startSandbox({ world, delayMs: DELAY_MS });
  const demo = new Demo(context, sandbox);
  try {
    await demo.keys();
    await demo.timeline();
    await demo.search();
    await demo.filter();
    await demo.look();
    await demo.again();
    await demo.table();
    demo.farewell((performance.now() - begun) / 1_000);
  } finally {
    await sandbox.close();
    await noteDemo(context.folder);
  }
}

class Demo {
  readonly #context: DemoContext;
  readonly #sandbox: Sandbox;

  constructor(context: DemoContext, sandbox: Sandbox) {
    this.#context = context;
    this.#sandbox = sandbox;
  }

  async keys(): Promise<void> {
    this.#title("Keys: the sandbox's own, where twarc keeps them");
    await this.#type(["configure"]);
  }

  async timeline(): Promise<void> {
    this.#title(`A user timeline collection: ${USERS - 1} accounts, ${TWEETS} tweets each`);
    await this.#type([
      "collection-config",
      "template",
      "user_timeline",
      "--id=demo_timelines",
      "--yes",
    ]);
    await this.#type(["collection-config", "keys"]);
    await this.#type(["collection", "add"]);
    const users = [...this.#sandbox.world.users.values()].slice(0, -1);
    const names = users.map((user) => `@${user.screenName}`);
    await this.#type(["collection-config", "screennames", ...names, "@nobody_at_all"]);
    await this.#type(["collection-config", "update"]);
    await this.#type(["collection-config", "estimate"]);
    const before = this.#sandbox.ledger.totalBilled;
    await this.#type(["collection", "once", "demo_timelines", "--wait", "--yes"]);
    const after = this.#sandbox.ledger.totalBilled;
    this.#context.print(
      `  (X would have billed ${after.posts - before.posts} posts and ${
        after.users - before.users
      } users ` +
        `for it, ${
          (after.dollars - before.dollars).toFixed(2)
        } dollars: the sandbox keeps the account)`,
    );
  }

  async search(): Promise<void> {
    this.#title("A search collection: tweets about marmots");
    await this.#type(["collection-config", "template", "search", "--id=demo_search", "--yes"]);
    await this.#edit("the query", (config) => ({ ...config, search: { query: "marmots" } }));
    await this.#type(["collection-config", "keys"]);
    await this.#type(["collection", "add"]);
    await this.#type(["collection", "once", "demo_search", "--wait"]);
  }

  async filter(): Promise<void> {
    this.#title("A filter collection: a live stream");
    await this.#type(["collection-config", "template", "filter", "--id=demo_filter", "--yes"]);
    await this.#edit("what to track", (config) => ({ ...config, filter: { track: EVERYTHING } }));
    await this.#type(["collection-config", "keys"]);
    await this.#type(["collection", "add"]);
    await this.#type(["collection", "filter-start", "demo_filter"]);
    await this.#stream();
    await this.#type(["harvest", "running", "demo_filter"]);
    await this.#type(["collection", "filter-stop", "demo_filter"]);
  }

  async look(): Promise<void> {
    this.#title("What is in the bucket now");
    const files = await filesBelow(this.#path("twarc-cloud-data", "collections"));
    for (const file of files) {
      this.#context.print(`  ${file.slice(this.#context.folder.length + 1)}`);
    }
    this.#title("Every manifest checked, as `sha1sum -c` and `gzip -t` do");
    for (const file of pickManifests(files)) {
      const tweets = await checkManifest(file);
      this.#context.print(
        `  ${file.slice(this.#context.folder.length + 1)}: intact, ${tweets} tweets`,
      );
    }
  }

  async again(): Promise<void> {
    this.#title("Ten new tweets: the next harvest brings those and nothing else");
    const [user] = this.#sandbox.world.users.keys();
    this.#sandbox.world.post(user ?? "", 10);
    await this.#type(["collection", "once", "demo_timelines", "--wait", "--yes"]);
    const last = await this.#read(["harvest", "last", "demo_timelines", "--json"]);
    if (!/"tweets": 10,/.test(last)) {
      throw new OutsideError("The second harvest did not collect the ten new tweets");
    }
  }

  async table(): Promise<void> {
    this.#title("A table of them, which a spreadsheet opens with a double click");
    await this.#type(["collection", "export", "demo_timelines", "--excel"]);
    const table = this.#path("export", "demo_timelines.csv");
    const { counts } = exportSchema.parse(
      JSON.parse(await readTextFile(`${table}.export.json`)),
    );
    const collection = this.#path("twarc-cloud-data", "collections", "demo_timelines");
    let tweets = 0;
    for (const file of pickManifests(await filesBelow(collection))) {
      tweets += await checkManifest(file);
    }
    if (counts.rows !== tweets) {
      throw new OutsideError(`The table has ${counts.rows} rows, the manifests ${tweets} tweets`);
    }
    this.#context.print(`  Open it: ${table}`);
  }

  farewell(seconds: number): void {
    this.#title("The same with your own keys");
    for (
      const command of [
        "configure",
        "collection-config template search --id=my_search",
        "collection-config keys",
        "collection add",
        "collection once my_search --wait",
      ]
    ) this.#context.print(`  twarc-cloud ${command}`);
    this.#context.print("After the template, put your query into collection.json.");
    this.#context.print("");
    this.#context.print(
      `Done in ${seconds.toFixed(1)} s. The results are in ${this.#context.folder}`,
    );
  }

  #title(text: string): void {
    this.#context.print("");
    this.#context.print(`== ${text}`);
  }

  /** Runs a command as a person would, its output shown. @throws OutsideError where it fails. */
  async #type(args: string[]): Promise<void> {
    this.#context.print(`$ twarc-cloud ${args.join(" ")}`);
    const { code } = await this.#command(args, "inherit").spawn().status;
    this.#context.signal.throwIfAborted();
    if (code !== 0) throw new OutsideError(`That command ended with exit code ${code}`);
  }

  async #read(args: string[]): Promise<string> {
    return new TextDecoder().decode((await this.#command(args, "piped").output()).stdout);
  }

  #command(args: string[], stdout: "inherit" | "piped"): Deno.Command {
    const { self: [command = "", ...before], env, folder } = this.#context;
    const { consumer_key, consumer_secret, access_token, access_token_secret } = this.#sandbox.keys;
    return new Deno.Command(command, {
      args: [...before, ...args],
      cwd: folder,
      stdin: "null",
      stdout,
      env: {
        // Deno's cache lies in the home folder, which is another one for the commands.
        DENO_DIR: denoFolder({ env }),
        HOME: folder,
        USERPROFILE: folder,
        LOCALAPPDATA: "",
        XDG_STATE_HOME: "",
        TWITTER_API_URL: this.#sandbox.url.href,
        CONSUMER_KEY: consumer_key,
        CONSUMER_SECRET: consumer_secret,
        ACCESS_TOKEN: access_token,
        ACCESS_TOKEN_SECRET: access_token_secret,
      },
    });
  }

  /** Changes collection.json as a person does in an editor. */
  async #edit(
    what: string,
    change: (config: Record<string, unknown>) => Record<string, unknown>,
  ): Promise<void> {
    this.#context.print(`  (puts ${what} into collection.json)`);
    const path = this.#path("collection.json");
    await Deno.writeTextFile(
      path,
      JSON.stringify(change(JSON.parse(await readTextFile(path))), null, 2),
    );
  }

  /** Publishes tweets while the harvester listens, until it has some. */
  async #stream(): Promise<void> {
    const { world, filtered } = this.#sandbox;
    // By the one whose timeline is not collected: the second harvest of those is to find ten new ones.
    const author = [...world.users.keys()].at(-1) ?? "";
    for (let sent = 0; sent < STREAMED;) {
      this.#context.signal.throwIfAborted();
      await systemClock.sleep(20, this.#context.signal);
      if (filtered.size > 0) sent += world.post(author).length;
    }
    await systemClock.sleep(200, this.#context.signal);
  }

  #path(...parts: string[]): string {
    return join(this.#context.folder, ...parts);
  }
}

const encoder = new TextEncoder();
/** The members of the document beside a table that the demo reads. */
const exportSchema = z.object({ counts: z.object({ rows: z.number() }) });

async function filesBelow(folder: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = join(folder, name);
    files.push(...isDirectory ? await filesBelow(path) : [path]);
  }
  return files.sort();
}

/** Returns those files that are manifests. @throws OutsideError where none is: nothing would be checked. */
function pickManifests(files: string[]): string[] {
  const manifests = files.filter((file) => basename(file) === FILES.manifest);
  if (manifests.length === 0) throw new OutsideError("No harvest has a manifest");
  return manifests;
}

/** Returns the tweets in the files that a manifest lists. @throws OutsideError for one that is not as listed. */
async function checkManifest(manifest: string): Promise<number> {
  let tweets = 0;
  for (const row of (await readTextFile(manifest)).split("\n").filter(Boolean)) {
    const [sha1 = "", name = ""] = row.split("  ");
    const bytes = await readFile(join(manifest, "..", name));
    if (createHash("sha1").update(bytes).digest("hex") !== sha1) {
      throw new OutsideError(`${name} does not match its entry in ${manifest}`);
    }
    if (!name.startsWith("tweets-")) continue;
    const lines = gunzipSync(bytes).toString().split("\n").filter(Boolean);
    tweets += lines.reduce((n, line) => n + readIds(encoder.encode(line)).length, 0);
  }
  return tweets;
}
