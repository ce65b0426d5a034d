/** Configuration of AWS clients, and AWS's failures as errors for a person. */

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import process from "node:process";
import { awsAuthorities } from "./certificates.ts";
import { AccessError, OutsideError, TwarcCloudError, UserError } from "./errors.ts";
import { type Moved, movedFor, networkReason } from "./network.ts";
import { readProxies } from "./proxy.ts";
import { retryAfter } from "./retry_after.ts";

/** Access to AWS; what is absent is resolved by the AWS SDK: environment, profile, container. */
export interface AwsAccess {
  region?: string | undefined;
  accessKey?: string | undefined;
  secretKey?: string | undefined;
  /** Of temporary credentials. */
  sessionToken?: string | undefined;
  /** Replaces the address of every service. */
  endpoint?: string | undefined;
  /** Replaces the address of S3, before `endpoint`. */
  storeEndpoint?: string | undefined;
  /** Whether S3 buckets are addressed by path; by default, where the address is not AWS's. */
  pathStyle?: boolean | undefined;
  /** Tries of a request; 8 by default. */
  tries?: number;
}

/** Options of an AWS SDK client. */
export interface AwsClientConfig {
  region?: string;
  endpoint?: string;
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  maxAttempts: number;
  /** In milliseconds. */
  requestHandler: {
    connectionTimeout: number;
    socketTimeout: number;
    httpAgent?: HttpAgent;
    httpsAgent?: HttpsAgent;
  };
}

/** Tries of a request: with the SDK's back-off the last comes after a good minute. */
const TRIES = 8;
const [CONNECTION_MS, SILENCE_MS] = [10_000, 20_000];

/** Connections of a client, as the SDK has them by default. */
const SOCKETS = 50;

/** Returns the configuration of a client. @throws UserError for a proxy that AWS cannot be reached through */
export function awsConfig(
  { region, accessKey, secretKey, sessionToken, endpoint, tries = TRIES }: AwsAccess,
): AwsClientConfig {
  return {
    ...(endpoint ? { endpoint } : {}),
    ...(region ? { region } : {}),
    ...(accessKey && secretKey
      ? {
        credentials: {
          accessKeyId: accessKey,
          secretAccessKey: secretKey,
          ...(sessionToken ? { sessionToken } : {}),
        },
      }
      : {}),
    maxAttempts: tries,
    requestHandler: { connectionTimeout: CONNECTION_MS, socketTimeout: SILENCE_MS, ...agents() },
  };
}

/**
 * Returns agents for the environment's proxies and certificate authorities, which the SDK ignores; none where none are
 * set.
 */
function agents(): { httpAgent?: HttpAgent; httpsAgent?: HttpsAgent } {
  const { NO_PROXY, ...proxies } = readProxies(process.env);
  const ca = awsAuthorities();
  if (NO_PROXY === undefined && ca === null) return {};
  for (const [name, proxy] of Object.entries(proxies)) {
    if (!proxy.startsWith("socks")) continue;
    throw new UserError(`${name} is a SOCKS proxy, which is not supported for AWS`, {
      hint: "Set it to an HTTP proxy, or add AWS's hosts to NO_PROXY.",
    });
  }
  const proxyEnv = NO_PROXY === undefined ? {} : { proxyEnv: { ...proxies, NO_PROXY } };
  const options = { keepAlive: true, maxSockets: SOCKETS, ...proxyEnv };
  return {
    httpAgent: new HttpAgent(options),
    httpsAgent: new HttpsAgent({ ...options, ...(ca ? { ca } : {}) }),
  };
}

/** A failure of the AWS SDK. */
export interface AwsFailure {
  /** AWS's name for it (`AccessDenied`, `NoSuchBucket`), or the network's (`ECONNREFUSED`). */
  code: string;
  status: number | undefined;
  message: string;
  /** The bucket's region, where AWS gives it. */
  region: string | undefined;
  /** The new address, where it has moved permanently. */
  moved: Moved | null;
  /** Milliseconds until a retry, where AWS gives them; the SDK waits at most five seconds of them. */
  retryAfterMs: number | undefined;
}

/** Returns the facts of anything that was thrown. */
export function awsFailure(thrown: unknown): AwsFailure {
  const object = isObject(thrown) ? thrown : {};
  const metadata = isObject(object.$metadata) ? object.$metadata : {};
  const response = isObject(object.$response) ? object.$response : {};
  const headers = isObject(response.headers) ? response.headers : {};
  const name = asText(object.name);
  const network = asText(object.code) ?? asText(object.Code);
  const region = asText(headers["x-amz-bucket-region"]) ?? asText(object.Region) ??
    asText(object.BucketRegion);
  const status = typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
  return {
    code: name && name !== "Error" ? name : network ?? "",
    status,
    message: asText(networkReason(thrown)) ?? String(thrown),
    region,
    retryAfterMs: retryAfter((name) => asText(headers[name]), Date.now()),
    moved: movedFor({ status, location: asText(headers.location) }),
  };
}

const CREDENTIALS =
  "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or access_key " +
  "and secret_key in twarc_cloud.ini.";

/** Returns the source of the rejected credentials: the environment overrides the ini file. */
function whoseKeys(): string {
  const { AWS_PROFILE: profile, AWS_ACCESS_KEY_ID: key } = process.env;
  if (profile) return `They come from profile ${profile} (AWS_PROFILE).`;
  if (key) {
    return "They come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN in the environment.";
  }
  return "They come from access_key, secret_key and session_token of twarc_cloud.ini, or else from your default " +
    "profile: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, override both.";
}

/** Returns a command of AWS's command line for the profile in use. */
function awsCommand(command: string): string {
  const profile = process.env.AWS_PROFILE;
  if (!profile) return `aws ${command}`;
  return `aws ${command} --profile ${/^[\w.@+-]+$/.test(profile) ? profile : `'${profile}'`}`;
}

/** Returns the hint for a denied request: without s3:ListBucket, S3 denies access to absent objects. */
function deniedText(what: string): string {
  const policies =
    "The policies of infra/person.tf and infra/roles.tf list the permissions that twarc-cloud needs.";
  if (!what.startsWith("Reading ")) return policies;
  return `${policies} Without s3:ListBucket, S3 denies access to absent objects too.`;
}

function regionHint(): string {
  return "Set region in twarc_cloud.ini, or AWS_REGION, or the region of your profile, for example with: " +
    awsCommand("configure set region eu-central-1");
}

/**
 * Returns a failure of AWS as an error for a person; our own errors are returned as they are.
 * @param what The failed action, as the subject of the message: `Reading collections/c/lock.json`.
 */
export function awsError(thrown: unknown, what: string): TwarcCloudError {
  if (thrown instanceof TwarcCloudError) return thrown;
  const failure = awsFailure(thrown);
  const { message, hint, isOurs } = meaning(failure, what);
  const { retryAfterMs } = failure;
  const details = { cause: thrown, retryAfterMs, ...(hint ? { hint } : {}) };
  return isOurs ? new AccessError(message, details) : new OutsideError(message, details);
}

/** The message and hint for a failure. */
interface Meaning {
  message: string;
  hint?: string;
  /** Whether the person must change something. */
  isOurs: boolean;
}

function meaning(failure: AwsFailure, what: string): Meaning {
  const { code, status, message, region, moved } = failure;
  if (region && (status === 301 || status === 400 || status === 307)) {
    const hint = `Set region = ${region} in twarc_cloud.ini, or AWS_REGION.`;
    return { message: `${what} failed: the bucket is in region ${region}`, hint, isOurs: true };
  }
  if (moved && !region) {
    const hint =
      `If that is the store's own address, set AWS_ENDPOINT_URL=${moved.origin} in place of the old one.`;
    return { message: `${what} failed: it has moved for good to ${moved.to}`, hint, isOurs: true };
  }
  const known = KNOWN.find(({ codes, says }) => codes?.test(code) || says?.test(message));
  if (known) {
    const { means, hint, isVerbose, isOutside = false } = known;
    const problem = `${what} failed: ${means}`;
    return {
      message: isVerbose ? `${problem} (${oneLine(message)})` : problem,
      isOurs: !isOutside,
      ...(hint ? { hint: typeof hint === "string" ? hint : hint(what) } : {}),
    };
  }
  const isOurs = status === 403;
  const hint = isOurs
    ? "The policy of infra/person.tf lists the permissions that twarc-cloud needs."
    : undefined;
  return {
    message: `${what} failed: ${oneLine(message)}${code && code !== message ? ` (${code})` : ""}`,
    isOurs,
    ...(hint ? { hint } : {}),
  };
}

/** S3's codes for a write that collided with another write of the same object. */
export const MET_ANOTHER = /^(ConditionalRequestConflict|OperationAborted)$/;

/** Failures by AWS's codes for them, the first that fits. */
const KNOWN: {
  codes?: RegExp;
  says?: RegExp;
  means: string;
  /** @param what The failed action */
  hint?: string | ((what: string) => string);
  isOutside?: boolean;
  /** Whether AWS's own message is shown as well. */
  isVerbose?: boolean;
}[] = [
  {
    codes: /^NoSuchBucket$/,
    means: "the bucket does not exist",
    hint: "Check bucket in twarc_cloud.ini and --bucket; a folder is written with ./ in front.",
  },
  {
    // The SDK has one code for all of these: only the message differs.
    says: /aws sso login|SSO (session|token)|Session token not found or invalid/i,
    means: "you are not signed in to AWS",
    hint: () => `Sign in with: ${awsCommand("sso login")}`,
    isVerbose: true,
  },
  {
    says: /aws login\b|^Failed to load token from|login_session/i,
    means: "you are not signed in to AWS",
    hint: () => `Sign in with: ${awsCommand("login")}`,
    isVerbose: true,
  },
  {
    codes: /^(ExpiredToken(Exception)?|RequestExpired|TokenRefreshRequired)$/,
    says: /(token|session).*expired|expired.*(token|session)/i,
    means: "the AWS credentials have expired",
    hint: () => `Sign in again, for example with: ${awsCommand("sso login")}`,
    isVerbose: true,
  },
  {
    codes:
      /^(InvalidAccessKeyId|SignatureDoesNotMatch|UnrecognizedClientException|InvalidClientTokenId|AuthFailure|IncompleteSignature)$/,
    means: "AWS rejected the credentials",
    hint: whoseKeys,
    isVerbose: true,
  },
  {
    codes: /^(CredentialsProviderError|TokenProviderError)$/,
    says: /could not load credentials|credential is missing/i,
    means: "no AWS credentials were found",
    hint: CREDENTIALS,
    isVerbose: true,
  },
  {
    says: /region is missing|region not accepted/i,
    means: "no AWS region is set",
    hint: regionHint,
  },
  {
    codes: /^RequestTimeTooSkewed$/,
    means: "this machine's clock is wrong",
    hint: "Synchronize it with a time server.",
  },
  {
    codes:
      /^(AccessDenied(Exception)?|AccessDeniedFault|UnauthorizedOperation|Forbidden|NotAuthorized)$/,
    means: "AWS does not allow it",
    hint: deniedText,
    isVerbose: true,
  },
  {
    codes:
      /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException|InvalidRegion)$/,
    means: "the bucket is in another region",
    hint: regionHint,
    isVerbose: true,
  },
  {
    codes:
      /^(SlowDown|ServiceUnavailable|Throttling(Exception)?|ThrottledException|TooManyRequestsException|RequestLimitExceeded|RequestThrottled(Exception)?|BandwidthLimitExceeded|ProvisionedThroughputExceededException)$/,
    means: "AWS throttled the request, even after many tries",
    hint: "Try again later.",
    isOutside: true,
  },
  {
    // A retried request has no code of its own: the reason says what to set.
    says: /^(the (certificate|name|proxy)) /,
    means: "AWS cannot be reached",
    isOutside: true,
    isVerbose: true,
  },
  {
    codes:
      /^(InsufficientStorage|InsufficientCapacity|QuotaExceeded|QuotaExceededException|XMinioStorageFull|XMinioAdminBucketQuotaExceeded)$/,
    means: "the store is full, or a quota is reached",
    hint: "Free some space there, or raise the quota: what was committed is intact.",
    isVerbose: true,
  },
  {
    codes: MET_ANOTHER,
    means: "another write of it is still in progress",
    hint: "Try again in a moment.",
    isOutside: true,
    isVerbose: true,
  },
  {
    codes:
      /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|TimeoutError|NetworkingError|RequestTimeout|ConnectTimeoutError|AbortError)$/,
    says: /socket hang up|connection (refused|reset)|network is unreachable|timed out/i,
    means: "AWS cannot be reached",
    hint: "Check this machine's network connection.",
    isOutside: true,
    isVerbose: true,
  },
];

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().replace(/\.$/, "");
}

function asText(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
