/** The services of one ECS cluster, each of which keeps the harvester of a stream running. */

import type { Service } from "@aws-sdk/client-ecs";
import type { EcsCluster } from "./client.ts";
import { originalServiceFor } from "./original.ts";
import { launchOptions, type Placement, type Tags } from "./tasks.ts";
import { idOfTag, plainName } from "./task_definition.ts";

/** A harvester's service. */
export interface HarvesterService {
  name: string;
  collectionId: string;
  bucket: string;
  /** ACTIVE, DRAINING, INACTIVE. */
  status: string;
  /** The id of its deployment, which identifies its tasks. */
  deployment: string | undefined;
  /** Why its deployment failed, if it did: it starts no more tasks. */
  givenUp: string | undefined;
  /** When its deployment changed last, in milliseconds since 1970. */
  changed: number;
  /** How many tasks it is to keep: 0 once its stream has ended by itself. */
  desired: number;
  /** How many of its tasks run. */
  running: number;
  /** Its events, the newest first; times in milliseconds since 1970, by AWS's clock. */
  events: { at: number; message: string }[];
}

/** Services that ECS describes at a time. */
const PAGE = 10;

/** The services of a cluster. Methods throw UserError and OutsideError. */
export class EcsServices {
  readonly #cluster: EcsCluster;

  constructor(cluster: EcsCluster) {
    this.#cluster = cluster;
  }

  /** Starts a service that keeps one task running. */
  async serve(
    name: string,
    definition: string,
    { place, tags }: { place: Placement; tags: Tags },
  ): Promise<void> {
    const { CreateServiceCommand } = await import("@aws-sdk/client-ecs");
    const command = new CreateServiceCommand({
      cluster: this.#cluster.name,
      serviceName: name,
      taskDefinition: definition,
      desiredCount: 1,
      deploymentConfiguration: {
        // Never two at once: the second would find the collection locked.
        minimumHealthyPercent: 0,
        maximumPercent: 100,
        // A service that cannot start is not retried, and paid for, forever; there is nothing to roll back to.
        deploymentCircuitBreaker: { enable: true, rollback: false },
      },
      ...launchOptions({ ...place, spot: false }),
      enableECSManagedTags: true,
      propagateTags: "SERVICE",
      tags,
    });
    await this.#cluster.attempt(
      "Starting the service",
      async (client) => await client.send(command),
    );
  }

  /** Returns a service; null where none exists, or did lately. */
  async find(name: string): Promise<HarvesterService | null> {
    const [service] = await this.#describe([name]);
    return service ?? null;
  }

  /** Returns whether a service of this name is active or draining. */
  async isServed(name: string): Promise<boolean> {
    return (await this.find(name))?.status === "ACTIVE";
  }

  /** Returns whether a service of this name starts tasks. */
  async isKept(name: string): Promise<boolean> {
    const found = await this.find(name);
    return found?.status === "ACTIVE" && found.desired > 0;
  }

  /**
   * Returns the name of the service that the Python original has for a collection; null where it is inactive or
   * missing. One of that name may be ours, of a collection whose id ends with `_service`: its tags show it.
   */
  async original(bucket: string, collectionId: string): Promise<string | null> {
    const name = originalServiceFor(bucket, collectionId);
    const found = name === null ? null : await this.find(name);
    const isIts = found?.bucket === bucket && found.collectionId === collectionId;
    return isIts && found.status === "ACTIVE" ? name : null;
  }

  /** Returns whether a deleted service of this name is still draining: until then no other can be created. */
  async isDraining(name: string): Promise<boolean> {
    return (await this.find(name))?.status === "DRAINING";
  }

  /** Yields the services of a bucket. */
  async *list(bucket: string): AsyncGenerator<HarvesterService> {
    const { ListServicesCommand } = await import("@aws-sdk/client-ecs");
    const prefix = plainName(`${bucket}_`);
    let nextToken: string | undefined;
    do {
      const command = new ListServicesCommand({
        cluster: this.#cluster.name,
        maxResults: PAGE,
        nextToken,
      });
      const page = await this.#cluster.attempt(
        "Listing services",
        async (client) => await client.send(command),
      );
      // A person may have permissions for those of this bucket only.
      const own = page.serviceArns?.filter((arn) => arn.split("/").at(-1)?.startsWith(prefix));
      const services = await this.#describe(own ?? []);
      yield* services.filter((one) => one.bucket === bucket && one.status === "ACTIVE");
      nextToken = page.nextToken;
    } while (nextToken);
  }

  async #describe(services: string[]): Promise<HarvesterService[]> {
    if (services.length === 0) return [];
    const { DescribeServicesCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeServicesCommand({
      cluster: this.#cluster.name,
      services,
      include: ["TAGS"],
    });
    const found = await this.#cluster.attempt(
      "Looking at the service",
      async (client) => await client.send(command),
    );
    return (found.services ?? []).map(toService);
  }

  /** Lets a service start no more tasks; it stays, as it shows how its stream ended. */
  async rest(name: string): Promise<void> {
    const { UpdateServiceCommand } = await import("@aws-sdk/client-ecs");
    const input = { cluster: this.#cluster.name, service: name, desiredCount: 0 };
    await this.#cluster.attempt(
      "Ending the service",
      async (client) => await client.send(new UpdateServiceCommand(input)),
    );
  }

  /** Deletes a service and stops its task, which gets SIGTERM. */
  async end(name: string): Promise<void> {
    const sdk = await import("@aws-sdk/client-ecs");
    const [cluster, service] = [this.#cluster.name, name];
    await this.#cluster.attempt("Stopping the service", async (client) => {
      await client.send(new sdk.UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
      await client.send(new sdk.DeleteServiceCommand({ cluster, service, force: true }));
    });
  }
}

function toService(service: Service): HarvesterService {
  const tags = new Map(service.tags?.map(({ key, value }) => [key, value]));
  const deployment = service.deployments?.find(({ status }) => status === "PRIMARY");
  const isGivenUp = deployment?.rolloutState === "FAILED";
  return {
    name: service.serviceName ?? "",
    collectionId: idOfTag(tags.get("collection_id")),
    bucket: tags.get("bucket") ?? "",
    status: service.status ?? "",
    deployment: deployment?.id,
    givenUp: isGivenUp ? deployment.rolloutStateReason ?? "ECS gave no reason" : undefined,
    changed: deployment?.updatedAt?.getTime() ?? 0,
    desired: service.desiredCount ?? 1,
    running: service.runningCount ?? 0,
    events: (service.events ?? []).map(({ createdAt, message = "" }) => ({
      at: createdAt?.getTime() ?? 0,
      message,
    })),
  };
}
