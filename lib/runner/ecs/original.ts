/** The services and tasks in ECS that the Python original's commands and rules started. */

import type { EcsCluster } from "./client.ts";

/** The name of the one container of its tasks. */
export const ORIGINAL_CONTAINER = "twarc-cloud-container";
/** Matches the names that ECS accepts: the original put an id into one unchanged. */
const ECS_NAME = /^[A-Za-z0-9_-]{1,255}$/;

/** A definition of the original's: the collection that its task harvests, and the secret that stops it. */
export interface OriginalDefinition {
  bucket: string;
  collectionId: string;
  secret: string | undefined;
}

/**
 * Returns the name of the original's service for a collection; null where ECS does not accept it, so that there is
 * none.
 */
export function originalServiceFor(bucket: string, collectionId: string): string | null {
  const name = `${bucket}_${collectionId}_service`;
  return ECS_NAME.test(name) ? name : null;
}

/** The definitions of the original's tasks, each read once. */
export class OriginalDefinitions {
  readonly #cluster: EcsCluster;
  readonly #known = new Map<string, Promise<OriginalDefinition | null>>();

  constructor(cluster: EcsCluster) {
    this.#cluster = cluster;
  }

  /** Returns a definition; null where it is not one of the original's. @throws UserError, OutsideError */
  async read(arn: string): Promise<OriginalDefinition | null> {
    const known = this.#known.get(arn);
    if (known) return await known;
    const asked = this.#ask(arn);
    this.#known.set(arn, asked);
    // A failed request is repeated next time.
    asked.catch(() => this.#known.delete(arn));
    return await asked;
  }

  async #ask(taskDefinition: string): Promise<OriginalDefinition | null> {
    const { DescribeTaskDefinitionCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeTaskDefinitionCommand({ taskDefinition });
    const found = await this.#cluster.attempt(
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
