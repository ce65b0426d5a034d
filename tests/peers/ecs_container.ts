/** A process in the place of a container of ECS: how it starts, and what ECS tells of it. */

import type { z } from "zod";
import { type Contained, contained, type Program } from "../fakes/container.ts";
import type { TaskEnding, taskSchema } from "./ecs_wire.ts";

/** Runs what the image's entrypoint would; a command line, for a process of its own. */
export type Entrypoint = string[] | Program;

/** A process in the place of a container. */
export interface Container {
  /** None where it could not start. */
  child: Contained | undefined;
  /** Told to end. */
  isStopping: boolean;
  exitCode: number | null;
  /** In seconds since 1970. */
  createdAt: number;
  /** Why it could not start. */
  fault?: string;
  stopCode?: string;
  stoppedAt?: number;
  service: string | undefined;
  /** The deployment of its service. */
  deployment: string | undefined;
}

/** Returns what ECS tells of a task. @param saidOfEnds What it says of the end, in place of how it ended. */
export function told(
  task: z.infer<typeof taskSchema>,
  container: Container | undefined,
  saidOfEnds: TaskEnding | undefined,
) {
  if (!container) return task;
  const { exitCode, isStopping, fault, stopCode, createdAt, stoppedAt, deployment } = container;
  const hasEnded = exitCode !== null || fault !== undefined;
  const lastStatus = hasEnded ? "STOPPED" : isStopping ? "STOPPING" : "RUNNING";
  const desiredStatus = hasEnded || isStopping ? "STOPPED" : "RUNNING";
  const said = hasEnded ? saidOfEnds : undefined;
  const ending = {
    ...(exitCode === null ? {} : { exitCode }),
    ...(fault === undefined ? {} : { reason: fault }),
    ...(said?.exitCode === undefined ? {} : { exitCode: said.exitCode }),
    ...(said?.reason === undefined ? {} : { reason: said.reason }),
  };
  const containers = task.containers.map(({ exitCode: _, ...rest }) => ({ ...rest, ...ending }));
  const { stopCode: code = stopCode, stoppedReason = fault } = said ?? {};
  const end = hasEnded ? { stopCode: code, stoppedAt, stoppedReason } : {};
  return {
    ...task,
    lastStatus,
    desiredStatus,
    containers,
    createdAt,
    startedBy: deployment,
    ...end,
  };
}

export function startedBy(
  entrypoint: Entrypoint,
  args: string[],
  env: Record<string, string>,
): Contained {
  if (typeof entrypoint === "function") return contained(entrypoint, { args, env });
  const [command = "", ...first] = entrypoint;
  return new Deno.Command(command, {
    args: [...first, ...args],
    clearEnv: true,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
}
