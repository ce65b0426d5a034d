/** Reports a failed harvest to Honeybadger, with every secret taken out. */

import { errorMessage } from "../base/errors.ts";
import { VERSION } from "../base/version.ts";

/** Milliseconds that a report may take: the harvester is about to end. */
const PATIENCE_MS = 5_000;
/** Values shorter than this are too common to be taken out. */
const MIN_SECRET = 8;

/** The context of a report. */
export interface ReportOptions {
  /** API key of a Honeybadger project. */
  apiKey: string;
  /** Address that takes notices. */
  endpoint?: string | undefined;
  /** The harvest; no secrets. */
  context: Record<string, string>;
  /** Values to take out of every text. */
  secrets: string[];
  hostname: string;
  /** In milliseconds since 1970. */
  now: number;
}

/**
 * Sends a notice (https://docs.honeybadger.io/api/reporting-exceptions/). It never throws, and is over within
 * PATIENCE_MS.
 * @returns Whether Honeybadger accepted it
 */
export async function report(error: unknown, options: ReportOptions): Promise<boolean> {
  const { apiKey, endpoint = "https://api.honeybadger.io" } = options;
  try {
    const response = await fetch(new URL("/v1/notices", endpoint), {
      method: "POST",
      headers: {
        "x-api-key": apiKey,
        "content-type": "application/json",
        accept: "application/json",
        "user-agent": `twarc-cloud/${VERSION}`,
      },
      // A redirect must not get the key.
      redirect: "manual",
      body: scrub(JSON.stringify(noticeFor(error, options)), options.secrets),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

function noticeFor(error: unknown, { context, hostname, now }: ReportOptions) {
  const [first, ...causes] = listCauses(error);
  return {
    notifier: { name: "twarc-cloud", version: VERSION },
    error: { ...first, causes },
    request: { context },
    server: { environment_name: "production", hostname, time: new Date(now).toISOString() },
  };
}

/** Returns an error and its causes in Honeybadger's format. */
function listCauses(error: unknown): { class: string; message: string; backtrace: unknown[] }[] {
  const isError = error instanceof Error;
  const one = {
    class: isError ? error.name : "Error",
    message: errorMessage(error),
    backtrace: isError ? parseFrames(error.stack ?? "") : [],
  };
  return isError && error.cause !== undefined ? [one, ...listCauses(error.cause)] : [one];
}

function parseFrames(stack: string): { method: string; file: string; number: string }[] {
  return [...stack.matchAll(/^ {4}at (?:(.+?) \()?(.+?):(\d+):\d+\)?$/gm)].map(
    ([, method = "", file = "", number = ""]) => ({ method, file, number }),
  );
}

/** Returns a text without secrets and without anything that looks like a request's signature. */
export function scrub(text: string, secrets: string[]): string {
  const known = secrets.filter((secret) => secret.length >= MIN_SECRET);
  const parts = known.flatMap((secret) => [secret, encodeURIComponent(secret)]);
  return parts.reduce((left, secret) => left.replaceAll(secret, "[secret]"), text)
    .replace(/\b(Bearer|Basic|OAuth) [\w.~+/%=-]+/g, "$1 [secret]")
    .replace(/\b(oauth_\w+|[\w-]*(?:token|secret|signature)[\w-]*)=[^&\s"\\]+/gi, "$1=[secret]");
}
