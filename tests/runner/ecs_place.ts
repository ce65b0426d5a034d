/** Runners on ECS with containers that run, for tests: each with a bucket of its own in one moto. */

import { parseBucket } from "../../lib/base/bucket_ref.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { UserError } from "../../lib/base/errors.ts";
import { EcsRunner } from "../../lib/runner/ecs/runner.ts";
import type { RunnerSettings } from "../../lib/runner/runner.ts";
import { S3Store } from "../../lib/store/s3/store.ts";
import { inContainer } from "../fakes/harvester.ts";
import {
  type Ini,
  makeAccount,
  makeSurroundings,
  type Surroundings,
} from "../peers/aws_account.ts";
import { EcsAgent } from "../peers/ecs_agent.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../peers/moto.ts";

/** What AWS's own clients are made with, but for the endpoint. */
export const CLIENT = {
  region: MOTO_REGION,
  credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
};

/** An AWS with containers that run. */
export class EcsPlace {
  readonly agent: EcsAgent;
  readonly #moto: Moto;
  readonly #surroundings: Promise<Surroundings>;
  #accounts = 0;

  private constructor(moto: Moto) {
    this.#moto = moto;
    this.#surroundings = makeSurroundings(moto);
    this.agent = new EcsAgent(moto, { entrypoint: inContainer, env: {} });
  }

  static async start(): Promise<EcsPlace> {
    return new EcsPlace(await sharedMoto());
  }

  async close(): Promise<void> {
    await this.agent.close();
    await this.#moto.close();
  }

  /** A runner with a bucket of its own. */
  async opened(more: Ini = {}, place: { controlPort?: number } = {}) {
    const { agent } = this;
    [agent.unknownFor, agent.drainsFor, agent.publicAddress] = [0, 0, undefined];
    [agent.cannotStart, agent.cannotPlace] = [undefined, undefined];
    agent.ending = undefined;
    agent.trouble.clear();
    const name = `bucket-${++this.#accounts}`;
    const ini = { ...await makeAccount(this.#moto, name, this.#surroundings), ...more };
    const bucket = ini.bucket ?? "";
    const settings = this.settingsOf(ini);
    const store = new S3Store(bucket, settings.aws);
    const self = () => Promise.resolve([]);
    const options = { store, clock: systemClock, settings, self, env: {}, pollMs: 100 };
    const runner = new EcsRunner({ bucket: parseBucket(bucket), ...options, ...place });
    const job = (collectionId: string) => ({ collectionId, flags: {} });
    const close = async () => {
      await agent.clear();
      await Promise.resolve(store.close());
    };
    return { runner, store, bucket, ini, job, close };
  }

  /** The settings that an ini file gives. */
  settingsOf(ini: Ini): RunnerSettings {
    return {
      runner: "ecs",
      aws: { region: MOTO_REGION, endpoint: this.agent.url, ...MOTO_KEYS },
      get: (name) => ini[name],
      require(name) {
        const value = ini[name];
        if (value === undefined) throw new UserError(`${name} is not set`);
        return value;
      },
    };
  }
}

/** What a test of a runner works with. */
export type Account = Awaited<ReturnType<EcsPlace["opened"]>>;

/** Registers a test with an account of its own, which is cleared away. */
export function accountTest(
  place: () => EcsPlace,
  name: string,
  use: (account: Account) => Promise<void>,
): void {
  Deno.test(name, async () => {
    const account = await place().opened();
    try {
      await use(account);
    } finally {
      await account.close();
    }
  });
}
