/** The meaning of the API's error responses. */

import { z } from "zod";
import { PUT_KEYS } from "../../base/api_keys.ts";
import { type ApiError, UserError } from "../../base/errors.ts";
import { jsonOrNull } from "../../base/json.ts";

const decoder = new TextDecoder();
const MAX_MESSAGE = 200;
/** Bytes of an error's body that are parsed. */
const MAX_BODY = 65_536;

/** The problem document of v2: https://docs.x.com/x-api/fundamentals/response-codes-and-errors */
const problemBody = z.object({
  title: z.string(),
  detail: z.string().optional(),
  type: z.string().optional(),
  errors: z.array(z.object({ message: z.string() })).optional().catch(undefined),
});

/** Problems in a list, without one for all of them. */
const problemList = z.object({
  errors: z.array(z.object({
    title: z.string(),
    detail: z.string().optional(),
    details: z.array(z.string()).optional(),
    type: z.string().optional(),
  })).min(1),
});

/** The shapes of v1.1 error bodies: a list, or for old endpoints one text. */
const errorBody = z.union([
  z.object({
    errors: z.array(z.object({ code: z.number().optional(), message: z.string() })).min(1),
  }),
  z.object({ error: z.string() }),
  z.object({ errors: z.string() }),
]);

const said = z.string().optional().catch(undefined);
/** The texts of error bodies. */
const textsBody = z.object({
  title: said,
  detail: said,
  message: said,
  error: said,
  errors: z.array(
    z.union([
      z.string().transform((message) => ({ message, detail: undefined, details: undefined })),
      z.object({
        message: said,
        detail: said,
        details: z.array(z.string()).optional().catch(undefined),
      }),
    ]),
  ).optional().catch(undefined),
});

/** An error body's code, where it has one, and its message for a person. */
export interface Fault {
  code?: number;
  problem?: string;
  message: string;
}

/** Returns the fault in an error response's body; any kind of body is accepted. */
export function readFault(body: Uint8Array): Fault {
  const text = decoder.decode(body.subarray(0, MAX_BODY)).trim();
  const json = jsonOrNull(text);
  const listed = problemList.safeParse(json).data?.errors[0];
  if (listed) {
    return problemFault({ ...listed, detail: listed.details?.join("; ") ?? listed.detail });
  }
  const problem = problemBody.safeParse(json).data;
  if (problem) return problemFault(problem);
  const parsed = errorBody.safeParse(json);
  if (!parsed.success) return { message: plain(text) || "no reason given" };
  if ("error" in parsed.data) return { message: plain(parsed.data.error) };
  const { errors } = parsed.data;
  if (typeof errors === "string") return { message: plain(errors) };
  const [first] = errors;
  if (!first) return { message: "no reason given" };
  const message = plain(errors.map((error) => error.message).join("; "));
  return first.code === undefined ? { message } : { code: first.code, message };
}

/** Returns every text in an error response's body, unshortened. */
export function readTexts(body: Uint8Array): string[] {
  const text = decoder.decode(body.subarray(0, MAX_BODY));
  const parsed = textsBody.safeParse(jsonOrNull(text)).data;
  if (!parsed) return [text];
  const { title, detail, message, error, errors = [] } = parsed;
  return [
    ...[title, detail, message, error],
    ...errors.flatMap(({ message, detail, details = [] }) => [message, detail, ...details]),
  ].filter((text) => text !== undefined);
}

/** Error codes of v1.1 for bad keys, and advice for each. */
const KEYS_FAULTS: Record<number, string> = {
  32: `Check the keys, or get new ones with \`twarc-cloud configure\`, ${PUT_KEYS}`,
  64: "The account that owns the keys is suspended: use the keys of another account.",
  89:
    "The token is not valid (any more): get a new one with `twarc-cloud configure` (for a bearer token " +
    `\`twarc-cloud configure --bearer-token\`), ${PUT_KEYS}`,
  99: `Check the consumer key and secret: \`twarc-cloud configure --app\`, ${PUT_KEYS}`,
  135: "The time of this computer is wrong: set its clock.",
  215: `The request was not signed: get keys with \`twarc-cloud configure\`, ${PUT_KEYS}`,
  326: "The account that owns the keys is locked: log in to it on the web and unlock it.",
  453: 'The access level of these keys does not cover this: use `"api": "2"`, or a higher level.',
};

/** Problems of v2 that a retry does not solve, and advice for each. */
const PROBLEMS: Record<string, string> = {
  "usage-capped":
    "Collected tweets are safe. Start the harvest again when your plan's next month begins, or with a " +
    "higher cap: it goes on from here.",
  "client-forbidden": "In the developer portal, put the app of these keys into a project.",
  "client-not-enrolled": "In the developer portal, put the app of these keys into a project.",
  "unsupported-authentication":
    `This needs a bearer token: \`twarc-cloud configure --bearer-token\`, ${PUT_KEYS}`,
};
/** Matches a 401 for valid keys without the user's authorization. */
const NOT_AUTHORIZED = /not authorized/i;
const PAYMENT_REQUIRED = 402;
const CREDITS =
  "Collected tweets are safe. Buy credits in the developer portal and start the harvest again: " +
  "it goes on from here.";
/** A spending limit is refused with the type of used up credits, but with another status. */
const SPENDING_LIMIT =
  "Collected tweets are safe. Raise the spending limit in the developer portal, or wait for the next " +
  "billing cycle, and start the harvest again: it goes on from here.";

/** Returns the UserError for a response that only a person can change (bad keys, a used up cap), otherwise null. */
export function personsFault(error: ApiError): UserError | null {
  const hint = hintFor(error);
  return hint === undefined ? null : new UserError(error.message, { hint, cause: error });
}

function hintFor({ status, code, problem, message }: ApiError): string | undefined {
  if (code !== undefined) return KEYS_FAULTS[code];
  if (problem !== undefined && Object.hasOwn(PROBLEMS, problem)) return PROBLEMS[problem];
  if (status === PAYMENT_REQUIRED) return CREDITS;
  if (problem === "credits") return SPENDING_LIMIT;
  return status === 401 && !NOT_AUTHORIZED.test(message) ? KEYS_FAULTS[32] : undefined;
}

/** Returns whether the body of a 401 reports a bad signature, not a lack of access. */
export function isUnsigned(body: Uint8Array): boolean {
  return !NOT_AUTHORIZED.test(readFault(body).message);
}

function problemFault({ title, detail, type = "", errors }: z.infer<typeof problemBody>): Fault {
  const named = type.includes("/problems/") ? type.slice(type.lastIndexOf("/") + 1) : title;
  const more = errors?.map((error) => error.message).join("; ") ?? detail;
  return {
    problem: named.toLowerCase().replaceAll(" ", "-"),
    message: plain(more && more !== title ? `${title}: ${more}` : title),
  };
}

/** Returns one short line without markup and control characters. */
function plain(text: string): string {
  // deno-lint-ignore no-control-regex
  const line = text.replace(/<[^>]*>/g, " ").replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, " ")
    .trim();
  return line.length > MAX_MESSAGE ? `${line.slice(0, MAX_MESSAGE)}...` : line;
}
