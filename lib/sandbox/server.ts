/** The sandbox: a local stand-in for the API of Twitter/X, strict where the real one is. */

import { type Clock, systemClock } from "../base/clock.ts";
import { errorMessage, UserError } from "../base/errors.ts";
import { type Json, jsonOrNull } from "../base/json.ts";
import { errorAnswer, jsonAnswer, troubledAnswer } from "./answers.ts";
import { Gate, type SandboxKeys } from "./oauth.ts";
import { Ledger } from "./ledger.ts";
import { RateLimits } from "./limits.ts";
import type { Status } from "./corpus.ts";
import { Streams } from "./v1/stream.ts";
import { type Trouble, Troubles } from "./trouble.ts";
import { type Parameters, V1_ROUTES } from "./v1/routes.ts";
import { PROBLEMS, v2Route } from "./v2/routes.ts";
import { Compliance } from "./v2/compliance.ts";
import { countsRoute } from "./v2/counts.ts";
import { asksInNewWords, inNewWords, refusedWords } from "./v2/words.ts";
import { FilteredStream } from "./v2/stream.ts";
import { World } from "./world.ts";

/** Options of a sandbox. */
export interface SandboxOptions {
  /** 0 picks a free port. */
  port?: number;
  clock?: Clock;
  world?: World;
  keys?: SandboxKeys;
  bearer?: string;
  troubles?: Trouble[];
  /** Replaces every rate limit. */
  limit?: number;
  /** Length of a rate limit's window, in milliseconds. */
  windowMs?: number;
  keepAliveMs?: number;
  /** Milliseconds before each response, as a far away API takes them. */
  delayMs?: number;
  /** Tweets before a lost stream that are repeated after it. */
  replay?: number;
  /** Rules that the app may have on its filtered stream; by default 1,000. */
  mostRules?: number;
  /** Milliseconds that an abandoned filtered stream still counts as a connection. */
  lingerMs?: number;
  /** Whether version 2 is as in X's document 2.167, with the new words alone; otherwise it accepts both. */
  newWordsOnly?: boolean;
  /** Called after each request. */
  onRequest?: (request: LoggedRequest) => void;
  /** Called each time that a tweet is sent on a stream. */
  onSent?: (status: Status) => void;
}

/** A request and its status. */
export interface LoggedRequest {
  method: string;
  path: string;
  parameters: Record<string, string>;
  status: number;
  /** The caller, by the form of the signature. */
  as: "app" | "user";
}

/** A sandbox that is listening. */
export interface Sandbox {
  url: URL;
  keys: SandboxKeys;
  bearer: string;
  world: World;
  troubles: Troubles;
  streams: Streams;
  filtered: FilteredStream;
  /** The bill that X would have made. */
  ledger: Ledger;
  compliance: Compliance;
  /** The requests, oldest first; without logins and tokens. */
  requests: LoggedRequest[];
  signIns: LoggedRequest[];
  /** Revokes the app's token: a caller has to request another one. */
  revoke(): void;
  close(): Promise<void>;
}

/** The default keys of a sandbox. They open nothing but sandboxes. */
export const SANDBOX_KEYS: SandboxKeys = {
  consumer_key: "sandbox-consumer-key",
  consumer_secret: "sandbox-consumer-secret",
  access_token: "1-sandbox-access-token",
  access_token_secret: "sandbox-access-token-secret",
};
const SANDBOX_BEARER = "sandbox-bearer-token";
const FILTER = "/1.1/statuses/filter.json";
const FILTERED_STREAM = "/2/tweets/search/stream";

/**
 * Starts a sandbox on this machine's loopback address.
 * @throws UserError where the port cannot be opened.
 */
export function startSandbox(options: SandboxOptions = {}): Sandbox {
  const { clock = systemClock, port = 0, keys = SANDBOX_KEYS, bearer = SANDBOX_BEARER } = options;
  const world = options.world ?? World.create({ clock, users: 10, tweetsPerUser: 250 });
  const troubles = new Troubles(options.troubles);
  const { keepAliveMs = 30_000, replay = 0, mostRules = 1_000, lingerMs = 0, onSent } = options;
  const streams = new Streams(world, troubles, { clock, keepAliveMs, replay, onSent });
  const ledger = new Ledger(clock);
  const compliance = new Compliance(clock);
  const { newWordsOnly = false } = options;
  const streamOptions = {
    newWordsOnly,
    clock,
    keepAliveMs,
    replay,
    mostRules,
    lingerMs,
    ledger,
    onSent,
  };
  const filtered = new FilteredStream(world, troubles, streamOptions);
  const requests: LoggedRequest[] = [];
  const signIns: LoggedRequest[] = [];
  const gate = new Gate(keys, bearer, clock);
  const parts = { world, troubles, streams, filtered, ledger, compliance, gate };
  const desk = new Desk(parts, options, clock);
  const handler = async (request: Request) => {
    const file = await compliance.file(request, world);
    if (file) return file;
    const { parameters, json } = await readContent(request);
    if (options.delayMs) await clock.sleep(options.delayMs);
    const response = await desk.answer(request, parameters, json);
    const { pathname } = new URL(request.url);
    const isApp = request.headers.get("authorization")?.startsWith("Bearer ");
    const logged: LoggedRequest = {
      method: request.method,
      path: pathname,
      parameters: Object.fromEntries(parameters),
      status: response.status,
      as: isApp ? "app" : "user",
    };
    (pathname.startsWith("/oauth") ? signIns : requests).push(logged);
    options.onRequest?.(logged);
    return response;
  };
  const ending = new AbortController();
  const server = listen(port, ending.signal, handler);
  return {
    url: new URL(`http://127.0.0.1:${server.addr.port}/`),
    keys,
    bearer,
    world,
    troubles,
    streams,
    filtered,
    ledger,
    compliance,
    requests,
    signIns,
    revoke: () => gate.revoke(),
    close: async () => {
      streams.close();
      filtered.close();
      // Not a graceful shutdown: responses that stall on purpose would never end.
      ending.abort();
      await server.finished;
    },
  };
}

function listen(
  port: number,
  signal: AbortSignal,
  handler: (request: Request) => Promise<Response>,
): Deno.HttpServer<Deno.NetAddr> {
  const options = {
    hostname: "127.0.0.1",
    port,
    signal,
    onListen() {},
    onError: () => errorAnswer(500, 131, "Internal error"),
  };
  try {
    return Deno.serve(options, handler);
  } catch (cause) {
    throw new UserError(`Port ${port} cannot be opened: ${errorMessage(cause)}`, {
      cause,
      hint: "Use another one with --port; 0 picks a free one.",
    });
  }
}

/** Input of responses. */
interface Parts {
  world: World;
  troubles: Troubles;
  streams: Streams;
  filtered: FilteredStream;
  ledger: Ledger;
  compliance: Compliance;
  gate: Gate;
}

/** Handles requests: the caller, the limits, and the content. */
class Desk {
  readonly #parts: Parts;
  readonly #limits: RateLimits;
  readonly #newWordsOnly: boolean;
  readonly #clock: Clock;
  /** The last responses, by path and user: a user is never sent another user's page again. */
  readonly #pagesBefore = new Map<string, Uint8Array<ArrayBuffer>>();

  constructor(
    parts: Parts,
    { limit, windowMs, newWordsOnly = false }: SandboxOptions,
    clock: Clock,
  ) {
    this.#newWordsOnly = newWordsOnly;
    this.#parts = parts;
    this.#clock = clock;
    this.#limits = new RateLimits(clock, { most: limit, ...(windowMs ? { windowMs } : {}) });
  }

  async answer(request: Request, parameters: Parameters, json: Json): Promise<Response> {
    const { pathname } = new URL(request.url);
    const signIn = this.#signIn(pathname, request, parameters);
    if (signIn) return signIn;
    const { filtered, ledger, compliance } = this.#parts;
    const route = V1_ROUTES[pathname] ?? v2Route(pathname) ?? filtered.route(pathname) ??
      countsRoute(pathname, { clock: this.#clock, ledger }) ??
      compliance.route(pathname, request.url);
    const isStream = pathname === FILTER || pathname === FILTERED_STREAM;
    if (!route && !isStream) {
      return errorAnswer(404, 34, "Sorry, that page does not exist.");
    }
    const methods = route?.methods ?? [pathname === FILTER ? "POST" : "GET"];
    if (!methods.includes(request.method)) {
      return errorAnswer(405, 86, "This method requires a POST.");
    }
    const caller = this.#parts.gate.verify(request, [...parameters]);
    if ("code" in caller) return errorAnswer(caller.status, caller.code, caller.message);
    if (!route) return this.#stream(pathname, caller, parameters);
    if (route.appOnly && caller.kind !== "app") return unsupportedAuthentication();
    const state = this.#limits.count({ method: request.method, path: pathname }, caller);
    const response = state.isExceeded
      ? errorAnswer(429, 88, "Rate limit exceeded")
      : await this.#withTrouble(
        pathname,
        `${pathname} ${parameters.get("user_id") ?? ""}`,
        await this.#inAskedWords(
          pathname,
          parameters,
          () => route.answer(this.#parts.world, parameters, json, request.method),
        ),
      );
    for (const name of ["limit", "remaining", "reset"] as const) {
      const header = `x-rate-limit-${name}`;
      if (!response.headers.has(header)) response.headers.set(header, `${state[name]}`);
    }
    return response;
  }

  /** Returns a response of version 2 in the words of its request. */
  async #inAskedWords(
    path: string,
    parameters: Parameters,
    answer: () => Response,
  ): Promise<Response> {
    if (!path.startsWith("/2/")) return answer();
    const refused = this.#newWordsOnly ? refusedWords(parameters) : null;
    const response = refused ?? answer();
    if (!response.ok || !(this.#newWordsOnly || asksInNewWords(parameters))) return response;
    return new Response(inNewWords(await response.text()), response);
  }

  #stream(
    path: string,
    caller: { token: string; kind: string },
    parameters: Parameters,
  ): Response {
    const { troubles, streams, filtered } = this.#parts;
    if (path === FILTERED_STREAM && caller.kind !== "app") return unsupportedAuthentication();
    if (path === FILTER && caller.kind === "app") {
      return errorAnswer(403, 220, "Your credentials do not allow access to this resource.");
    }
    if (path === FILTER && !["track", "follow", "locations"].some((name) => parameters.get(name))) {
      return new Response(
        "No filter parameters found. Expect at least one parameter: follow track locations\r\n",
        { status: 406 },
      );
    }
    const trouble = troubles.next("connect");
    const good = new TextEncoder().encode("{}");
    const answer = trouble && troubledAnswer(trouble, { good, resetAt: this.#resetSoon() });
    if (answer) return answer;
    return path === FILTER ? streams.open(caller.token, parameters) : filtered.open(parameters);
  }

  /** @param page Identifies the requests of which a page before can be repeated. */
  async #withTrouble(path: string, page: string, response: Response): Promise<Response> {
    const kind = this.#parts.troubles.next(path);
    const good = await response.bytes();
    if (kind === null && response.ok) this.#parts.ledger.charge(path, good);
    const before = this.#pagesBefore.get(page) ?? good;
    this.#pagesBefore.set(page, good);
    if (kind === "repeat") return jsonAnswer(before);
    const troubled = kind && troubledAnswer(kind, { good, resetAt: this.#resetSoon() });
    if (troubled && kind === "429-bare") {
      for (const name of ["limit", "remaining", "reset"]) {
        troubled.headers.set(`x-rate-limit-${name}`, "");
      }
    }
    return troubled ?? new Response(good, { status: response.status, headers: response.headers });
  }

  #resetSoon(): number {
    return Math.ceil(this.#clock.now() / 1_000) + 1;
  }

  /** Returns the PIN login and the bearer token; null for any other path. */
  #signIn(path: string, request: Request, parameters: Parameters): Response | null {
    const { gate } = this.#parts;
    switch (path) {
      case "/oauth/request_token": {
        const caller = gate.verify(request, [...parameters]);
        if ("code" in caller) return errorAnswer(caller.status, caller.code, caller.message);
        return form({ ...gate.requestToken(), oauth_callback_confirmed: "true" });
      }
      case "/oauth/authorize":
      case "/oauth/authenticate": {
        const pin = gate.pinFor(parameters.get("oauth_token") ?? "");
        if (!pin) return new Response("This page is not known or has expired.", { status: 404 });
        return new Response(
          `<!DOCTYPE html><title>Sandbox</title><p>Your PIN is <code>${pin}</code></p>`,
          {
            headers: { "content-type": "text/html;charset=utf-8" },
          },
        );
      }
      case "/oauth/access_token": {
        const caller = gate.verify(request, [...parameters]);
        if ("code" in caller) return errorAnswer(caller.status, caller.code, caller.message);
        const token = gate.accessToken(caller.token, parameters.get("oauth_verifier") ?? "");
        if (!token) {
          return new Response(
            "Error processing your OAuth request: Invalid oauth_verifier parameter",
            { status: 401 },
          );
        }
        return form({ ...token, user_id: "1", screen_name: "sandbox" });
      }
      case "/oauth2/token":
        if (!gate.isConsumer(request.headers.get("authorization"))) {
          return errorAnswer(403, 99, "Unable to verify your credentials");
        }
        return Response.json({ token_type: "bearer", access_token: gate.bearer });
      default:
        return null;
    }
  }
}

function unsupportedAuthentication(): Response {
  return Response.json({
    title: "Unsupported Authentication",
    detail: "Authenticating with OAuth 1.0a User Context is forbidden for this endpoint.",
    type: `${PROBLEMS}unsupported-authentication`,
  }, { status: 403 });
}

function form(fields: Record<string, string>): Response {
  return new Response(new URLSearchParams(fields).toString(), {
    headers: { "content-type": "application/x-www-form-urlencoded" },
  });
}

/** Returns the query and, for a form, the body; and a body of JSON, null where there is none. */
async function readContent(request: Request): Promise<{ parameters: Parameters; json: Json }> {
  const parameters: Parameters = new Map(new URL(request.url).searchParams);
  const type = request.headers.get("content-type") ?? "";
  if (type.startsWith("application/json")) {
    return { parameters, json: jsonOrNull(await request.text()) };
  }
  if (request.method === "POST" && type.startsWith("application/x-www-form-urlencoded")) {
    for (const [name, value] of new URLSearchParams(await request.text())) {
      parameters.set(name, value);
    }
  }
  return { parameters, json: null };
}
