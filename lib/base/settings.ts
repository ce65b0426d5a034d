/** Settings of this installation: flags, then environment, then twarc_cloud.ini, then defaults. */

import { z } from "zod";
import { isIgnored } from "./aws_profile.ts";
import { type BucketRef, parseBucket } from "./bucket_ref.ts";
import { UserError } from "./errors.ts";
import { parseIni } from "./ini.ts";
import { readWrittenText, unreadable } from "./written_text.ts";

/** The bucket when none is configured. */
export const DEFAULT_BUCKET = "./twarc-cloud-data";
/** The file with an installation's settings, in the working folder. */
export const INI_FILE = "twarc_cloud.ini";

/** The settings of section [DEFAULT]: the Python original's, and ours, which all have defaults. */
export const NAMES = [
  "bucket",
  "subnet",
  "security_group",
  "task_role_arn",
  "task_execution_role_arn",
  "event_role_arn",
  "cluster",
  "log_group",
  "image_tag",
  "region",
  "access_key",
  "secret_key",
  "session_token",
  "honeybadger_key",
  "image",
  "cpu",
  "memory",
  "architecture",
  "spot",
  "ask_above",
  "endpoint",
  "path_style",
  "dead_letter_queue",
  "runner",
] as const;

/** The name of a setting in the ini file. */
export type SettingName = (typeof NAMES)[number];

/** Where harvesters run: in ECS containers or in processes of this machine. */
export type RunnerKind = (typeof KINDS)[number];
const KINDS = ["ecs", "local"] as const;

/** Hint for settings of the Python original's Terraform, whose environment does not support the command. */
export const MOVE_FIRST =
  "This is the environment of the Python original: run the new Terraform first (docs/moving.md); your bucket and " +
  "collections are kept.";

/** Environment variables that choose AWS credentials. */
const KEYS = [
  "AWS_ACCESS_KEY_ID",
  "AWS_PROFILE",
  "AWS_WEB_IDENTITY_TOKEN_FILE",
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
];

const iniSchema = z.object({ DEFAULT: z.record(z.string(), z.unknown()).optional() });
const urlSchema = z.url({ protocol: /^https?$/ });

/** Sources of settings. */
export interface SettingSources {
  /** The value of --bucket. */
  bucket?: string | undefined;
  env: Record<string, string | undefined>;
  /** The ini file, which may be absent. */
  iniPath?: string;
}

/** Access to AWS; what is absent is resolved by the AWS SDK. */
export interface AwsSettings {
  region: string | undefined;
  accessKey: string | undefined;
  secretKey: string | undefined;
  /** Of temporary credentials. */
  sessionToken: string | undefined;
  /** Replaces the address of every service. */
  endpoint: string | undefined;
  /** Replaces the address of S3. */
  storeEndpoint: string | undefined;
  /** Whether buckets are addressed by path; undefined where not configured. */
  pathStyle: boolean | undefined;
}

/** The settings of one command. */
export class Settings {
  readonly bucket: BucketRef;
  /** Replaces scheme and host of the API's addresses. */
  readonly twitterApiUrl: URL | undefined;
  /** The secret that authorizes control of harvesters. */
  readonly controlSecret: string | undefined;
  readonly #region: string | undefined;
  readonly #endpoint: string | undefined;
  readonly #storeEndpoint: string | undefined;
  readonly #pathStyle: boolean | undefined;
  /** Whether the environment chooses the credentials, which overrides those of the ini file. */
  readonly #hasOwnKeys: boolean;
  readonly #ini: Partial<Record<SettingName, string>>;
  /** The values of section [citation], unchecked. */
  readonly citation: Readonly<Record<string, string>>;
  /** Names in section [DEFAULT] that are no settings. */
  readonly unknown: readonly string[];

  private constructor({ bucket, env }: SettingSources, { ini, citation, unknown }: Ini) {
    this.#ini = ini;
    this.unknown = unknown;
    this.citation = citation;
    this.bucket = parseBucket(bucket ?? ini.bucket ?? DEFAULT_BUCKET);
    this.twitterApiUrl = readUrl(env, "TWITTER_API_URL");
    this.#region = env.AWS_REGION || env.AWS_DEFAULT_REGION || undefined;
    this.#hasOwnKeys = KEYS.some((name) => env[name]);
    const urls = isIgnored(env) ? {} : env;
    this.#endpoint = urls.AWS_ENDPOINT_URL || undefined;
    this.#storeEndpoint = urls.AWS_ENDPOINT_URL_S3 || urls.AWS_ENDPOINT_URL || readEndpoint(ini);
    this.#pathStyle = readBoolean(ini, "path_style");
    this.controlSecret = env.TWARC_CLOUD_SECRET || undefined;
  }

  /** Loads the settings. @throws UserError for a file or a value that is invalid */
  static async load(sources: SettingSources): Promise<Settings> {
    if (sources.bucket === "") throw new UserError("The bucket's name is empty");
    return new Settings(sources, await readIni(sources.iniPath ?? INI_FILE));
  }

  /** Access to AWS from the environment, then from the ini file; what is absent is resolved by the AWS SDK. */
  get aws(): AwsSettings {
    const { access_key, secret_key, session_token } = this.#hasOwnKeys ? {} : this.#ini;
    return {
      region: this.#region ?? this.#ini.region,
      accessKey: access_key,
      secretKey: secret_key,
      sessionToken: session_token,
      endpoint: this.#endpoint,
      storeEndpoint: this.#storeEndpoint,
      pathStyle: this.#pathStyle,
    };
  }

  /** The bucket, where its harvesters run, and the access to AWS. */
  get place(): { bucket: BucketRef; runner: RunnerKind; aws: AwsSettings } {
    return { bucket: this.bucket, runner: this.runner, aws: this.aws };
  }

  /**
   * Where harvesters run: as `runner` says, else on ECS if a cluster is set and locally otherwise; a folder's always
   * run locally.
   * @throws UserError if `runner` is neither
   */
  get runner(): RunnerKind {
    const { runner, cluster } = this.#ini;
    const usual = cluster === undefined ? "local" : "ecs";
    const kind = runner === undefined ? usual : KINDS.find((one) => one === runner);
    if (!kind) {
      throw new UserError(`runner in ${INI_FILE} is ${JSON.stringify(runner)}`, {
        hint: "Set it to ecs or local.",
      });
    }
    return this.bucket.kind === "folder" ? "local" : kind;
  }

  /** Dollars above which a harvest asks for confirmation. @throws UserError if it is not a number */
  get askAbove(): number | undefined {
    const { ask_above: text } = this.#ini;
    if (text === undefined) return undefined;
    if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
    throw new UserError(
      `ask_above in ${INI_FILE} is ${JSON.stringify(text)}, which is not a number`,
      {
        hint: "Set it to a number of dollars, such as 10.",
      },
    );
  }

  /** Whether the settings are of the Python original's Terraform, recognized by its role names. */
  get isOriginal(): boolean {
    const { task_role_arn = "", event_role_arn = "" } = this.#ini;
    return /:role\/.+-ecs-task-role$/.test(task_role_arn) ||
      /:role\/.+-event-role$/.test(event_role_arn);
  }

  /** Returns an optional setting of the ini file. */
  get(name: SettingName): string | undefined {
    return this.#ini[name];
  }

  /**
   * Returns a required setting of the ini file.
   * @throws UserError that names it if it is missing
   */
  require(name: SettingName): string {
    const value = this.#ini[name];
    if (value !== undefined) return value;
    if (this.isOriginal) throw new UserError(`${name} is not set`, { hint: MOVE_FIRST });
    throw new UserError(`${name} is not set`, {
      hint: `Add it to section [DEFAULT] of ${INI_FILE}: Terraform outputs its value.`,
    });
  }
}

/** The sections of an ini file that are used. */
interface Ini {
  /** Section [DEFAULT]. */
  ini: Partial<Record<SettingName, string>>;
  /** Section [citation]. */
  citation: Record<string, string>;
  /** Names in section [DEFAULT] that are no settings. */
  unknown: string[];
}

async function readIni(path: string): Promise<Ini> {
  let text: string;
  try {
    text = await readWrittenText(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) return { ini: {}, citation: {}, unknown: [] };
    throw unreadable(path, cause);
  }
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const fault = lines.findIndex((line) => !/^($|[#;]|\[[^\]]+\]$|[^=]+=)/.test(line));
  if (fault >= 0) {
    throw new UserError(`Line ${fault + 1} of ${path} is not a setting`, {
      hint: "A line is `name = value`, a section like [DEFAULT], or a comment that begins with #.",
    });
  }
  const section = iniSchema.safeParse(await parseIni(text)).data?.DEFAULT;
  const citation = readTexts(lines, "citation");
  const isOther = Object.keys(citation).length === 0 && lines.some((line) => /^[^#;]/.test(line));
  if (!section && isOther) {
    throw new UserError(`${path} has no section [DEFAULT]`, {
      hint: "Put [DEFAULT] in its first line.",
    });
  }
  const settings: Partial<Record<SettingName, string>> = {};
  for (const name of NAMES) {
    const value = String(section?.[name] ?? "");
    if (value === "") continue;
    if (/<[^>]*>/.test(value)) {
      throw new UserError(`${name} in ${path} is still ${value}`, {
        hint: "Replace it with the actual value.",
      });
    }
    settings[name] = value;
  }
  checkKeys(settings, path);
  const known: readonly string[] = NAMES;
  const unknown = Object.keys(section ?? {}).filter((name) => !known.includes(name));
  return { ini: settings, citation, unknown };
}

/** A section's settings as they stand there: in a title or between names, `#` and `;` begin no comment. */
function readTexts(lines: readonly string[], section: string): Record<string, string> {
  const first = lines.indexOf(`[${section}]`) + 1;
  if (first === 0) return {};
  const end = lines.findIndex((line, i) => i >= first && line.startsWith("["));
  const rows = lines.slice(first, end < 0 ? lines.length : end);
  const found: Record<string, string> = {};
  for (const row of rows) {
    const [, name, value] = /^([^#;=]+?)\s*=\s*(.*)$/.exec(row) ?? [];
    const text = value?.replace(/^"(.*)"$/, "$1") ?? "";
    if (name !== undefined && text !== "") found[name] = text;
  }
  return found;
}

/** Returns the address of an S3-compatible store. @throws UserError */
function readEndpoint({ endpoint }: Partial<Record<SettingName, string>>): string | undefined {
  if (endpoint === undefined || urlSchema.safeParse(endpoint).success) return endpoint;
  throw new UserError(
    `endpoint in ${INI_FILE} is ${JSON.stringify(endpoint)}, which is not a valid address`,
    {
      hint: "Set it to something like https://minio.example.org:9000, or leave it out for AWS.",
    },
  );
}

/** @throws UserError */
function readBoolean(
  ini: Partial<Record<SettingName, string>>,
  name: SettingName,
): boolean | undefined {
  const value = ini[name]?.toLowerCase();
  if (value === undefined) return undefined;
  if (value === "true" || value === "false") return value === "true";
  throw new UserError(`${name} in ${INI_FILE} is ${JSON.stringify(ini[name])}`, {
    hint: "It is true or false.",
  });
}

/** Checks that credentials are complete: a missing half would come from another source. @throws UserError if not */
function checkKeys(
  { access_key, secret_key, session_token }: Partial<Record<SettingName, string>>,
  path: string,
): void {
  const isPair = Boolean(access_key) === Boolean(secret_key);
  if (isPair && (access_key || !session_token)) return;
  const [has, lacks] = access_key
    ? ["access_key", "secret_key"]
    : secret_key
    ? ["secret_key", "access_key"]
    : ["session_token", "access_key and secret_key"];
  throw new UserError(`${path} has ${has} but no ${lacks}`, {
    hint: `Add ${lacks}, or remove ${has}.`,
  });
}

function readUrl(env: Record<string, string | undefined>, name: string): URL | undefined {
  const value = env[name];
  if (!value) return undefined;
  if (urlSchema.safeParse(value).success) {
    const url = new URL(value);
    if (url.href === `${url.origin}/`) return url;
    throw new UserError(`${name} is ${JSON.stringify(value)}, which is more than scheme and host`, {
      hint: `Set it to ${url.origin}, or unset it.`,
    });
  }
  throw new UserError(`${name} is ${JSON.stringify(value)}, which is not a valid address`, {
    hint: `Set it to something like http://127.0.0.1:8080, or unset it.`,
  });
}
