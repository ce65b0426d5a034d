/** The tasks of one ECS cluster, as far as harvesters need them. */

import type { RegisterTaskDefinitionCommandInput, Task } from "@aws-sdk/client-ecs";
import { awsConfig, awsError, awsFailure } from "../../base/aws.ts";
import { OutsideError } from "../../base/errors.ts";
import { ecsFault } from "./faults.ts";
import type { EcsCluster } from "./client.ts";
import { ORIGINAL_CONTAINER, OriginalDefinitions } from "./original.ts";
import { CONTAINER, FINGERPRINT, idOfTag, overridesFor } from "./task_definition.ts";

/** A harvester's task. */
export interface HarvesterTask {
  arn: string;
  collectionId: string;
  bucket: string;
  /** PROVISIONING, PENDING, RUNNING, DEACTIVATING, STOPPING, STOPPED ... */
  status: string;
  /** Why its container stopped, or otherwise the task, in AWS's words. */
  reason: string | undefined;
  /** Why the task stopped, in AWS's words. */
  stoppedReason: string | undefined;
  /** Whether it is to run: otherwise it is being stopped, or has ended. */
  isWanted: boolean;
  /** The code of its stop: TaskFailedToStart, EssentialContainerExited, UserInitiated ... */
  stopCode: string | undefined;
  /** The origin of the task: for a task of a service the id of its deployment. */
  startedBy: string | undefined;
  /** In milliseconds since 1970, by AWS's clock. */
  createdAt: number | undefined;
  stoppedAt: number | undefined;
  /** Of the container, once it has ended. */
  exitCode: number | undefined;
  /** Its definition. */
  definition: string;
  /** Whether the Python original started it. */
  isOriginal: boolean;
  /** Its network interface. */
  networkInterface: string | undefined;
}

/** The placement of tasks. */
export interface Placement {
  subnet: string;
  securityGroup: string;
  /** Whether to use spare capacity, which is cheaper and may be reclaimed. */
  spot: boolean;
}

/** Tags as ECS has them. */
export type Tags = { key: string; value: string }[];

/** The tasks of a cluster. Methods throw UserError and OutsideError. */
export class EcsTasks {
  readonly #cluster: EcsCluster;
  /** The definitions of the Python original. */
  readonly originals: OriginalDefinitions;

  constructor(cluster: EcsCluster) {
    this.#cluster = cluster;
    this.originals = new OriginalDefinitions(cluster);
  }

  /** Registers a definition, unless the newest of its family is the same; returns its ARN. */
  async define(wanted: RegisterTaskDefinitionCommandInput): Promise<string> {
    const sdk = await import("@aws-sdk/client-ecs");
    return await this.#cluster.attempt("Registering the task definition", async (client) => {
      const ask = new sdk.DescribeTaskDefinitionCommand({ taskDefinition: wanted.family });
      const found = await client.send(ask).catch((error) => {
        if (/^(ClientException|InvalidParameterException)$/.test(awsFailure(error).code)) {
          return null;
        }
        throw error;
      });
      const known = found?.taskDefinition;
      const labels = known?.containerDefinitions?.[0]?.dockerLabels ?? {};
      const label = wanted.containerDefinitions?.[0]?.dockerLabels?.[FINGERPRINT];
      if (known?.taskDefinitionArn && labels[FINGERPRINT] === label) return known.taskDefinitionArn;
      const made = await client.send(new sdk.RegisterTaskDefinitionCommand(wanted));
      return made.taskDefinition?.taskDefinitionArn ?? "";
    });
  }

  /** Starts one task; returns its ARN. */
  async run(
    definition: string,
    { place, tags, command: own }: {
      place: Placement;
      tags: Tags;
      /** Replaces the definition's. */
      command: string[] | undefined;
    },
  ): Promise<string> {
    const { RunTaskCommand } = await import("@aws-sdk/client-ecs");
    const command = new RunTaskCommand({
      cluster: this.#cluster.name,
      taskDefinition: definition,
      count: 1,
      ...launchOptions(place),
      enableECSManagedTags: true,
      tags,
      ...own ? { overrides: overridesFor(own) } : {},
    });
    const { tasks, failures } = await this.#cluster.attempt(
      "Starting the task",
      async (client) => await client.send(command),
    );
    const arn = tasks?.[0]?.taskArn;
    if (arn) return arn;
    const why = failures?.flatMap(({ reason, detail }) => [reason, detail].filter(Boolean))
      .join(", ");
    if (why) throw ecsFault("Starting the task", why);
    throw new OutsideError("The task could not be started: AWS gave no reason", {
      hint: "Try again later.",
    });
  }

  /** Ends a task, which gets SIGTERM. */
  async end(arn: string, reason: string): Promise<void> {
    const { StopTaskCommand } = await import("@aws-sdk/client-ecs");
    const command = new StopTaskCommand({ cluster: this.#cluster.name, task: arn, reason });
    await this.#cluster.attempt("Stopping the task", async (client) => await client.send(command));
  }

  /**
   * Yields the tasks that run, or are about to, for a bucket, or for every bucket of the cluster; not those that are
   * being stopped.
   */
  async *list(bucket: string | undefined): AsyncGenerator<HarvesterTask> {
    for await (const task of this.#listTasks(bucket, { desiredStatus: "RUNNING" })) {
      // Lists are eventually consistent: a task that was just stopped may be in them.
      if (task.isWanted) yield task;
    }
  }

  /** Yields the tasks of a bucket that ended within the last hour: ECS forgets them after that. */
  async *listEnded(
    bucket: string,
    { service }: { service?: string } = {},
  ): AsyncGenerator<HarvesterTask> {
    const serviceName = service === undefined ? {} : { serviceName: service };
    yield* this.#listTasks(bucket, { desiredStatus: "STOPPED", ...serviceName });
  }

  async *#listTasks(
    bucket: string | undefined,
    which: { desiredStatus: "RUNNING" | "STOPPED"; serviceName?: string },
  ): AsyncGenerator<HarvesterTask> {
    const { ListTasksCommand } = await import("@aws-sdk/client-ecs");
    const cluster = this.#cluster.name;
    let nextToken: string | undefined;
    do {
      const command = new ListTasksCommand({ cluster, ...which, nextToken });
      const page = await this.#cluster.attempt(
        "Listing tasks",
        async (client) => await client.send(command),
      );
      for (const found of await this.describe(page.taskArns ?? [])) {
        const task = await this.#withOwner(found);
        if (task.collectionId !== "" && (bucket ?? task.bucket) === task.bucket) yield task;
      }
      nextToken = page.nextToken;
    } while (nextToken);
  }

  /** Returns a task with its bucket and collection: those that rules of the Python original started have no tags. */
  async #withOwner(task: HarvesterTask): Promise<HarvesterTask> {
    if (!task.isOriginal || task.collectionId !== "") return task;
    const { bucket, collectionId } = await this.originals.read(task.definition) ?? task;
    return { ...task, bucket, collectionId };
  }

  /** Returns the descriptions of tasks, at most 100; those that ended long ago are omitted. */
  async describe(arns: string[]): Promise<HarvesterTask[]> {
    if (arns.length === 0) return [];
    const { DescribeTasksCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeTasksCommand({
      cluster: this.#cluster.name,
      tasks: arns,
      include: ["TAGS"],
    });
    const found = await this.#cluster.attempt(
      "Looking at tasks",
      async (client) => await client.send(command),
    );
    return (found.tasks ?? []).map(toTask);
  }

  /** Returns the public address of a network interface, or undefined while it has none. */
  async findAddress(networkInterface: string): Promise<string | undefined> {
    const { DescribeNetworkInterfacesCommand, EC2Client } = await import("@aws-sdk/client-ec2");
    try {
      const client = new EC2Client(awsConfig(this.#cluster.access));
      const command = new DescribeNetworkInterfacesCommand({
        NetworkInterfaceIds: [networkInterface],
      });
      const { NetworkInterfaces } = await client.send(command);
      return NetworkInterfaces?.[0]?.Association?.PublicIp;
    } catch (error) {
      throw awsError(error, "Looking for the harvester's address");
    }
  }
}

/** Returns where and on what a task or a service is to run, as ECS takes it. */
export function launchOptions({ subnet, securityGroup, spot }: Placement) {
  return {
    ...(spot
      ? { capacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] }
      : { launchType: "FARGATE" as const }),
    networkConfiguration: {
      awsvpcConfiguration: {
        subnets: [subnet],
        securityGroups: [securityGroup],
        assignPublicIp: "ENABLED" as const,
      },
    },
  };
}

/** The statuses of a task that ends, or has ended. */
const ENDING = new Set(["DEACTIVATING", "STOPPING", "DEPROVISIONING", "STOPPED", "DELETED"]);

function toTask(task: Task): HarvesterTask {
  const tags = new Map(task.tags?.map(({ key, value }) => [key, value]));
  const details = task.attachments?.flatMap((attachment) => attachment.details ?? []) ?? [];
  const container = task.containers?.find(({ name }) => name === CONTAINER) ?? task.containers?.[0];
  return {
    arn: task.taskArn ?? "",
    collectionId: idOfTag(tags.get("collection_id")),
    bucket: tags.get("bucket") ?? "",
    status: task.lastStatus ?? "PENDING",
    // A task that ended by itself may be wanted for a while, as far as ECS and its stand-ins know.
    isWanted: task.desiredStatus !== "STOPPED" && !ENDING.has(task.lastStatus ?? ""),
    reason: container?.reason ?? task.stoppedReason,
    stoppedReason: task.stoppedReason,
    exitCode: container?.exitCode,
    stopCode: task.stopCode,
    definition: task.taskDefinitionArn ?? "",
    isOriginal: task.containers?.some(({ name }) => name === ORIGINAL_CONTAINER) ?? false,
    startedBy: task.startedBy,
    createdAt: task.createdAt?.getTime(),
    stoppedAt: task.stoppedAt?.getTime(),
    networkInterface: details.find(({ name }) => name === "networkInterfaceId")?.value,
  };
}
