/** Both ends of the wire between a person's command and a running harvester. */

import type { Clock } from "./clock.ts";
import { type HarvestInfo, harvestInfoSchema } from "./collection/harvest_info.ts";
import { messageOf, OutsideError, UserError } from "./errors.ts";
import { parseAs } from "./json.ts";

/** What the control server stands for. */
export interface Controlled {
  /** The fields of harvest.json so far. */
  info(): HarvestInfo;
  /** Begins to stop the harvest. */
  stop(): void;
  /** Whether the harvest has stopped, with everything in the store. */
  isStopped(): boolean;
  /** Ends the process, after stopping. */
  shutdown(): void;
}

/** Seconds that a token is good for. */
const TOKEN_LIFETIME = 30;
/** Milliseconds that the harvester may take to answer. */
const ANSWER_TIMEOUT = 5_000;

/** The routes: what each does, and whether it wants the secret. */
const ROUTES: Record<string, { open?: true; act: (controlled: Controlled) => Response }> = {
  "/": { open: true, act: (controlled) => Response.json(controlled.info()) },
  "/stop": {
    act: (controlled) => {
      controlled.stop();
      return new Response("stopping\n");
    },
  },
  "/is_stopped": { act: (controlled) => new Response(`${controlled.isStopped()}`) },
  "/shutdown": {
    act: (controlled) => {
      controlled.shutdown();
      return new Response("shutting down\n");
    },
  },
};

/** Whose control server it is, and what is shared with those who may use it. */
export interface ControlOptions {
  collectionId: string;
  /** Asked for when it is needed; where there is none, only `/` answers. */
  secret: () => Promise<string | undefined>;
  clock: Clock;
}

/**
 * Answers requests: `GET /` for everybody, `/stop`, `/is_stopped` and `/shutdown` for those whose
 * bearer token (a JWT, RFC 7519, HS256) was made with the secret for this collection and this route.
 * The secret itself never travels, and no token is taken twice.
 */
export function controlHandler(
  controlled: Controlled,
  options: ControlOptions,
): (request: Request) => Promise<Response> {
  const used = new Map<string, number>();
  return async (request) => {
    const { pathname } = new URL(request.url);
    const route = ROUTES[pathname];
    if (!route) return refusal(404, "There is nothing here");
    if (request.method !== "GET" && request.method !== "POST") {
      return refusal(405, "Use GET or POST", { allow: "GET, POST" });
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

/** A control server that listens. */
export interface ControlServer {
  url: URL;
  close(): Promise<void>;
}

/**
 * Starts the control server.
 * @throws UserError where the port is in use or may not be opened.
 */
export function serveControl(
  controlled: Controlled,
  options: ControlOptions & { hostname: string; port: number },
): ControlServer {
  const { hostname, port } = options;
  try {
    const handler = controlHandler(controlled, options);
    const server = Deno.serve({ hostname, port, onListen() {} }, handler);
    return {
      url: new URL(`http://${hostname}:${server.addr.port}/`),
      close: () => server.shutdown(),
    };
  } catch (cause) {
    throw new UserError(`Port ${port} cannot be opened: ${messageOf(cause)}`, {
      cause,
      hint: "Something else listens there, or ports below 1024 are reserved: use --port 0.",
    });
  }
}

/** The other end. */
export class ControlClient {
  readonly #url: URL;
  readonly #options: ControlOptions;

  constructor(url: URL, options: ControlOptions) {
    this.#url = url;
    this.#options = options;
  }

  /** What the harvester says of itself. @throws OutsideError where it does not answer. */
  async info(signal?: AbortSignal): Promise<HarvestInfo> {
    return parseAs(harvestInfoSchema, await this.#ask("/", signal), `The answer of ${this.#url}`);
  }

  /** Begins to stop the harvest. @throws OutsideError, UserError */
  async stop(signal?: AbortSignal): Promise<void> {
    await this.#ask("/stop", signal);
  }

  /** Whether it has stopped. @throws OutsideError, UserError */
  async isStopped(signal?: AbortSignal): Promise<boolean> {
    return await this.#ask("/is_stopped", signal) === "true";
  }

  /** Ends the harvester. @throws OutsideError, UserError */
  async shutdown(signal?: AbortSignal): Promise<void> {
    await this.#ask("/shutdown", signal);
  }

  async #ask(path: string, signal?: AbortSignal): Promise<string> {
    const headers: Record<string, string> = {};
    const secret = path === "/" ? undefined : await this.#options.secret();
    if (secret) {
      headers.authorization = `Bearer ${await tokenFor(path, { ...this.#options, secret })}`;
    }
    const limit = AbortSignal.timeout(ANSWER_TIMEOUT);
    try {
      const response = await fetch(new URL(path, this.#url), {
        headers,
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
      });
      const text = await response.text();
      if (response.ok) return text;
      throw new UserError(`The harvester at ${this.#url} refused ${path}: ${text.trim()}`, {
        hint: "TWARC_CLOUD_SECRET has to be the same for this command and for the harvester.",
      });
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      signal?.throwIfAborted();
      throw new OutsideError(`The harvester at ${this.#url} does not answer: ${messageOf(cause)}`, {
        cause,
      });
    }
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

/** @param used The ids of tokens that were taken, with their ends in seconds since 1970. */
async function isGood(
  token: string,
  { collectionId, secret, clock, pathname, used }: TokenUse & {
    pathname: string;
    used: Map<string, number>;
  },
): Promise<boolean> {
  const { jwtVerify } = await import("jose");
  const now = clock.now();
  for (const [id, end] of used) if (end * 1_000 < now) used.delete(id);
  try {
    const { payload: { jti, exp = 0 } } = await jwtVerify(token, new TextEncoder().encode(secret), {
      algorithms: ["HS256"],
      audience: collectionId,
      subject: pathname,
      requiredClaims: ["exp", "iat", "jti"],
      maxTokenAge: TOKEN_LIFETIME,
      currentDate: new Date(now),
    });
    if (!jti || used.has(jti)) return false;
    used.set(jti, exp);
    return true;
  } catch {
    return false;
  }
}

function refusal(status: number, error: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error }, { status, headers: { ...headers, "cache-control": "no-store" } });
}
