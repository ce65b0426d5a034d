/** The definitions of harvesters' tasks, and the secrets that these need. */

import { createHash } from "node:crypto";
import { controlSecretName } from "../../secrets/control_secret.ts";
import { ParameterStore } from "../../secrets/parameter_store.ts";
import { newSecret } from "../../secrets/secret_store.ts";
import type { EcsCluster } from "./client.ts";
import { OWN_SERVICE } from "./own_service.ts";
import type { EcsTasks } from "./tasks.ts";
import type { Job, RunnerSettings } from "../runner.ts";
import { CONTROL_PORT, definitionFor, imageFor } from "./task_definition.ts";

/** Options of EcsDefinitions. */
export interface DefinitionsOptions {
  /** The bucket's name, without `s3://`. */
  bucket: string;
  cluster: EcsCluster;
  tasks: EcsTasks;
  settings: RunnerSettings;
  env: Record<string, string | undefined>;
}

/** The definitions of one bucket's harvesters. Methods throw UserError and OutsideError. */
export class EcsDefinitions {
  readonly #options: DefinitionsOptions;
  readonly #secrets: ParameterStore;

  constructor(options: DefinitionsOptions) {
    const { bucket, settings } = options;
    this.#options = options;
    this.#secrets = new ParameterStore(bucket, settings.aws);
  }

  /**
   * Registers the definition of a collection's task; returns its ARN, and the control secret that the task gets.
   * @param service The name of the service that is to keep it running.
   * @param keepSecret Whether an existing control secret stays: a task may be about to start with it.
   */
  async define(
    job: Job,
    { shutdown, keepSecret, service }: {
      shutdown: boolean;
      keepSecret: boolean;
      service?: string;
    },
  ): Promise<{ arn: string; secret: string }> {
    const { bucket, cluster, tasks, settings, env } = this.#options;
    // Before anything is written: an ini of the original has none.
    imageFor(settings);
    const region = await cluster.region();
    const { collectionId } = job;
    const known = keepSecret ? await this.secret(collectionId) : undefined;
    const secret = known ?? await this.#newSecret(collectionId);
    const definition = definitionFor({
      bucket,
      job,
      shutdown,
      settings,
      region,
      env: {
        TWARC_CLOUD_HOST: "0.0.0.0",
        TWARC_CLOUD_PORT: `${CONTROL_PORT}`,
        TWARC_CLOUD_LOG: "json",
        AWS_REGION: region,
        ...(service === undefined ? {} : { [OWN_SERVICE]: `${cluster.name} ${service}` }),
        ...(env.TWITTER_API_URL ? { TWITTER_API_URL: env.TWITTER_API_URL } : {}),
      },
      secrets: {
        TWARC_CLOUD_SECRET: this.#secrets.nameFor(controlSecretName(collectionId)),
        ...await this.#honeybadger(),
      },
    });
    return { arn: await tasks.define(definition), secret };
  }

  /** Returns a collection's control secret, or undefined where it has none. */
  async secret(collectionId: string): Promise<string | undefined> {
    return await this.#secrets.get(controlSecretName(collectionId)) ?? undefined;
  }

  /** Deletes a control secret that is no longer used; one that another process replaced meanwhile is left to it. */
  async forget(collectionId: string, secret: string): Promise<void> {
    if (await this.secret(collectionId) !== secret) return;
    await this.#secrets.delete(controlSecretName(collectionId));
  }

  async #newSecret(collectionId: string): Promise<string> {
    const secret = newSecret();
    await this.#secrets.put(controlSecretName(collectionId), secret);
    return secret;
  }

  /** Stores each key under a name of its own: that of another person's installation stays as it is. */
  async #honeybadger(): Promise<Record<string, string>> {
    const key = this.#options.settings.get("honeybadger_key");
    if (!key) return {};
    const sum = createHash("sha256").update(key).digest("hex").slice(0, 8);
    const name = `honeybadger-key-${sum}`;
    if (await this.#secrets.get(name) !== key) await this.#secrets.put(name, key);
    return { HONEYBADGER_API_KEY: this.#secrets.nameFor(name) };
  }
}
