/** The protocol between a person's command and a running harvester: routes, tokens, the client. */

import { readBody } from "../base/body.ts";
import type { Clock } from "../base/clock.ts";
import { type HarvestInfo, harvestInfoSchema } from "../collection/harvest_info.ts";
import { askedDirectly } from "../base/direct.ts";
import { OutsideError, TwarcCloudError, UserError } from "../base/errors.ts";
import { networkReason } from "../base/network.ts";
import { parseAs } from "../base/json.ts";

/** The harvest that a control server reports and stops. */
export interface Controlled {
  /** Returns the fields of harvest.json so far. */
  info(): HarvestInfo;
  /** Requests the harvest to stop. */
  stop(): void;
  /** Returns whether the harvest has stopped and everything is in the store. */
  isStopped(): boolean;
  /** Ends the process, after stopping. */
  shutdown(): void;
}

/** Seconds that a token is valid. */
const TOKEN_LIFETIME = 30;
/** Seconds by which the clocks of a person's machine and of the harvester may differ. */
const TOLERANCE = 5;
/** Milliseconds that the harvester may take to respond. */
const ANSWER_TIMEOUT_MS = 5_000;

const SAME_SECRET = "TWARC_CLOUD_SECRET has to be the same for this command and for the " +
  `harvester, and their clocks have to agree to ${TOLERANCE} seconds.`;

/** A route's action, its methods, and whether it needs no secret. */
interface Route {
  methods: readonly string[];
  open: boolean;
  act: (controlled: Controlled) => Response;
}

const ORDER = { methods: ["GET", "POST"], open: false } as const;

const ROUTES: Record<string, Route> = {
  "/": {
    methods: ["GET"],
    open: true,
    act: (controlled) => Response.json(controlled.info()),
  },
  "/stop": {
    ...ORDER,
    act: (controlled) => {
      controlled.stop();
      return new Response("stopping\n");
    },
  },
  "/is_stopped": { ...ORDER, act: (controlled) => new Response(`${controlled.isStopped()}`) },
  "/shutdown": {
    ...ORDER,
    act: (controlled) => {
      controlled.shutdown();
      return new Response("shutting down\n");
    },
  },
};

/** Options of controlAnswers(): the harvest, and the secret shared with its users. */
export interface ControlOptions {
  collectionId: string;
  /** Called when the secret is needed; without one, only `/` is served. */
  secret: () => Promise<string | undefined>;
  /**
   * The parameter that carries the secret itself, as harvesters of the Python original expect it; absent for those
   * that accept tokens.
   */
  parameter?: string;
  clock: Clock;
}

/**
 * Handles requests: `GET /` for everyone, `/stop`, `/is_stopped` and `/shutdown` for callers whose bearer token (a
 * JWT, RFC 7519, HS256) was signed with the secret for this collection and this route. The secret itself is never
 * sent, and each token is accepted once.
 */
export function controlAnswers(
  controlled: Controlled,
  options: ControlOptions,
): (request: Request) => Promise<Response> {
  const used = new Map<string, number>();
  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = ROUTES[pathname];
    if (!route) return refusal(404, "Not found");
    if (!route.methods.includes(request.method)) {
      const allow = route.methods.join(", ");
      return refusal(405, `Use ${allow}`, { allow });
    }
    if (!route.open) {
      const secret = await options.secret();
      if (!secret) return refusal(403, "TWARC_CLOUD_SECRET is not set for this harvester");
      const token = /^Bearer (\S+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
      if (!token || !await isGood(token, { ...options, secret, pathname, used })) {
        return refusal(401, "A valid token is needed", { "www-authenticate": "Bearer" });
      }
    }
    const response = route.act(controlled);
    response.headers.set("cache-control", "no-store");
    return response;
  };
}

/** A client of one harvester's control server. */
export class ControlClient {
  readonly #url: URL;
  readonly #options: ControlOptions;

  constructor(url: URL, options: ControlOptions) {
    this.#url = url;
    this.#options = options;
  }

  /**
   * Returns the harvester's status.
   * @throws OutsideError where it does not respond, or something else does
   */
  async info(signal?: AbortSignal): Promise<HarvestInfo> {
    const text = await this.#ask("/", { signal });
    const info = infoOrNull(text);
    if (info?.collection_id !== this.#options.collectionId) throw this.#stranger();
    return info;
  }

  /** Requests the harvest to stop. @throws OutsideError, UserError */
  async stop(signal?: AbortSignal): Promise<void> {
    await this.#order("/stop", signal);
  }

  /** Returns whether it has stopped. @throws OutsideError, UserError */
  async isStopped(signal?: AbortSignal): Promise<boolean> {
    const text = await this.#order("/is_stopped", signal);
    if (text !== "true" && text !== "false") throw this.#stranger();
    return text === "true";
  }

  /** Ends the harvester. @throws OutsideError, UserError */
  async shutdown(signal?: AbortSignal): Promise<void> {
    await this.#order("/shutdown", signal);
  }

  async #order(path: string, signal: AbortSignal | undefined): Promise<string> {
    const secret = await this.#options.secret();
    if (!secret) throw new UserError("TWARC_CLOUD_SECRET is not set", { hint: SAME_SECRET });
    const { parameter } = this.#options;
    if (parameter) {
      return await this.#ask(`${path}?${new URLSearchParams({ [parameter]: secret })}`, { signal });
    }
    const token = await tokenFor(path, { ...this.#options, secret });
    return await this.#ask(path, { signal, headers: { authorization: `Bearer ${token}` } });
  }

  async #ask(
    path: string,
    { signal, headers = {} }: { signal: AbortSignal | undefined; headers?: Record<string, string> },
  ): Promise<string> {
    const [answered, late] = [new AbortController(), new AbortController()];
    this.#options.clock.sleep(ANSWER_TIMEOUT_MS, answered.signal)
      .then(() => late.abort(new DOMException("It took too long", "TimeoutError")));
    const limit = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    const url = new URL(path, this.#url);
    try {
      const response = await askedDirectly(url, { headers, signal: limit });
      const answer = await readBody(response, limit);
      if (response.ok) return new TextDecoder().decode(answer);
      throw this.#refusalError(response.status);
    } catch (cause) {
      if (cause instanceof TwarcCloudError) throw cause;
      signal?.throwIfAborted();
      // fetch's message includes the whole address, which holds the secret of a harvester of the original.
      throw new OutsideError(
        `The harvester at ${this.#url} does not answer: ${networkReason(cause)}`,
        this.#options.parameter ? {} : { cause },
      );
    } finally {
      answered.abort();
    }
  }

  #refusalError(status: number): TwarcCloudError {
    if (status === 403) {
      return new UserError(`The harvester at ${this.#url} was started without TWARC_CLOUD_SECRET`, {
        hint: "Without TWARC_CLOUD_SECRET it accepts no commands: end its process on its machine.",
      });
    }
    if (status === 401) {
      return new UserError(`The harvester at ${this.#url} rejected this TWARC_CLOUD_SECRET`, {
        hint: SAME_SECRET,
      });
    }
    return this.#stranger();
  }

  #stranger(): OutsideError {
    const { collectionId } = this.#options;
    return new OutsideError(`The server at ${this.#url} is not the harvester of ${collectionId}`);
  }
}

function infoOrNull(text: string): HarvestInfo | null {
  try {
    return parseAs(harvestInfoSchema, text, "The answer");
  } catch {
    return null;
  }
}

interface TokenUse {
  collectionId: string;
  secret: string;
  clock: Clock;
}

async function tokenFor(path: string, { collectionId, secret, clock }: TokenUse): Promise<string> {
  const { SignJWT } = await import("jose");
  const now = Math.floor(clock.now() / 1_000);
  return await new SignJWT()
    .setProtectedHeader({ alg: "HS256" })
    .setAudience(collectionId)
    .setSubject(path)
    .setJti(crypto.randomUUID())
    .setIssuedAt(now)
    .setExpirationTime(now + TOKEN_LIFETIME)
    .sign(new TextEncoder().encode(secret));
}

/** @param used The ids of tokens already used, with their expiry in seconds since 1970. */
async function isGood(
  token: string,
  { collectionId, secret, clock, pathname, used }: TokenUse & {
    pathname: string;
    used: Map<string, number>;
  },
): Promise<boolean> {
  const { jwtVerify } = await import("jose");
  const now = clock.now();
  for (const [id, end] of used) if ((end + TOLERANCE) * 1_000 < now) used.delete(id);
  try {
    const { payload: { jti, exp = 0 } } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
      audience: collectionId,
      subject: pathname,
      requiredClaims: ["exp", "iat", "jti"],
      maxTokenAge: TOKEN_LIFETIME,
      clockTolerance: TOLERANCE,
      currentDate: new Date(now),
    });
    if (!jti || used.has(jti)) return false;
    used.set(jti, exp);
    return true;
  } catch {
    return false;
  }
}

/** Returns an error response of one line that discloses nothing. */
export function refusal(
  status: number,
  error: string,
  headers: Record<string, string> = {},
): Response {
  return Response.json({ error }, { status, headers: { ...headers, "cache-control": "no-store" } });
}
