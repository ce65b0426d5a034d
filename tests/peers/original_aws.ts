/** What the Python original makes in AWS, made as it makes it: definitions, services, tasks, rules. */

import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from "@aws-sdk/client-eventbridge";
import {
  CreateServiceCommand,
  ECSClient,
  RegisterTaskDefinitionCommand,
  RunTaskCommand,
} from "@aws-sdk/client-ecs";
import type { Ini } from "./aws_account.ts";
import { MOTO_REGION } from "./moto.ts";

/** The secret of its harvesters here. */
export const ORIGINAL_SECRET = "5e0a7c3f9d2b4e8195ab64d0c7f1e283";

/** Makes what the original makes for the collections of a bucket. */
export class OriginalAws {
  readonly #ini: Ini;
  readonly #ecs: ECSClient;
  readonly #events: EventBridgeClient;

  /** @param url Where AWS answers. */
  constructor(ini: Ini, url: string) {
    this.#ini = ini;
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    const config = { region: MOTO_REGION, endpoint: url, credentials };
    this.#ecs = new ECSClient(config);
    this.#events = new EventBridgeClient(config);
  }

  close(): void {
    this.#ecs.destroy();
    this.#events.destroy();
  }

  /** `collection filter-start`: a service, whose tasks have the tags of their definition. */
  async service(id: string, env: Record<string, string> = {}): Promise<void> {
    const { bucket, cluster } = this.#ini;
    await this.#ecs.send(
      new CreateServiceCommand({
        cluster,
        serviceName: `${bucket}_${id}_service`,
        taskDefinition: await this.#define(id, { env, more: [] }),
        desiredCount: 1,
        ...this.#place(),
        tags: this.#tags(id),
        propagateTags: "TASK_DEFINITION",
      }),
    );
  }

  /** What a rule starts: a task without tags. */
  async scheduledTask(id: string): Promise<void> {
    const taskDefinition = await this.#define(id, { env: {}, more: ["--shutdown"] });
    const { cluster } = this.#ini;
    await this.#ecs.send(new RunTaskCommand({ cluster, taskDefinition, ...this.#place() }));
  }

  /** `collection schedule`: a rule with a target. */
  async rule(id: string, ScheduleExpression: string): Promise<void> {
    const { bucket, event_role_arn: RoleArn, cluster } = this.#ini;
    const Name = `${bucket}_${id}_schedule`;
    const Description = Name.replaceAll("_", " ");
    await this.#events.send(new PutRuleCommand({ Name, ScheduleExpression, Description, RoleArn }));
    const Arn = `arn:aws:ecs:${MOTO_REGION}:123456789012:cluster/${cluster}`;
    const Targets = [{ Id: `${Name}_target`, Arn, RoleArn }];
    await this.#events.send(new PutTargetsCommand({ Rule: Name, Targets }));
  }

  async #define(
    id: string,
    { env, more }: { env: Record<string, string>; more: string[] },
  ): Promise<string> {
    const { bucket = "", task_role_arn, task_execution_role_arn, log_group = "" } = this.#ini;
    const family = `twarc-cloud_${bucket}_${id}_version-1`;
    const { taskDefinition } = await this.#ecs.send(
      new RegisterTaskDefinitionCommand({
        family,
        taskRoleArn: task_role_arn,
        executionRoleArn: task_execution_role_arn,
        networkMode: "awsvpc",
        containerDefinitions: [{
          name: "twarc-cloud-container",
          image: "justinlittman/twarc-cloud:version-1",
          essential: true,
          memory: 512,
          command: ["aws", "harvester", bucket, id, ...more],
          environment: Object.entries({ secret_key: ORIGINAL_SECRET, ...env })
            .map(([name, value]) => ({ name, value })),
          logConfiguration: {
            logDriver: "awslogs",
            options: {
              "awslogs-group": log_group,
              "awslogs-region": MOTO_REGION,
              "awslogs-stream-prefix": family,
            },
          },
        }],
        requiresCompatibilities: ["FARGATE"],
        cpu: "256",
        memory: "512",
        tags: this.#tags(id),
      }),
    );
    return taskDefinition?.taskDefinitionArn ?? "";
  }

  #tags(id: string) {
    return [{ key: "bucket", value: this.#ini.bucket }, { key: "collection_id", value: id }];
  }

  #place() {
    const { subnet = "", security_group = "" } = this.#ini;
    return {
      launchType: "FARGATE" as const,
      networkConfiguration: {
        awsvpcConfiguration: {
          subnets: [subnet],
          securityGroups: [security_group],
          assignPublicIp: "ENABLED" as const,
        },
      },
    };
  }
}
