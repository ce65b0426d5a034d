/** The definition of a collection's harvester, as ECS takes it. */

import type { RegisterTaskDefinitionCommandInput } from "@aws-sdk/client-ecs";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { UserError } from "../../base/errors.ts";
import type { SettingName } from "../../base/settings.ts";
import { type Job } from "../runner.ts";
import { harvesterArgs } from "../argv.ts";

/** The name of the one container. */
export const CONTAINER = "harvester";
/** The port of its control server. */
export const CONTROL_PORT = 80;
/** The tag with the fingerprint of a definition's input, so that an equal one is not registered again. */
export const FINGERPRINT = "twarc-cloud.definition";
/** Seconds between SIGTERM and SIGKILL: the most that Fargate allows. */
const STOP_TIMEOUT = 120;

/** Matches the digest of an image, which no tag can move. */
const DIGEST = /^sha256:[0-9a-f]{64}$/;
/** The one folder that the container may write: for data that is not in the bucket yet. */
const TEMPORARY = "/tmp";

/** The settings of an installation, as a definition needs them. */
export interface DefinitionSettings {
  get(name: SettingName): string | undefined;
  require(name: SettingName): string;
}

/** The input of a definition. */
export interface DefinitionOptions {
  /** The bucket's name, without `s3://`. */
  bucket: string;
  job: Job;
  /** Exit when the harvest is done. */
  shutdown: boolean;
  settings: DefinitionSettings;
  region: string;
  /** Environment variables of harvesters; no secrets. */
  env: Record<string, string>;
  /** Names of SSM parameters, by the environment variables that they become. */
  secrets: Record<string, string>;
}

/** The prefix of an encoded id that no tag can have unchanged. */
const ENCODED = "@base64url:";

/** Returns the tags that identify tasks. */
export function tagsFor(bucket: string, collectionId: string): { key: string; value: string }[] {
  // AWS accepts in tags: letters, digits, blanks and these signs.
  const isPlain = /^[\p{L}\p{N} +=._:/@-]+$/u.test(collectionId) &&
    collectionId.trim() === collectionId;
  const value = isPlain
    ? collectionId
    : `${ENCODED}${Buffer.from(collectionId).toString("base64url")}`;
  return [{ key: "bucket", value: bucket }, { key: "collection_id", value }];
}

/** Returns the collection's id in a tag. */
export function idOfTag(value = ""): string {
  if (!value.startsWith(ENCODED)) return value;
  return Buffer.from(value.slice(ENCODED.length), "base64url").toString();
}

/**
 * Returns a name of letters, digits, `-` and `_`, of at most `longest` characters: a checksum distinguishes replaced
 * or cut names.
 */
export function awsName(text: string, longest: number): string {
  const plain = plainName(text);
  if (plain === text && text.length <= longest) return text;
  const sum = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return `${plain.slice(0, longest - 9)}-${sum}`;
}

/** Returns a text with `-` for characters that AWS does not accept in names: two may become the same. */
export function plainName(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]/g, "-");
}

/** Returns the family of a collection's definitions. ECS allows 255 characters. */
export function familyFor(bucket: string, collectionId: string): string {
  return awsName(`twarc-cloud_${bucket}_${collectionId}`, 255);
}

/**
 * Returns the image: `image` with `image_tag`, which is a tag, a digest (`sha256:...`), a tag with a digest, or a
 * whole name.
 * @throws UserError for missing settings, and for an invalid digest.
 */
export function imageFor(settings: DefinitionSettings): string {
  const tag = settings.require("image_tag");
  const [, name = "", digest] = /^([^@]*)@(.*)$/.exec(tag.replace(/^sha256:/, "@$&")) ?? [tag, tag];
  if (digest !== undefined && !DIGEST.test(digest)) {
    throw new UserError(`image_tag in twarc_cloud.ini is ${JSON.stringify(tag)}`, {
      hint: "A digest is sha256: and 64 hexadecimal digits, as the registry shows it.",
    });
  }
  if (/[/:]/.test(name)) return tag;
  const image = settings.require("image");
  return `${image}${name ? `:${name}` : ""}${digest === undefined ? "" : `@${digest}`}`;
}

/** Returns the overrides of a task that is started with another command than its definition's. */
export function overridesFor(command: string[]) {
  return { containerOverrides: [{ name: CONTAINER, command }] };
}

/** Returns the definition of a collection's task. @throws UserError for settings that are missing or wrong. */
export function definitionFor(options: DefinitionOptions): RegisterTaskDefinitionCommandInput {
  const { bucket, job, shutdown, settings, region, env, secrets } = options;
  const family = familyFor(bucket, job.collectionId);
  const [cpu, memory] = [readNumber(settings, "cpu", "256"), readNumber(settings, "memory", "512")];
  const command = harvesterArgs(job, { bucket, shutdown });
  const definition: RegisterTaskDefinitionCommandInput = {
    family,
    requiresCompatibilities: ["FARGATE"],
    networkMode: "awsvpc",
    cpu,
    memory,
    runtimePlatform: {
      operatingSystemFamily: "LINUX",
      cpuArchitecture: architectureFor(settings),
    },
    taskRoleArn: settings.require("task_role_arn"),
    executionRoleArn: settings.require("task_execution_role_arn"),
    containerDefinitions: [{
      name: CONTAINER,
      image: imageFor(settings),
      essential: true,
      memory: Number(memory),
      command,
      portMappings: [{ containerPort: CONTROL_PORT, protocol: "tcp" }],
      environment: Object.entries(env).map(([name, value]) => ({ name, value })),
      secrets: Object.entries(secrets).map(([name, valueFrom]) => ({ name, valueFrom })),
      stopTimeout: STOP_TIMEOUT,
      readonlyRootFilesystem: true,
      // The image declares it as a volume, so that its owner and mode are those of the image.
      mountPoints: [{ sourceVolume: "temporary", containerPath: TEMPORARY, readOnly: false }],
      linuxParameters: { capabilities: { drop: ["ALL"] } },
      // The container's user is not root and has no capability, and the control server listens on port 80.
      systemControls: [{ namespace: "net.ipv4.ip_unprivileged_port_start", value: "0" }],
      logConfiguration: {
        logDriver: "awslogs",
        options: {
          "awslogs-group": settings.require("log_group"),
          "awslogs-region": region,
          "awslogs-stream-prefix": family,
        },
      },
    }],
    volumes: [{ name: "temporary" }],
    tags: tagsFor(bucket, job.collectionId),
  };
  return withFingerprint(definition);
}

function withFingerprint(
  definition: RegisterTaskDefinitionCommandInput,
): RegisterTaskDefinitionCommandInput {
  const sum = createHash("sha256").update(JSON.stringify(definition)).digest("hex");
  const containerDefinitions = definition.containerDefinitions?.map((container) => ({
    ...container,
    dockerLabels: { [FINGERPRINT]: sum },
  }));
  return { ...definition, containerDefinitions };
}

function readNumber(settings: DefinitionSettings, name: "cpu" | "memory", usual: string): string {
  const value = settings.get(name) ?? usual;
  if (/^[1-9]\d*$/.test(value)) return value;
  throw new UserError(
    `${name} in twarc_cloud.ini is ${JSON.stringify(value)}, which is not a number`,
    {
      hint: `Fargate takes certain pairs only, such as cpu = 256 with memory = 512.`,
    },
  );
}

function architectureFor(settings: DefinitionSettings): "ARM64" | "X86_64" {
  const value = settings.get("architecture") ?? "X86_64";
  if (value === "ARM64" || value === "X86_64") return value;
  throw new UserError(`architecture in twarc_cloud.ini is ${JSON.stringify(value)}`, {
    hint: "Set it to ARM64 or X86_64.",
  });
}
