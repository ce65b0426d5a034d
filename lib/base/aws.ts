/** What every AWS client is made with, and what AWS's failures mean to a person. */

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import process from "node:process";
import { awsAuthorities } from "./certificates.ts";
import { AccessError, OutsideError, TwarcCloudError, UserError } from "./errors.ts";
import { type Moved, movedFor, networkReason } from "./network.ts";
import { proxiesIn } from "./proxy.ts";
import { retryAfter } from "./retry_after.ts";

/** How AWS is asked; what is absent is found as the AWS SDK finds it: environment, profile, container. */
export interface AwsAccess {
  region?: string | undefined;
  accessKey?: string | undefined;
  secretKey?: string | undefined;
  /** Of keys that are good for a while only. */
  sessionToken?: string | undefined;
  /** An address that is asked in place of AWS's own. */
  endpoint?: string | undefined;
  /** One that is asked in place of S3's, before `endpoint`. */
  storeEndpoint?: string | undefined;
  /** Whether S3 is asked for a bucket by path; unless said, where its address is one's own. */
  pathStyle?: boolean | undefined;
  /** How often a request is tried; 8 times unless said. */
  tries?: number;
}

/** What a client of the AWS SDK takes. */
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

/** Connections of a client at a time, as the SDK has them. */
const SOCKETS = 50;

/** Returns what a client is made with. @throws UserError for a proxy through which AWS is not asked. */
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
 * Returns what sends requests through the proxies of the environment, and trusts its authorities, of which the SDK knows
 * nothing; nothing where there are none.
 */
function agents(): { httpAgent?: HttpAgent; httpsAgent?: HttpsAgent } {
  const { NO_PROXY, ...proxies } = proxiesIn(process.env);
  const ca = awsAuthorities();
  if (NO_PROXY === undefined && ca === null) return {};
  for (const [name, proxy] of Object.entries(proxies)) {
    if (!proxy.startsWith("socks")) continue;
    throw new UserError(`${name} is a SOCKS proxy, through which AWS cannot be asked`, {
      hint: "Set it to an HTTP proxy, or name AWS's hosts in NO_PROXY.",
    });
  }
  const proxyEnv = NO_PROXY === undefined ? {} : { proxyEnv: { ...proxies, NO_PROXY } };
  const options = { keepAlive: true, maxSockets: SOCKETS, ...proxyEnv };
  return {
    httpAgent: new HttpAgent(options),
    httpsAgent: new HttpsAgent({ ...options, ...(ca ? { ca } : {}) }),
  };
}

/** A failure of the AWS SDK as far as we look at it. */
export interface AwsFailure {
  /** AWS's name for it: `AccessDenied`, `NoSuchBucket` ...; or the network's: `ECONNREFUSED`. */
  code: string;
  status: number | undefined;
  message: string;
  /** The region that a bucket is in, where AWS says it. */
  region: string | undefined;
  /** Where the address has moved to for good. */
  moved: Moved | null;
  /** Milliseconds after which it wants to be asked again, where it says so; the SDK waits five seconds of it. */
  retryAfterMs: number | undefined;
}

/** Returns what is known of a failure, whatever was thrown. */
export function awsFailure(thrown: unknown): AwsFailure {
  const object = isObject(thrown) ? thrown : {};
  const metadata = isObject(object.$metadata) ? object.$metadata : {};
  const response = isObject(object.$response) ? object.$response : {};
  const headers = isObject(response.headers) ? response.headers : {};
  const name = textOf(object.name);
  const network = textOf(object.code) ?? textOf(object.Code);
  const region = textOf(headers["x-amz-bucket-region"]) ?? textOf(object.Region) ??
    textOf(object.BucketRegion);
  const status = typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
  return {
    code: name && name !== "Error" ? name : network ?? "",
    status,
    message: textOf(networkReason(thrown)) ?? String(thrown),
    region,
    retryAfterMs: retryAfter((name) => textOf(headers[name]), Date.now()),
    moved: movedFor({ status, location: textOf(headers.location) }),
  };
}

const CREDENTIALS =
  "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or access_key " +
  "and secret_key in twarc_cloud.ini.";

/** Returns where keys that AWS does not take come from: the environment goes before the ini file. */
function whoseKeys(): string {
  const { AWS_PROFILE: profile, AWS_ACCESS_KEY_ID: key } = process.env;
  if (profile) return `They are those of profile ${profile}, as AWS_PROFILE says.`;
  if (key) {
    return "They are those of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN in the environment.";
  }
  return "They are access_key, secret_key and session_token of twarc_cloud.ini, or else those of your default " +
    "profile: AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, go before both.";
}

/** Returns a command of AWS's own command line, for the profile in which the SDK looks. */
function awsCommand(command: string): string {
  const profile = process.env.AWS_PROFILE;
  if (!profile) return `aws ${command}`;
  return `aws ${command} --profile ${/^[\w.@+-]+$/.test(profile) ? profile : `'${profile}'`}`;
}

/** S3 hides whether there is an object from who may not list. */
function denied(what: string): string {
  const policies =
    "The policies of infra/person.tf and infra/roles.tf have what twarc-cloud needs.";
  if (!what.startsWith("Reading ")) return policies;
  return `${policies} Without s3:ListBucket S3 answers so for what is not there as well.`;
}

function regionHint(): string {
  return "Set region in twarc_cloud.ini, or AWS_REGION, or that of your profile, for example with: " +
    awsCommand("configure set region eu-central-1");
}

/**
 * Returns what a failure of AWS means to a person; what is one of our own errors already stays as it is.
 * @param what What was tried, to stand before what happened: `Reading collections/c/lock.json`.
 */
export function awsError(thrown: unknown, what: string): TwarcCloudError {
  if (thrown instanceof TwarcCloudError) return thrown;
  const failure = awsFailure(thrown);
  const { message, hint, isOurs } = meaning(failure, what);
  const { retryAfterMs } = failure;
  const details = { cause: thrown, retryAfterMs, ...(hint ? { hint } : {}) };
  return isOurs ? new AccessError(message, details) : new OutsideError(message, details);
}

/** A failure in words. */
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
      `Where that is the store's own address, set AWS_ENDPOINT_URL=${moved.origin}, where the old one is set.`;
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
  const hint = isOurs ? "The policy of infra/person.tf has what twarc-cloud needs." : undefined;
  return {
    message: `${what} failed: ${oneLine(message)}${code && code !== message ? ` (${code})` : ""}`,
    isOurs,
    ...(hint ? { hint } : {}),
  };
}

/** What S3 calls a write that met another one of the same object, which it has not ended. */
export const MET_ANOTHER = /^(ConditionalRequestConflict|OperationAborted)$/;

/** Failures by AWS's names for them, the first that fits. */
const KNOWN: {
  codes?: RegExp;
  says?: RegExp;
  means: string;
  /** @param what What was tried. */
  hint?: string | ((what: string) => string);
  isOutside?: boolean;
  /** Whether AWS's own words are shown as well. */
  isVerbose?: boolean;
}[] = [
  {
    codes: /^NoSuchBucket$/,
    means: "there is no such bucket",
    hint:
      "Look at bucket in twarc_cloud.ini and at --bucket; a folder is written with ./ in front.",
  },
  {
    // The SDK's name for all of these is the same: only what it says differs.
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
    means: "AWS does not take these keys",
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
    hint: "Set it by a time server.",
  },
  {
    codes:
      /^(AccessDenied(Exception)?|AccessDeniedFault|UnauthorizedOperation|Forbidden|NotAuthorized)$/,
    means: "AWS does not allow it",
    hint: denied,
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
    means: "AWS asks to slow down, still after many tries",
    hint: "Try again later.",
    isOutside: true,
  },
  {
    // Who is asked over and over is not known by its name: the reason says what to set.
    says: /^(the (certificate|name|proxy)|what answers for) /,
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
    means: "another write of it is still under way",
    hint: "Try again in a moment.",
    isOutside: true,
    isVerbose: true,
  },
  {
    codes:
      /^(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EPIPE|TimeoutError|NetworkingError|RequestTimeout|ConnectTimeoutError|AbortError)$/,
    says: /socket hang up|connection (refused|reset)|network is unreachable|timed out/i,
    means: "AWS cannot be reached",
    hint: "Look whether this machine is on the network.",
    isOutside: true,
    isVerbose: true,
  },
];

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim().replace(/\.$/, "");
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
