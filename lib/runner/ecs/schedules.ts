/** Schedules in EventBridge: ours in Scheduler, those of the Python original as rules. */

import type { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type {
  CreateScheduleCommandInput,
  GetScheduleCommandOutput,
  SchedulerClient,
} from "@aws-sdk/client-scheduler";
import { type AwsAccess, awsConfig, awsError, awsFailure } from "../../base/aws.ts";
import { type Clock, isoTime } from "../../base/clock.ts";
import { AccessError, UserError } from "../../base/errors.ts";
import { checkedQueue, readDeadLetters } from "./dead_letters.ts";
import type { NotStarted, ScheduledJob } from "../runner.ts";
import { beginsAtOnce, isSameSchedule, nextTime, type Schedule } from "../schedule.ts";
import { awsName, overridesFor } from "./task_definition.ts";

/** The most characters of a schedule's or a group's name. */
const MAX_NAME = 64;

/** The state of a rule that the Python original ended: it did not delete it. */
const DISABLED = "DISABLED";

/** The target of a schedule. */
export interface ScheduleTarget {
  cluster: string;
  role: string;
  /** The family's ARN without a revision: the newest is run. */
  definition: string;
  /** Replaces the definition's. */
  command?: string[] | undefined;
  subnet: string;
  securityGroup: string;
  spot: boolean;
}

/** Options of EcsSchedules. */
export interface SchedulesOptions {
  /** Whether the environment is that of the Python original. */
  isOriginal?: boolean | undefined;
  access: AwsAccess;
  clock: Clock;
  /** The ARN of the queue for runs that cannot be started, if any. */
  deadLetters?: string | undefined;
}

/** The schedules of one bucket. */
export class EcsSchedules {
  readonly #bucket: string;
  readonly #access: AwsAccess;
  readonly #clock: Clock;
  readonly #isOriginal: boolean;
  readonly #deadLetters: string | undefined;
  #scheduler: SchedulerClient | undefined;
  #events: EventBridgeClient | undefined;

  constructor(
    bucket: string,
    { access, clock, deadLetters, isOriginal = false }: SchedulesOptions,
  ) {
    this.#isOriginal = isOriginal;
    this.#bucket = bucket;
    this.#access = access;
    this.#clock = clock;
    this.#deadLetters = deadLetters;
  }

  /** Creates a schedule, or replaces the collection's; an equal one stays due when it was due. */
  async put(collectionId: string, schedule: Schedule, target: ScheduleTarget): Promise<void> {
    const sdk = await import("@aws-sdk/client-scheduler");
    const client = await this.#ours();
    const before = await this.find(collectionId);
    const start = before && isSameSchedule(before.schedule, schedule) ? before.next : undefined;
    const input = this.#input(collectionId, schedule, { target, start });
    await this.#attempt(`Scheduling ${collectionId}`, async () => {
      const known = await client.send(new sdk.GetScheduleGroupCommand({ Name: input.GroupName }))
        .catch(unlessNamed("ResourceNotFoundException"));
      if (!known) {
        await client.send(new sdk.CreateScheduleGroupCommand({ Name: input.GroupName }))
          .catch(unlessNamed("ConflictException"));
      }
      const made = await client.send(new sdk.CreateScheduleCommand(input))
        .catch(unlessNamed("ConflictException"));
      if (!made) await client.send(new sdk.UpdateScheduleCommand(input));
    });
    await this.#deleteRule(collectionId);
  }

  /** Ends a collection's schedule, ours or the original's; false where it has none. */
  async delete(collectionId: string): Promise<boolean> {
    const { DeleteScheduleCommand } = await import("@aws-sdk/client-scheduler");
    const client = await this.#ours();
    const Name = awsName(collectionId, MAX_NAME);
    const isOurs = await this.#attempt(
      `Ending the schedule of ${collectionId}`,
      () =>
        client.send(new DeleteScheduleCommand({ Name, GroupName: this.#group() }))
          .then(() => true, unlessNamed("ResourceNotFoundException")),
    ).catch((error) => this.#noneInOriginal(error));
    const isRule = await this.#deleteRule(collectionId);
    return isOurs === true || isRule;
  }

  /** Returns a collection's schedule; null where it has none of ours. */
  async find(collectionId: string): Promise<ScheduledJob | null> {
    const Name = awsName(collectionId, MAX_NAME);
    return await this.#attempt(
      `Looking for the schedule of ${collectionId}`,
      () => this.#get(Name),
    );
  }

  /** Returns the schedule with a name; null where there is none. */
  async #get(Name: string): Promise<ScheduledJob | null> {
    const { GetScheduleCommand } = await import("@aws-sdk/client-scheduler");
    const client = await this.#ours();
    const found = await client.send(new GetScheduleCommand({ Name, GroupName: this.#group() }))
      .catch(unlessNamed("ResourceNotFoundException"));
    return found ? toScheduledJob(found, this.#clock.now()) : null;
  }

  /** Yields every schedule of the bucket. */
  async *list(): AsyncGenerator<ScheduledJob> {
    yield* await this.#attempt("Listing schedules", () => this.#listOurs())
      .catch((error) => this.#noneInOriginal(error) ?? []);
    yield* await this.#attempt("Listing rules of EventBridge", () => this.#listRules());
  }

  /**
   * Returns runs of these schedules that could not be started; none where no queue is configured. @throws as
   * `readDeadLetters`
   */
  async notStarted(scheduled: ScheduledJob[]): Promise<NotStarted[]> {
    if (!this.#deadLetters || scheduled.length === 0) return [];
    const found = await readDeadLetters(checkedQueue(this.#deadLetters), this.#access);
    return scheduled.flatMap(({ collectionId }) => {
      const runs = found.get(`${this.#group()}/${awsName(collectionId, MAX_NAME)}`);
      return runs ? [{ collectionId, ...runs }] : [];
    });
  }

  async #listOurs(): Promise<ScheduledJob[]> {
    const sdk = await import("@aws-sdk/client-scheduler");
    const client = await this.#ours();
    const GroupName = this.#group();
    const found: ScheduledJob[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(
        new sdk.ListSchedulesCommand({ GroupName, MaxResults: 100, NextToken }),
      )
        .catch(unlessNamed("ResourceNotFoundException"));
      for (const { Name = "" } of page?.Schedules ?? []) {
        // Null where it was ended since it was listed.
        const one = await this.#get(Name);
        if (one) found.push(one);
      }
      NextToken = page?.NextToken;
    } while (NextToken);
    return found;
  }

  async #listRules(): Promise<ScheduledJob[]> {
    const sdk = await import("@aws-sdk/client-eventbridge");
    const client = await this.#rules();
    const NamePrefix = `${this.#bucket}_`;
    const found: ScheduledJob[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.send(new sdk.ListRulesCommand({ NamePrefix, NextToken }));
      for (const { Name = "", ScheduleExpression: expression, State } of page.Rules ?? []) {
        if (!Name.endsWith("_schedule") || !expression || State === DISABLED) continue;
        const collectionId = Name.slice(NamePrefix.length, -"_schedule".length);
        found.push({ collectionId, schedule: { expression } });
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return found;
  }

  /** Deletes a rule of the Python original; false where none is enabled. */
  async #deleteRule(collectionId: string): Promise<boolean> {
    const sdk = await import("@aws-sdk/client-eventbridge");
    const client = await this.#rules();
    const Name = `${this.#bucket}_${collectionId}_schedule`;
    if (Name.length > MAX_NAME) return false;
    return await this.#attempt(`Ending the rule ${Name}`, async () => {
      const { Rules = [] } = await client.send(new sdk.ListRulesCommand({ NamePrefix: Name }));
      const rule = Rules.find((one) => one.Name === Name);
      if (!rule) return false;
      const { Targets = [] } = await client.send(new sdk.ListTargetsByRuleCommand({ Rule: Name }));
      const Ids = Targets.map(({ Id }) => Id ?? "");
      if (Ids.length > 0) await client.send(new sdk.RemoveTargetsCommand({ Rule: Name, Ids }));
      await client.send(new sdk.DeleteRuleCommand({ Name }));
      return rule.State !== DISABLED;
    });
  }

  /** Ignores a denial in the environment of the original, which has no schedules of ours. @throws any other error */
  #noneInOriginal(error: unknown): undefined {
    if (!this.#isOriginal || !(error instanceof AccessError)) throw error;
  }

  #input(
    collectionId: string,
    schedule: Schedule,
    { target, start }: { target: ScheduleTarget; start: string | undefined },
  ): CreateScheduleCommandInput {
    const { expression, timezone = "UTC" } = schedule;
    const next = start ?? nextTime(schedule, this.#clock.now());
    return {
      Name: awsName(collectionId, MAX_NAME),
      GroupName: this.#group(),
      Description: collectionId,
      ScheduleExpression: expression,
      ScheduleExpressionTimezone: timezone,
      // A rate without a start is due at once, when the first harvest was just started by hand.
      ...(beginsAtOnce(schedule) && next !== null ? { StartDate: new Date(next) } : {}),
      FlexibleTimeWindow: { Mode: "OFF" },
      Target: {
        Arn: target.cluster,
        RoleArn: target.role,
        ...target.command ? { Input: JSON.stringify(overridesFor(target.command)) } : {},
        EcsParameters: {
          TaskDefinitionArn: target.definition,
          TaskCount: 1,
          ...(target.spot
            ? { CapacityProviderStrategy: [{ capacityProvider: "FARGATE_SPOT", weight: 1 }] }
            : { LaunchType: "FARGATE" }),
          NetworkConfiguration: {
            awsvpcConfiguration: {
              Subnets: [target.subnet],
              SecurityGroups: [target.securityGroup],
              AssignPublicIp: "ENABLED",
            },
          },
          EnableECSManagedTags: true,
          PropagateTags: "TASK_DEFINITION",
        },
        // A run that cannot be started is retried for an hour; the next run collects the same tweets.
        RetryPolicy: { MaximumEventAgeInSeconds: 3_600, MaximumRetryAttempts: 10 },
        ...(this.#deadLetters
          ? { DeadLetterConfig: { Arn: checkedQueue(this.#deadLetters) } }
          : {}),
      },
    };
  }

  #group(): string {
    return awsName(`twarc-cloud_${this.#bucket}`, MAX_NAME);
  }

  async #ours(): Promise<SchedulerClient> {
    const { SchedulerClient } = await import("@aws-sdk/client-scheduler");
    return this.#scheduler ??= new SchedulerClient(awsConfig(this.#access));
  }

  async #rules(): Promise<EventBridgeClient> {
    const { EventBridgeClient } = await import("@aws-sdk/client-eventbridge");
    return this.#events ??= new EventBridgeClient(awsConfig(this.#access));
  }

  async #attempt<T>(what: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      const { code, message } = awsFailure(error);
      if (code !== "ValidationException") throw awsError(error, what);
      throw new UserError(`${what} failed: ${message.replace(/\.$/, "")}`, {
        cause: error,
        hint:
          "Look at event_role_arn in twarc_cloud.ini: EventBridge Scheduler has to be trusted by it, " +
          "as infra/roles.tf does; a role of the Python original's Terraform is not enough.",
      });
    }
  }
}

/** Returns a schedule of ours by AWS's description. @param now Milliseconds since 1970. */
function toScheduledJob(found: GetScheduleCommandOutput, now: number): ScheduledJob {
  const { ScheduleExpression: expression = "", ScheduleExpressionTimezone: zone } = found;
  const schedule = { expression, ...(zone && zone !== "UTC" ? { timezone: zone } : {}) };
  const next = nextDue(schedule, found.StartDate, now);
  return {
    collectionId: found.Description ?? found.Name ?? "",
    schedule,
    ...(next === null ? {} : { next: isoTime(next) }),
  };
}

/**
 * Returns when a schedule is due next, in milliseconds since 1970: a rate at its start, and then after each of its
 * periods. Null where that is unknown: for a rate without a start, and a schedule that was edited elsewhere.
 */
function nextDue(schedule: Schedule, start: Date | undefined, now: number): number | null {
  try {
    if (!beginsAtOnce(schedule)) return nextTime(schedule, now);
    const first = start?.getTime();
    if (first === undefined || first > now) return first ?? null;
    const period = (nextTime(schedule, first) ?? first) - first;
    return first + (Math.floor((now - first) / period) + 1) * period;
  } catch (error) {
    if (error instanceof UserError) return null;
    throw error;
  }
}

/** Ignores a failure of this name, as done. */
function unlessNamed(name: string): (error: unknown) => undefined {
  return (error) => {
    if (awsFailure(error).code !== name) throw error;
    return undefined;
  };
}
