/** Tasks and services of one ECS cluster, as far as harvesters need them. */

import type { ECSClient, RegisterTaskDefinitionCommandInput, Task } from "@aws-sdk/client-ecs";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../aws.ts";
import { OutsideError, UserError } from "../errors.ts";
import { CONTAINER, FINGERPRINT } from "./task_definition.ts";

/** A harvester's task. */
export interface HarvesterTask {
  arn: string;
  collectionId: string;
  bucket: string;
  /** PROVISIONING, PENDING, RUNNING, DEACTIVATING, STOPPING, STOPPED ... */
  status: string;
  /** Why it stopped, for a person. */
  reason: string | undefined;
  /** Of the container, once it has ended. */
  exitCode: number | undefined;
  /** Its network interface. */
  networkInterface: string | undefined;
}

/** Where tasks run. */
export interface Placement {
  subnet: string;
  securityGroup: string;
  /** Whether spare capacity does, which is cheaper and may be taken away. */
  spot: boolean;
}

type Tags = { key: string; value: string }[];

/** Tasks and services of a cluster. Methods throw UserError and OutsideError. */
export class EcsTasks {
  readonly #access: AwsAccess;
  readonly #cluster: string;
  #client: ECSClient | undefined;

  constructor(cluster: string, access: AwsAccess) {
    this.#cluster = cluster;
    this.#access = access;
  }

  /** The cluster's ARN. */
  async clusterArn(): Promise<string> {
    const { DescribeClustersCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeClustersCommand({ clusters: [this.#cluster] });
    const found = await this.#tried(
      "Looking at the cluster",
      async (client) => await client.send(command),
    );
    const arn = found.clusters?.[0]?.clusterArn;
    if (arn) return arn;
    throw this.#missing();
  }

  /** Registers a definition, unless the newest of its family is the same; its ARN. */
  async define(wanted: RegisterTaskDefinitionCommandInput): Promise<string> {
    const sdk = await import("@aws-sdk/client-ecs");
    return await this.#tried("Registering the task definition", async (client) => {
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

  /** Starts one task; its ARN. */
  async run(
    definition: string,
    { place, tags }: { place: Placement; tags: Tags },
  ): Promise<string> {
    const { RunTaskCommand } = await import("@aws-sdk/client-ecs");
    const command = new RunTaskCommand({
      cluster: this.#cluster,
      taskDefinition: definition,
      count: 1,
      ...launchOf(place),
      enableECSManagedTags: true,
      tags,
    });
    const { tasks, failures } = await this.#tried(
      "Starting the task",
      async (client) => await client.send(command),
    );
    const arn = tasks?.[0]?.taskArn;
    if (arn) return arn;
    const why = failures?.map(({ reason }) => reason).join(", ") || "AWS does not say why";
    throw new OutsideError(`The task could not be started: ${why}`, { hint: "Try again later." });
  }

  /** Starts a service that keeps one task running. */
  async serve(
    name: string,
    definition: string,
    { place, tags }: { place: Placement; tags: Tags },
  ): Promise<void> {
    const { CreateServiceCommand } = await import("@aws-sdk/client-ecs");
    const command = new CreateServiceCommand({
      cluster: this.#cluster,
      serviceName: name,
      taskDefinition: definition,
      desiredCount: 1,
      // Never two at once: the second would find the collection locked.
      deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
      ...launchOf({ ...place, spot: false }),
      enableECSManagedTags: true,
      propagateTags: "SERVICE",
      tags,
    });
    await this.#tried("Starting the service", async (client) => await client.send(command));
  }

  /** Whether there is a service of this name that is not over. */
  async isServed(name: string): Promise<boolean> {
    return await this.#statusOf(name) === "ACTIVE";
  }

  /** Whether a service of this name was deleted and is not over yet: until then there can be no other. */
  async isDraining(name: string): Promise<boolean> {
    return await this.#statusOf(name) === "DRAINING";
  }

  async #statusOf(name: string): Promise<string | undefined> {
    const { DescribeServicesCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeServicesCommand({ cluster: this.#cluster, services: [name] });
    const { services } = await this.#tried(
      "Looking at the service",
      async (client) => await client.send(command),
    );
    return services?.[0]?.status;
  }

  /** Ends a service and its task, which gets SIGTERM. */
  async endService(name: string): Promise<void> {
    const sdk = await import("@aws-sdk/client-ecs");
    const [cluster, service] = [this.#cluster, name];
    await this.#tried("Stopping the service", async (client) => {
      await client.send(new sdk.UpdateServiceCommand({ cluster, service, desiredCount: 0 }));
      await client.send(new sdk.DeleteServiceCommand({ cluster, service, force: true }));
    });
  }

  /** Ends a task, which gets SIGTERM. */
  async end(arn: string, reason: string): Promise<void> {
    const { StopTaskCommand } = await import("@aws-sdk/client-ecs");
    const command = new StopTaskCommand({ cluster: this.#cluster, task: arn, reason });
    await this.#tried("Stopping the task", async (client) => await client.send(command));
  }

  /** The tasks that run, or are about to, for a bucket. */
  async *list(bucket: string): AsyncGenerator<HarvesterTask> {
    const { ListTasksCommand } = await import("@aws-sdk/client-ecs");
    let nextToken: string | undefined;
    do {
      const command = new ListTasksCommand({ cluster: this.#cluster, nextToken });
      const page = await this.#tried("Listing tasks", async (client) => await client.send(command));
      const tasks = await this.describe(page.taskArns ?? []);
      yield* tasks.filter((task) => task.bucket === bucket && task.collectionId !== "");
      nextToken = page.nextToken;
    } while (nextToken);
  }

  /** What is known of tasks, at most 100; of those that ended long ago nothing is. */
  async describe(arns: string[]): Promise<HarvesterTask[]> {
    if (arns.length === 0) return [];
    const { DescribeTasksCommand } = await import("@aws-sdk/client-ecs");
    const command = new DescribeTasksCommand({
      cluster: this.#cluster,
      tasks: arns,
      include: ["TAGS"],
    });
    const found = await this.#tried(
      "Looking at tasks",
      async (client) => await client.send(command),
    );
    return (found.tasks ?? []).map(taskOf);
  }

  /** The public address of a network interface, or undefined while it has none. */
  async addressOf(networkInterface: string): Promise<string | undefined> {
    const { DescribeNetworkInterfacesCommand, EC2Client } = await import("@aws-sdk/client-ec2");
    try {
      const client = new EC2Client(awsConfig(this.#access));
      const command = new DescribeNetworkInterfacesCommand({
        NetworkInterfaceIds: [networkInterface],
      });
      const { NetworkInterfaces } = await client.send(command);
      return NetworkInterfaces?.[0]?.Association?.PublicIp;
    } catch (error) {
      throw awsError(error, "Looking for the harvester's address");
    }
  }

  async #tried<T>(what: string, act: (client: ECSClient) => Promise<T>): Promise<T> {
    const { ECSClient } = await import("@aws-sdk/client-ecs");
    this.#client ??= new ECSClient(awsConfig(this.#access));
    try {
      return await act(this.#client);
    } catch (error) {
      const { code, message } = awsFailure(error);
      if (code === "ClusterNotFoundException") throw this.#missing(error);
      if (/^(InvalidParameterException|ClientException)$/.test(code)) {
        throw new UserError(`${what} failed: ${message.replace(/\.$/, "")}`, {
          cause: error,
          hint: "Look at subnet, security_group, the roles, cpu and memory in twarc_cloud.ini.",
        });
      }
      throw awsError(error, what);
    }
  }

  #missing(cause?: unknown): UserError {
    return new UserError(`There is no ECS cluster ${this.#cluster}`, {
      cause,
      hint: "Look at cluster and region in twarc_cloud.ini.",
    });
  }
}

function launchOf({ subnet, securityGroup, spot }: Placement) {
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

function taskOf(task: Task): HarvesterTask {
  const tags = new Map(task.tags?.map(({ key, value }) => [key, value]));
  const details = task.attachments?.flatMap((attachment) => attachment.details ?? []) ?? [];
  const container = task.containers?.find(({ name }) => name === CONTAINER) ?? task.containers?.[0];
  return {
    arn: task.taskArn ?? "",
    collectionId: tags.get("collection_id") ?? "",
    bucket: tags.get("bucket") ?? "",
    status: task.lastStatus ?? "PENDING",
    reason: container?.reason ?? task.stoppedReason,
    exitCode: container?.exitCode,
    networkInterface: details.find(({ name }) => name === "networkInterfaceId")?.value,
  };
}
