/**
 * What ECS has and moto has not: it runs the containers. It stands between AWS's clients and moto, starts a
 * process for each task, or what stands for one, with the command, environment and secrets of its definition, stops it with SIGTERM,
 * keeps services running, sends what the process says to CloudWatch, and tells how it ended.
 */

import { z } from "zod";
import type { Contained } from "../fakes/container.ts";
import { AwsTrouble } from "./aws_trouble.ts";
import { type Container, type Entrypoint, startedBy, told } from "./ecs_container.ts";
import {
  anew,
  definitionSchema,
  ECS,
  hasBreaker,
  parameterSchema,
  type Service,
  serviceSchema,
  servicesSchema,
  signal,
  type TaskEnding,
  taskSchema,
  tasksSchema,
  withAddress,
} from "./ecs_wire.ts";
import { type Moto, MOTO_REGION } from "./moto.ts";

/** How many tasks of a deployment may fail to start until it is given up; and where it never is, are tried here. */
const [BREAKER, ENDLESS] = [3, 10];

/** How an agent runs containers. */
export interface AgentOptions {
  /** Runs what the image's entrypoint would; a command line, for a process of its own. */
  entrypoint: Entrypoint;
  /** What every container's environment has besides. */
  env: Record<string, string>;
}

/** ECS with containers that run. */
export class EcsAgent {
  readonly #moto: Moto;
  readonly #options: AgentOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #containers = new Map<string, Container>();
  readonly #services = new Map<string, Service>();
  readonly #ends: Promise<void>[] = [];
  /** How often a service that was deleted is still told to be draining, by its name. */
  readonly #draining = new Map<string, number>();
  /** The public address of every network interface; moto gives those of tasks none. */
  publicAddress: string | undefined;
  /** Looks at a new task that ECS answers as if there were none: it is eventually consistent. */
  unknownFor = 0;
  /** Looks at a service that was deleted for which it is draining. */
  drainsFor = 0;
  /** Why no task can start, as with an image that is not there; undefined where they can. */
  cannotStart: string | undefined;
  /** What AWS says of the end of tasks, in place of how they ended. */
  ending: TaskEnding | undefined;
  /** The desired statuses that tasks were listed by. */
  readonly listed = new Set<unknown>();
  /** What AWS refuses. */
  readonly trouble = new AwsTrouble();
  /** Why no service gets a task at all. */
  cannotPlace: string | undefined;
  constructor(moto: Moto, options: AgentOptions) {
    this.#moto = moto;
    this.#options = options;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => this.#answer(request),
    );
  }

  /** Where AWS answers. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** The environment of AWS clients. */
  get env(): Record<string, string> {
    return { ...this.#moto.env, AWS_ENDPOINT_URL: this.url };
  }

  /** The processes that run. */
  get pids(): number[] {
    return [...this.#containers.values()].filter(({ exitCode }) => exitCode === null)
      .flatMap(({ child }) => child ? [child.pid] : []);
  }

  /** Signals one of them. */
  signal(pid: number, name: Deno.Signal): void {
    for (const { child } of this.#containers.values()) if (child?.pid === pid) signal(child, name);
  }

  /** Kills all containers, and forgets the services that would start them again. */
  async clear(): Promise<void> {
    this.#services.clear();
    for (const { child, exitCode } of this.#containers.values()) {
      if (exitCode === null) signal(child, "SIGKILL");
    }
    await Promise.all(this.#ends);
  }

  async close(): Promise<void> {
    await this.clear();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const [service, action] = (request.headers.get("x-amz-target") ?? "").split(".");
    const headers = new Headers(request.headers);
    headers.delete("host");
    const body = request.body ? await request.bytes() : null;
    const asked = service === ECS && body ? JSON.parse(new TextDecoder().decode(body)) : {};
    if (action === "CreateService" && this.#isDraining(String(asked.serviceName))) {
      const message = "Unable to Start a service that is still Draining.";
      return Response.json({ __type: "InvalidParameterException", message }, { status: 400 });
    }
    const refused = this.trouble.answerTo(request, { action, body });
    if (refused) return refused;
    const init = { method: request.method, headers, body, redirect: "manual" } as const;
    const response = await fetch(`${this.#moto.url}${pathname}${search}`, init);
    const isEc2 = headers.get("authorization")?.includes("/ec2/");
    if (this.publicAddress !== undefined && isEc2) {
      return withAddress(response, this.publicAddress);
    }
    if (service !== ECS || !action || !response.ok) return response;
    const answer = await this.#acted(action, asked, await response.json());
    return Response.json(answer, { headers: { "content-type": "application/x-amz-json-1.1" } });
  }

  /** Does what ECS would do after an action; the answer as ECS would give it. */
  async #acted(
    action: string,
    asked: Record<string, unknown>,
    answer: Record<string, unknown>,
  ): Promise<unknown> {
    switch (action) {
      case "RunTask":
        for (const task of tasksSchema.parse(answer).tasks) await this.#run(task);
        return answer;
      case "StopTask":
        this.#stop(String(asked.task));
        return answer;
      case "CreateService":
      case "UpdateService":
      case "DeleteService": {
        const { service } = serviceSchema.parse(answer);
        const known = this.#services.get(service.serviceName);
        const input = known?.input ?? asked;
        const desired = action === "DeleteService" ? 0 : service.desiredCount;
        const isNew = action === "CreateService";
        const one: Service = {
          name: service.serviceName,
          desired,
          input,
          deployment: service.deployments?.[0]?.id,
          events: isNew ? [] : known?.events ?? [],
          failed: isNew ? 0 : known?.failed ?? 0,
        };
        if (action === "DeleteService") this.#draining.set(one.name, this.drainsFor);
        this.#services.set(one.name, one);
        await this.#keep(one);
        return answer;
      }
      case "ListTasks": {
        const { taskArns } = z.object({ taskArns: z.array(z.string()) }).parse(answer);
        const { desiredStatus, serviceName } = asked;
        this.listed.add(desiredStatus);
        const isThere = (arn: string) => {
          const container = this.#containers.get(arn);
          if (!container || (serviceName && container.service !== serviceName)) return false;
          const hasEnded = container.exitCode !== null || container.fault !== undefined;
          // Moto lists all where nothing is said; and lists are eventually consistent: what is stopping may be there.
          return desiredStatus === undefined || hasEnded === (desiredStatus === "STOPPED");
        };
        return { ...answer, taskArns: taskArns.filter(isThere) };
      }
      case "DescribeServices": {
        const { services } = servicesSchema.parse(answer);
        return {
          ...answer,
          services: services.map((one) => this.#withEvents(one)),
        };
      }
      case "DescribeTasks": {
        if (this.unknownFor-- > 0) return { tasks: [], failures: [{ reason: "MISSING" }] };
        const { tasks } = tasksSchema.parse(answer);
        return {
          ...answer,
          tasks: tasks.map((task) => told(task, this.#containers.get(task.taskArn), this.ending)),
        };
      }
      default:
        return answer;
    }
  }

  /** A service with what happened to it, and what became of its deployment. */
  #withEvents(service: z.infer<typeof servicesSchema>["services"][number]) {
    const known = this.#services.get(service.serviceName);
    const draining = this.#isDraining(service.serviceName) ? { status: "DRAINING" } : {};
    if (!known) return { ...service, ...draining };
    const isGivenUp = hasBreaker(known.input) && known.failed >= BREAKER;
    const deployments = service.deployments.map((one) => ({
      ...one,
      ...(isGivenUp
        ? { rolloutState: "FAILED", rolloutStateReason: "ECS deployment circuit breaker" }
        : {}),
    }));
    const runningCount = this.#tasksOf(known.name).length;
    return { ...service, ...draining, events: known.events, deployments, runningCount };
  }

  #tasksOf(service: string): string[] {
    return [...this.#containers].filter(([, one]) =>
      one.service === service && one.exitCode === null && one.fault === undefined &&
      !one.isStopping
    ).map(([arn]) => arn);
  }

  async #run(
    task: z.infer<typeof taskSchema>,
    service?: Service,
  ): Promise<void> {
    const createdAt = Date.now() / 1_000;
    const of = { service: service?.name, deployment: service?.deployment, createdAt };
    if (this.cannotStart !== undefined) {
      const end = { stopCode: "TaskFailedToStart", stoppedAt: createdAt };
      const fault = { fault: this.cannotStart, ...end };
      const one = { child: undefined, isStopping: false, exitCode: null, ...fault, ...of };
      this.#containers.set(task.taskArn, one);
      await this.#ask(`${ECS}.StopTask`, "ecs", {
        cluster: task.taskArn.split("/").at(-2),
        task: task.taskArn,
      });
      return;
    }
    const asked = { taskDefinition: task.taskDefinitionArn };
    const described = await this.#ask(`${ECS}.DescribeTaskDefinition`, "ecs", asked);
    const [container] = definitionSchema.parse(described).taskDefinition.containerDefinitions;
    if (!container) return;
    const env: Record<string, string> = { ...this.#options.env, ...this.env };
    for (const { name, value } of container.environment) env[name] = value;
    for (const { name, valueFrom } of container.secrets) {
      const found = await this.#ask("AmazonSSM.GetParameter", "ssm", {
        Name: valueFrom,
        WithDecryption: true,
      });
      env[name] = parameterSchema.parse(found).Parameter.Value;
    }
    Object.assign(env, { TWARC_CLOUD_HOST: "127.0.0.1", TWARC_CLOUD_PORT: "0" });
    const args = task.overrides?.containerOverrides[0]?.command ?? container.command;
    const child = startedBy(this.#options.entrypoint, args, env);
    const one: Container = { child, isStopping: false, exitCode: null, ...of };
    this.#containers.set(task.taskArn, one);
    const { options } = container.logConfiguration;
    const group = options["awslogs-group"] ?? "";
    const id = task.taskArn.split("/").at(-1);
    const stream = `${options["awslogs-stream-prefix"]}/${container.name}/${id}`;
    const end = this.#see(task.taskArn, one, child, { group, stream });
    // What went wrong is told where the agent is closed, not as nobody's error.
    end.catch(() => {});
    this.#ends.push(end);
  }

  /** Sees a process to its end. */
  async #see(
    arn: string,
    container: Container,
    child: Contained,
    { group, stream }: { group: string; stream: string },
  ): Promise<void> {
    // What fails here is not the container's failure: it ends all the same.
    const failure = await this.#log(child.stderr, { logGroupName: group, logStreamName: stream })
      .then(() => null, (error: unknown) => ({ error }));
    const { code, signal } = await child.status;
    container.stoppedAt = Date.now() / 1_000;
    container.stopCode ??= "EssentialContainerExited";
    container.exitCode = signal ? 137 : code;
    await this.#ask(`${ECS}.StopTask`, "ecs", { cluster: arn.split("/").at(-2), task: arn });
    const service = this.#services.get(container.service ?? "");
    if (service) await this.#keep(service);
    if (failure) throw failure.error;
  }

  /** Sends what a process says to CloudWatch. */
  async #log(
    stderr: ReadableStream<Uint8Array<ArrayBuffer>>,
    log: { logGroupName: string; logStreamName: string },
  ): Promise<void> {
    await this.#ask("Logs_20140328.CreateLogStream", "logs", log);
    let rest = "";
    for await (const text of stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
      if (logEvents.length > 0) {
        await this.#ask("Logs_20140328.PutLogEvents", "logs", { ...log, logEvents });
      }
    }
  }

  #isDraining(service: string): boolean {
    const left = this.#draining.get(service) ?? 0;
    this.#draining.set(service, left - 1);
    return left > 0;
  }

  #stop(task: string): void {
    const arn = [...this.#containers.keys()].find((arn) => arn.endsWith(task));
    const container = this.#containers.get(arn ?? "");
    if (!container || container.isStopping) return;
    container.isStopping = true;
    container.stopCode = container.service ? "ServiceSchedulerInitiated" : "UserInitiated";
    if (container.exitCode === null) signal(container.child, "SIGTERM");
  }

  /** As many tasks of a service as are desired: none, or one. */
  async #keep(service: Service): Promise<void> {
    const { name, desired, input, events } = service;
    const own = this.#tasksOf(name);
    if (desired === 0) { for (const arn of own) this.#stop(arn); }
    if (desired === 0 || own.length > 0) return;
    const happened = (message: string) => {
      const createdAt = Date.now() / 1_000;
      events.unshift({
        id: crypto.randomUUID(),
        createdAt,
        message: `(service ${name}) ${message}`,
      });
    };
    if (this.cannotPlace !== undefined) {
      return happened(`was unable to place a task. Reason: ${this.cannotPlace}`);
    }
    const { cluster, taskDefinition, launchType, networkConfiguration, tags } = input;
    const ran = await this.#ask(`${ECS}.RunTask`, "ecs", {
      cluster,
      taskDefinition,
      launchType,
      networkConfiguration,
      tags,
      count: 1,
    });
    for (const task of tasksSchema.parse(ran).tasks) {
      await this.#run(task, service);
      happened(`has started 1 tasks: (task ${task.taskArn.split("/").at(-1)}).`);
    }
    if (this.cannotStart === undefined) return;
    service.failed++;
    const most = hasBreaker(service.input) ? BREAKER : ENDLESS;
    if (service.failed < most) return await this.#keep(service);
    if (hasBreaker(service.input)) happened("deployment failed: tasks failed to start.");
  }

  async #ask(target: string, service: string, input: unknown): Promise<unknown> {
    const scope = `testing/20260101/${MOTO_REGION}/${service}/aws4_request`;
    const text = await anew(async () => {
      const response = await fetch(this.#moto.url, {
        method: "POST",
        headers: {
          "content-type": "application/x-amz-json-1.1",
          "x-amz-target": target,
          authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
        },
        body: JSON.stringify(input),
      });
      return await response.text();
    });
    return JSON.parse(text || "null");
  }
}
