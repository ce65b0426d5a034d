/** A server that answers as the API does, of which a test takes any answer and makes of it what it likes. */

import { Buffer } from "node:buffer";

/** The versions of the API. */
export type ApiVersion = "1.1" | "2";

/** An answer that is about to be sent. */
export interface Answer {
  /** Its number among the pages (or the connections of a stream), from 1 on. */
  n: number;
  url: URL;
  /** The body that an honest API would send; empty for a stream. */
  body: string;
  /** Every tweet that there is, newest first. */
  all: string[];
  /** How many of them are above the place that is asked for. */
  above: number;
}

/** What is sent in place of an honest answer; null for the honest one, a promise for one that takes its time. */
export type Twist = (answer: Answer) => Response | string | Uint8Array | null | Promise<Response>;

/** Tweets of an honest page. */
const PAGE = 20;
const USER = '{"id":1,"id_str":"1","screen_name":"ada"}';
const USER_V2 = '{"id":"1","username":"ada","name":"Ada"}';
/** More answers than any honest harvest here needs: whoever asks on does so for ever. */
const MOST_ANSWERS = 1_000;

/** Bytes as a body. */
export type Body = string | Uint8Array;

/** A page of tweets in a version, as it is sent. */
export function pageOf(version: ApiVersion, ids: string[], next?: string): string {
  const tweets = ids.map((id) => tweetOf(version, id)).join(",");
  if (version === "1.1") return `[${tweets}]`;
  const token = next === undefined ? "" : `,"next_token":${JSON.stringify(next)}`;
  const meta = `"meta":{"result_count":${ids.length}${token}}`;
  return ids.length === 0
    ? `{${meta}}`
    : `{"data":[${tweets}],"includes":{"users":[${USER_V2}]},${meta}}`;
}

/** A tweet as it is sent. @param text JSON, with its quotes. */
export function tweetOf(version: ApiVersion, id: string, text = `"tweet ${id}"`): string {
  return version === "1.1"
    ? `{"id":${id},"id_str":"${id}","full_text":${text},"user":${USER}}`
    : `{"id":"${id}","author_id":"1","text":${text}}`;
}

/** A line of a stream, without its end. */
export function streamLine(version: ApiVersion, id: string, text?: string): string {
  const tweet = tweetOf(version, id, text);
  return version === "1.1" ? tweet : `{"data":${tweet}}`;
}

/** A hostile API on this machine's loopback address. */
export class HostileApi {
  /** What it has, newest first. */
  ids: string[];
  /** What was asked of the endpoint in question. */
  readonly asked: URL[] = [];
  /** Set where the harvester would ask for ever. */
  isEndless = false;
  readonly version: ApiVersion;
  readonly #twist: Twist;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #ending = new AbortController();
  /** Called when it has sent something, with how many bytes that was, as far as it is known. */
  onSent: (bytes: number) => void = () => {};
  /** The time of its answers, in milliseconds since 1970. */
  now: () => number = Date.now;
  #underWay = 0;

  constructor(version: ApiVersion, ids: string[], twist: Twist) {
    this.version = version;
    this.ids = ids;
    this.#twist = twist;
    const options = {
      hostname: "127.0.0.1",
      port: 0,
      signal: this.#ending.signal,
      onListen() {},
      onError: () => new Response("The test failed", { status: 500 }),
    };
    this.#server = Deno.serve(options, async (request) => {
      this.#underWay++;
      let bytes = 0;
      try {
        const answer = await this.#answer(request);
        bytes = Number(answer.headers.get("content-length"));
        return dated(answer, this.now());
      } finally {
        this.#underWay--;
        this.onSent(bytes);
      }
    });
  }

  /** Its address. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#server.addr.port}/`);
  }

  /** Whether an answer is under way. */
  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /** Ends it, with everything that is under way. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#server.finished;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const { pathname } = url;
    await request.bytes();
    if (pathname.endsWith("/users/lookup.json")) return json(`[${USER}]`);
    if (pathname === "/2/users") return json(`{"data":[${USER_V2}]}`);
    if (pathname.endsWith("/stream/rules")) return json(rulesFor(request.method));
    if (pathname === "/2/connections") return json('{"data":[]}');
    this.asked.push(url);
    this.isEndless ||= this.asked.length > MOST_ANSWERS;
    if (this.isEndless) return new Response("Enough", { status: 400 });
    const isStream = /filter\.json$|\/search\/stream$/.test(pathname);
    const body = isStream ? "" : this.#page(url.searchParams);
    const all = this.ids;
    const above = all.filter((id) => BigInt(id) > highest(url.searchParams)).length;
    const n = this.asked.filter((one) => one.pathname === pathname).length;
    const made = this.#twist({ n, url, body, all, above });
    if (made === null && !/^t\d+$/.test(tokenIn(url.searchParams) ?? "t0")) {
      return Response.json({ title: "Invalid Request" }, { status: 400 });
    }
    if (made instanceof Response) return made;
    if (made instanceof Promise) return await this.#slow(made);
    const isSearch = made !== null && url.searchParams.has("q") && made[0] === "[";
    return json(isSearch ? `{"statuses":${made}}` : made ?? body);
  }

  /** Nobody is busy while it takes its time. */
  async #slow(made: Promise<Response>): Promise<Response> {
    this.#underWay--;
    this.onSent(0);
    try {
      return await made;
    } finally {
      this.#underWay++;
    }
  }

  /** What an honest API answers. */
  #page(parameters: URLSearchParams): string {
    const since = BigInt(parameters.get("since_id") ?? 0);
    const most = highest(parameters);
    const left = this.ids.filter((id) => BigInt(id) <= most && BigInt(id) > since);
    const ids = left.slice(0, PAGE);
    const page = pageOf(this.version, ids, left.length > PAGE ? `t${ids.at(-1)}` : undefined);
    return parameters.has("q") ? `{"statuses":${page},"search_metadata":{}}` : page;
  }
}

/** The token of the page that is asked for. */
export function tokenIn(parameters: URLSearchParams): string | null {
  return parameters.get("pagination_token") ?? parameters.get("next_token");
}

/** The highest id that is asked for; a token is a `t` and the lowest id of the page before. */
function highest(parameters: URLSearchParams): bigint {
  const until = /^t(\d+)$/.exec(tokenIn(parameters) ?? "")?.[1] ?? parameters.get("until_id");
  return until ? BigInt(until) - 1n : BigInt(parameters.get("max_id") ?? 2n ** 63n);
}

/** Bytes that are sent at once. */
const PART = 1 << 16;

/**
 * A stream that sends some bytes and then stays open, ends, or breaks.
 * @param onPart Called before each part of them, as a long one takes its time.
 */
export function live(
  bytes: Body[],
  then: "open" | "ends" | "breaks" = "open",
  onPart: () => void = () => {},
): Response {
  const parts = bytes.flatMap((some) => partsOf(Buffer.from(some)));
  return new Response(
    new ReadableStream({
      pull(controller) {
        onPart();
        const part = parts.shift();
        if (part) controller.enqueue(part);
        else if (then === "ends") controller.close();
        else if (then === "breaks") setTimeout(() => controller.error(new Error("gone")), 5);
      },
    }),
  );
}

function partsOf(bytes: Buffer): Buffer[] {
  const count = Math.ceil(bytes.length / PART);
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * PART, (i + 1) * PART));
}

/** A body of which a little comes all the time. */
export function dripping(first: Body, drop: string): Response {
  let timer: ReturnType<typeof setInterval>;
  return new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from(first));
        timer = setInterval(() => controller.enqueue(Buffer.from(drop)), 3);
      },
      cancel: () => clearInterval(timer),
    }),
  );
}

/** A good answer with this body. */
export function json(body: Body, headers: Record<string, string> = {}): Response {
  const bytes = Buffer.from(body);
  return new Response(bytes, {
    headers: {
      "content-type": "application/json;charset=utf-8",
      "content-length": `${bytes.length}`,
      ...headers,
    },
  });
}

function rulesFor(method: string): string {
  const made = { data: [{ id: "1", value: "x", tag: "twarc-cloud/c" }], meta: { sent: "now" } };
  return JSON.stringify(method === "GET" ? { meta: { sent: "now" } } : made);
}

/** An answer with the time, unless it says another. */
function dated(response: Response, now: number): Response {
  if (response.headers.has("date")) return response;
  const { status, statusText, body } = response;
  const headers = new Headers(response.headers);
  headers.set("date", new Date(now).toUTCString());
  return new Response(body, { status, statusText, headers });
}
