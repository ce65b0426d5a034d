/**
 * What ECS has and moto has not: it runs the containers. It stands between AWS's clients and moto, starts a
 * process for each task with the command, environment and secrets of its definition, stops it with SIGTERM,
 * keeps services running, sends what the process says to CloudWatch, and tells how it ended.
 */

import { z } from "zod";
import { type Moto, MOTO_REGION } from "./moto.ts";

const ECS = "AmazonEC2ContainerServiceV20141113";
const pairs = z.array(z.object({ name: z.string(), value: z.string() })).default([]);
const taskSchema = z.looseObject({
  taskArn: z.string(),
  taskDefinitionArn: z.string(),
  lastStatus: z.string(),
  containers: z.array(z.looseObject({ exitCode: z.number().optional() })),
});
const tasksSchema = z.looseObject({ tasks: z.array(taskSchema).default([]) });
const definitionSchema = z.object({
  taskDefinition: z.looseObject({
    containerDefinitions: z.array(z.looseObject({
      name: z.string(),
      command: z.array(z.string()),
      environment: pairs,
      secrets: z.array(z.object({ name: z.string(), valueFrom: z.string() })).default([]),
      logConfiguration: z.object({ options: z.record(z.string(), z.string()) }),
    })),
  }),
});
const parameterSchema = z.object({ Parameter: z.object({ Value: z.string() }) });
const serviceSchema = z.looseObject({
  service: z.looseObject({ serviceName: z.string(), desiredCount: z.number() }),
});

const servicesSchema = z.looseObject({
  services: z.array(z.looseObject({ serviceName: z.string() })).default([]),
});

/** A process in the place of a container. */
interface Container {
  child: Deno.ChildProcess;
  /** Told to end. */
  isStopping: boolean;
  exitCode: number | null;
  service: string | undefined;
}

/** What a service was made with, to start its task again. */
interface Service {
  name: string;
  desired: number;
  input: Record<string, unknown>;
}

/** How an agent runs containers. */
export interface AgentOptions {
  /** The command line in the place of the image's entrypoint. */
  entrypoint: string[];
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
      .map(({ child }) => child.pid);
  }

  async close(): Promise<void> {
    this.#services.clear();
    for (const { child, exitCode } of this.#containers.values()) {
      if (exitCode === null) child.kill("SIGKILL");
    }
    await Promise.all(this.#ends);
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
    const init = { method: request.method, headers, body, redirect: "manual" } as const;
    const response = await fetch(`${this.#moto.url}${pathname}${search}`, init);
    if (this.publicAddress !== undefined && service === "") {
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
        for (const task of tasksSchema.parse(answer).tasks) await this.#run(task, undefined);
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
        const one = { name: service.serviceName, desired, input };
        if (action === "DeleteService") this.#draining.set(one.name, this.drainsFor);
        this.#services.set(one.name, one);
        await this.#keep(one);
        return answer;
      }
      case "ListTasks": {
        const { taskArns } = z.object({ taskArns: z.array(z.string()) }).parse(answer);
        const isThere = (arn: string) => {
          const container = this.#containers.get(arn);
          return container && container.exitCode === null && !container.isStopping;
        };
        return { ...answer, taskArns: taskArns.filter(isThere) };
      }
      case "DescribeServices": {
        const { services } = servicesSchema.parse(answer);
        return {
          ...answer,
          services: services.map((one) =>
            this.#isDraining(one.serviceName) ? { ...one, status: "DRAINING" } : one
          ),
        };
      }
      case "DescribeTasks": {
        if (this.unknownFor-- > 0) return { tasks: [], failures: [{ reason: "MISSING" }] };
        const { tasks } = tasksSchema.parse(answer);
        return { ...answer, tasks: tasks.map((task) => this.#told(task)) };
      }
      default:
        return answer;
    }
  }

  #told(task: z.infer<typeof taskSchema>) {
    const container = this.#containers.get(task.taskArn);
    if (!container) return task;
    const { exitCode, isStopping } = container;
    const lastStatus = exitCode !== null ? "STOPPED" : isStopping ? "STOPPING" : "RUNNING";
    const containers = task.containers.map(({ exitCode: _, ...rest }) =>
      exitCode === null ? rest : { ...rest, exitCode }
    );
    return { ...task, lastStatus, containers };
  }

  async #run(
    task: z.infer<typeof taskSchema>,
    service: string | undefined,
  ): Promise<void> {
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
    // A container has a network of its own; here it is this machine's.
    Object.assign(env, { TWARC_CLOUD_HOST: "127.0.0.1", TWARC_CLOUD_PORT: "0" });
    const [command = "", ...args] = this.#options.entrypoint;
    const child = new Deno.Command(command, {
      args: [...args, ...container.command],
      clearEnv: true,
      env,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const one: Container = { child, isStopping: false, exitCode: null, service };
    this.#containers.set(task.taskArn, one);
    const { options } = container.logConfiguration;
    const group = options["awslogs-group"] ?? "";
    const id = task.taskArn.split("/").at(-1);
    const stream = `${options["awslogs-stream-prefix"]}/${container.name}/${id}`;
    const end = this.#see(task.taskArn, one, { group, stream });
    // What went wrong is told where the agent is closed, not as nobody's error.
    end.catch(() => {});
    this.#ends.push(end);
  }

  /** Sees a process to its end. */
  async #see(
    arn: string,
    container: Container,
    { group, stream }: { group: string; stream: string },
  ): Promise<void> {
    const log = { logGroupName: group, logStreamName: stream };
    await this.#ask("Logs_20140328.CreateLogStream", "logs", log);
    let rest = "";
    for await (const text of container.child.stderr.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      const logEvents = lines.map((message) => ({ timestamp: Date.now(), message }));
      if (logEvents.length > 0) {
        await this.#ask("Logs_20140328.PutLogEvents", "logs", { ...log, logEvents });
      }
    }
    const { code, signal } = await container.child.status;
    container.exitCode = signal ? 137 : code;
    await this.#ask(`${ECS}.StopTask`, "ecs", { cluster: arn.split("/").at(-2), task: arn });
    const service = this.#services.get(container.service ?? "");
    if (service) await this.#keep(service);
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
    if (container.exitCode === null) container.child.kill("SIGTERM");
  }

  /** As many tasks of a service as are desired: none, or one. */
  async #keep({ name, desired, input }: Service): Promise<void> {
    const own = [...this.#containers].filter(([, one]) =>
      one.service === name && one.exitCode === null && !one.isStopping
    );
    if (desired === 0) { for (const [arn] of own) this.#stop(arn); }
    if (desired === 0 || own.length > 0) return;
    const { cluster, taskDefinition, launchType, networkConfiguration, tags } = input;
    const ran = await this.#ask(`${ECS}.RunTask`, "ecs", {
      cluster,
      taskDefinition,
      launchType,
      networkConfiguration,
      tags,
      count: 1,
    });
    for (const task of tasksSchema.parse(ran).tasks) await this.#run(task, name);
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

/** Asks again, as AWS's own clients do: moto under load resets connections. */
async function anew<T>(ask: () => Promise<T>, tries = 3): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TypeError) || tries === 1) throw error;
    return await anew(ask, tries - 1);
  }
}

/** What EC2 tells of network interfaces, with a public address for each. */
async function withAddress(response: Response, address: string): Promise<Response> {
  const told = `$&<association><publicIp>${address}</publicIp></association>`;
  const xml = (await response.text()).replace(
    /<networkInterfaceId>[^<]*<\/networkInterfaceId>/g,
    told,
  );
  return new Response(xml, { status: response.status, headers: { "content-type": "text/xml" } });
}
