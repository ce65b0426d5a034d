/** What ECS and Parameter Store are asked, and answer, as far as the agent looks at it. */

import { z } from "zod";
import type { Contained } from "../fakes/container.ts";

/** What the targets of requests to ECS begin with. */
export const ECS = "AmazonEC2ContainerServiceV20141113";
const pairs = z.array(z.object({ name: z.string(), value: z.string() })).default([]);
/** A task. */
export const taskSchema = z.looseObject({
  taskArn: z.string(),
  taskDefinitionArn: z.string(),
  lastStatus: z.string(),
  overrides: z.looseObject({
    containerOverrides: z.array(z.looseObject({ command: z.array(z.string()).optional() }))
      .default([]),
  }).optional(),
  containers: z.array(z.looseObject({ exitCode: z.number().optional() })),
});
/** An answer with tasks. */
export const tasksSchema = z.looseObject({ tasks: z.array(taskSchema).default([]) });
/** An answer with a definition of a task. */
export const definitionSchema = z.object({
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
/** An answer with a parameter. */
export const parameterSchema = z.object({ Parameter: z.object({ Value: z.string() }) });
/** An answer with a service. */
export const serviceSchema = z.looseObject({
  service: z.looseObject({
    serviceName: z.string(),
    desiredCount: z.number(),
    deployments: z.array(z.looseObject({ id: z.string() })).default([]),
  }),
});
/** A request for a service that is given up where its tasks cannot start. */
const breakerSchema = z.object({
  deploymentConfiguration: z.object({
    deploymentCircuitBreaker: z.object({ enable: z.literal(true), rollback: z.boolean() }),
  }),
});

/** An answer with services. */
export const servicesSchema = z.looseObject({
  services: z.array(z.looseObject({
    serviceName: z.string(),
    deployments: z.array(z.looseObject({})).default([]),
  })).default([]),
});

/** What EC2 tells of network interfaces, with a public address for each. */
export async function withAddress(response: Response, address: string): Promise<Response> {
  const told = `$&<association><publicIp>${address}</publicIp></association>`;
  const xml = (await response.text()).replace(
    /<networkInterfaceId>[^<]*<\/networkInterfaceId>/g,
    told,
  );
  return new Response(xml, { status: response.status, headers: { "content-type": "text/xml" } });
}

/** Asks again, as AWS's own clients do: moto under load resets connections. */
export async function anew<T>(ask: () => Promise<T>, tries = 3): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof TypeError) || tries === 1) throw error;
    return await anew(ask, tries - 1);
  }
}

/** Signals a process that may have ended by itself. */
export function signal(child: Pick<Contained, "kill"> | undefined, name: Deno.Signal): void {
  try {
    child?.kill(name);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** What AWS says of how a task ended. */
export interface TaskEnding {
  exitCode?: number;
  reason?: string;
  stopCode: string;
  stoppedReason?: string;
}

/** Whether a service gives up what fails to start again and again. */
export function hasBreaker(input: Record<string, unknown>): boolean {
  return breakerSchema.safeParse(input).success;
}

/** What a service was made with, to start its task again. */
export interface Service {
  name: string;
  desired: number;
  input: Record<string, unknown>;
  deployment: string | undefined;
  /** The newest first. */
  events: { id: string; createdAt: number; message: string }[];
  /** Tasks that could not start. */
  failed: number;
}
