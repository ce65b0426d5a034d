/** A harvester as a process of its own, in a place of its own, with what it asks counted. */

import { join } from "node:path";
import { z } from "zod";
import { systemClock } from "../../lib/base/clock.ts";
import { ControlClient } from "../../lib/control/control.ts";
import { type Sandbox, startSandbox } from "../../lib/sandbox/server.ts";
import { World } from "../../lib/sandbox/world.ts";
import { Place } from "../e2e/program.ts";
import type { Moto } from "../peers/moto.ts";
import { type Bucket, FolderBucket, S3Bucket } from "./buckets.ts";
import type { Plan } from "./plan.ts";
import { S3Proxy } from "./s3_proxy.ts";

/** The id of every collection: each has a bucket to itself. */
export const ID = "c";
const SECRET = "soak";

const lockSchema = z.looseObject({ control: z.string().optional() });

/** A process that harvests. */
export class Harvester {
  /** Its exit code, and what it said. */
  readonly ended: Promise<{ code: number; said: string }>;
  hasEnded = false;
  readonly #child: Deno.ChildProcess;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.ended = child.output().then(({ code, stdout, stderr }) => {
      this.hasEnded = true;
      const decoder = new TextDecoder();
      return { code, said: decoder.decode(stdout) + decoder.decode(stderr) };
    });
  }

  /** Sends it a signal; one that has ended gets none. */
  kill(signal: Deno.Signal): void {
    try {
      if (!this.hasEnded) this.#child.kill(signal);
    } catch {
      // It has ended by itself.
    }
  }
}

/** What a collection's harvests work with: an API, a bucket, and a folder for their temporary files. */
export class Workplace {
  readonly sandbox: Sandbox;
  readonly bucket: Bucket;
  /** Only in front of S3. */
  readonly proxy: S3Proxy | null;
  /** Called when the API has made an answer that was not sent yet. */
  onAnswer: () => void = () => {};
  /** Called with the id of each tweet that goes out on a stream. */
  onSent: (id: string) => void = () => {};
  /** How many streams were opened. */
  streams = 0;
  readonly #plan: Plan;
  readonly #place: Place;
  readonly #processes = new Set<Harvester>();

  private constructor(
    plan: Plan,
    folder: string,
    parts: { bucket: Bucket; proxy: S3Proxy | null },
  ) {
    this.#plan = plan;
    this.bucket = parts.bucket;
    this.proxy = parts.proxy;
    this.sandbox = startSandbox({
      world: World.create({ clock: systemClock, ...plan }),
      delayMs: plan.delayMs,
      replay: plan.replay,
      limit: 1_000_000,
      onRequest: ({ path, status }) => {
        if (/(filter\.json|search\/stream)$/.test(path) && status === 200) this.streams++;
        this.onAnswer();
      },
      onSent: ({ id }) => this.onSent(`${id}`),
    });
    this.#place = new Place(folder, this.sandbox);
  }

  /** Makes one. */
  static async make(plan: Plan, moto: () => Promise<Moto>): Promise<Workplace> {
    const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-soak-" });
    await Deno.mkdir(join(folder, "tmp"));
    if (plan.bucket === "folder") {
      const bucket = new FolderBucket(join(folder, "bucket"));
      return new Workplace(plan, folder, { bucket, proxy: null });
    }
    const peer = await moto();
    const bucket = await S3Bucket.make(`soak-${crypto.randomUUID()}`, peer);
    const proxy = await S3Proxy.start(peer.url);
    const workplace = new Workplace(plan, folder, { bucket, proxy });
    Object.assign(workplace.#place.env, peer.env, { AWS_ENDPOINT_URL: proxy.url });
    return workplace;
  }

  /** Starts a harvester. */
  harvest(): Harvester {
    const { flushSecs, tweetsPerFile } = this.#plan;
    const limits = ["--flush-secs", `${flushSecs}`, "--tweets-per-file", `${tweetsPerFile}`];
    return this.#start("run", ID, "--shutdown", "--port", "0", ...limits);
  }

  /** Removes the lock by the command for it. */
  async unlock(): Promise<{ code: number; said: string }> {
    return await this.#start("unlock", "--force", ID).ended;
  }

  /** Asks the harvester that holds the lock to stop; false where there is none that answers. */
  async stop(): Promise<boolean> {
    const lock = await this.object(`collections/${ID}/lock.json`, lockSchema);
    if (!lock?.control) return false;
    const secret = () => Promise.resolve(SECRET);
    const options = { collectionId: ID, secret, clock: systemClock };
    const client = new ControlClient(new URL(lock.control), options);
    return await client.stop().then(() => true, () => false);
  }

  /** A JSON object of the bucket. */
  async object<T>(key: string, schema: z.ZodType<T>): Promise<T | null> {
    const found = await this.bucket.get(key);
    return found && schema.parse(JSON.parse(new TextDecoder().decode(found.bytes)));
  }

  /** Harvests' temporary files that are there, other than those that are kept for a person on purpose. */
  async temporary(): Promise<string[]> {
    const found = await Array.fromAsync(
      new FolderBucket(this.#place.path("spool")).list(""),
    );
    const keys = found.map(({ key }) => `spool${key}`);
    const kept = new Set(keys.filter((key) => /\/cut-\d+\.json$/.test(key)).map(folderOf));
    return keys.filter((key) => !kept.has(folderOf(key)));
  }

  /** Ends every process, and clears all away. */
  async close(): Promise<void> {
    for (const process of this.#processes) process.kill("SIGKILL");
    await Promise.all([...this.#processes].map(({ ended }) => ended));
    await this.proxy?.close();
    this.bucket.close();
    await this.sandbox.close();
    await Deno.remove(this.#place.folder, { recursive: true });
  }

  #start(...args: string[]): Harvester {
    const command = ["harvest", ...args, "--bucket", this.bucket.name];
    const harvester = new Harvester(this.#place.spawn(command, { TWARC_CLOUD_SECRET: SECRET }));
    this.#processes.add(harvester);
    return harvester;
  }
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}
