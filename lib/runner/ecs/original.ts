/** What the Python original left in ECS: the services and tasks that its commands and rules started. */

import type { EcsCluster } from "./client.ts";

/** The name of the one container of its tasks. */
export const ORIGINAL_CONTAINER = "twarc-cloud-container";
/** What a name in ECS may have, and how long it may be: the original put an id into it as it was. */
const ECS_NAME = /^[A-Za-z0-9_-]{1,255}$/;

/** What a definition of the original's says: whom its task harvests, and the secret that it is stopped with. */
export interface OriginalDefinition {
  bucket: string;
  collectionId: string;
  secret: string | undefined;
}

/** Returns the name of the original's service for a collection; null where ECS takes no such name, so that there is none. */
export function originalServiceOf(bucket: string, collectionId: string): string | null {
  const name = `${bucket}_${collectionId}_service`;
  return ECS_NAME.test(name) ? name : null;
}

/** The definitions of the original's tasks, each looked at once. */
export class OriginalDefinitions {
  readonly #cluster: EcsCluster;
  readonly #known = new Map<string, Promise<OriginalDefinition | null>>();

  constructor(cluster: EcsCluster) {
    this.#cluster = cluster;
  }

  /** Returns what a definition says; null where it is none of the original's. @throws UserError, OutsideError */
  async read(arn: string): Promise<OriginalDefinition | null> {
    const known = this.#known.get(arn);
    if (known) return await known;
    const asked = this.#ask(arn);
    this.#known.set(arn, asked);
    // What failed is asked for again.
    asked.catch(() => this.#known.delete(arn));
    return await asked;
  }

  async #ask(taskDefinition: string): Promise<OriginalDefinition | null> {
    const { DescribeTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeTaskDefinitionCommand({ taskDefinition });
    const found = await this.#cluster.tried(
      "Looking at a task of the Python original",
      async (client) => await client.send(command),
    );
    const container = found.taskDefinition?.containerDefinitions
      ?.find(({ name }) => name === ORIGINAL_CONTAINER);
    const [group, what, bucket, collectionId] = container?.command ?? [];
    if (group !== "aws" || what !== "harvester" || !bucket || !collectionId) return null;
    const secret = container?.environment?.find(({ name }) => name === "secret_key")?.value;
    return { bucket, collectionId, secret };
  }
}
