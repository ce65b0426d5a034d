/** A server of this machine that answers as either version of the API, with tweets of one size until there are enough. */

import { timeId } from "../../lib/twitter/bytes/ids.ts";

/** What is served. */
export interface EndlessOptions {
  /** Tweets of a stream or a search; a timeline has a page of them, and a look-up what was asked for. */
  tweets: number;
  /** Bytes of a tweet. */
  bytes: number;
  /** Tweets a second of a stream; as fast as they are read unless said. */
  rate?: number;
  /** Tweets of a page; 100 unless said. */
  page?: number;
  /** What tweets look like, in turn; made of one text unless given. */
  shapes?: Shapes;
  /** Awaited before more is sent. @param sent How many tweets were sent. */
  before?: (sent: number) => Promise<void>;
}

/** Tweets of both versions as texts, each with `@ID@` and `@USER@` where its ids come. */
export interface Shapes {
  statuses: readonly string[];
  posts: readonly string[];
  /** Lines of a stream of version 2. */
  lines: readonly string[];
  /** What comes beside the posts of a page. */
  includes: string;
}

/** A tweet's id among those of the API, and who wrote it. */
interface Made {
  id: bigint;
  author: string;
}

const WORDS = 500;
/** Texts that tweets have in turn. */
const TEXTS = 32;
/** Milliseconds for which nothing is sent where a stream is ahead of its time. */
const TURN = 10;

const encoder = new TextEncoder();

/** Serves it at `url` until it is disposed of. */
export class EndlessApi implements AsyncDisposable {
  readonly url: URL;
  readonly #options: EndlessOptions;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #texts: string[];
  /** The newest of a search, and one before the oldest of a stream. */
  readonly #newest = BigInt(timeId(Date.now() - 60_000));
  readonly #firstOfStream = BigInt(timeId(Date.now()));
  #sent = 0;
  #rules: { id: string; value: string }[] = [];

  constructor(options: EndlessOptions) {
    this.#options = options;
    this.#texts = texts(options.bytes);
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
    this.url = new URL(`http://127.0.0.1:${this.#server.addr.port}/`);
  }

  /** Ends what is open, too. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const asked = (name: string) => searchParams.get(name);
    const user = /^\/2\/users\/(\d+)\/tweets$/.exec(pathname)?.[1];
    if (user) return await this.#timeline(user, asked("since_id") ?? asked("pagination_token"));
    switch (pathname) {
      case "/1.1/statuses/filter.json":
        return this.#stream((made) => this.#status(made));
      case "/2/tweets/search/stream":
        return this.#stream((made) => this.#line(made));
      case "/2/tweets/search/stream/rules":
        return await this.#ruled(request);
      case "/1.1/search/tweets.json":
        return await this.#olderStatuses(asked("max_id"));
      case "/2/tweets/search/recent":
        return await this.#olderPosts(asked("next_token"));
      case "/1.1/statuses/user_timeline.json":
        return await this.#statuses(asked("user_id") ?? "1", asked("max_id") ?? asked("since_id"));
      case "/1.1/users/lookup.json":
        return await found(request);
      case "/2/tweets":
        return await this.#wanted((asked("ids") ?? "").split(","));
    }
    return Response.json({ errors: [{ code: 34, message: "There is no such page" }] }, {
      status: 404,
    });
  }

  /** What is sent next: as many, unless there are no more. */
  async #next(count: number): Promise<number> {
    await this.#options.before?.(this.#sent);
    const next = Math.max(0, Math.min(count, this.#options.tweets - this.#sent));
    this.#sent += next;
    return next;
  }

  #stream(lineOf: (made: Made) => string): Response {
    const { page = 100, rate = Infinity } = this.#options;
    const began = performance.now();
    return new Response(
      new ReadableStream({
        pull: async (controller) => {
          while (this.#sent >= rate * (performance.now() - began) / 1_000) await pause(TURN);
          const first = this.#firstOfStream + BigInt(this.#sent);
          const count = await this.#next(page);
          // A stream does not end.
          if (count === 0) await pause(TURN);
          const lines = ids(first, count, 1n).map((id) => lineOf(madeBy(id)));
          controller.enqueue(encoder.encode(`${lines.join("\r\n")}\r\n`));
        },
      }, { highWaterMark: 0 }),
    );
  }

  async #olderStatuses(upTo: string | null): Promise<Response> {
    const made = await this.#older(upTo === null ? this.#newest : BigInt(upTo));
    return json(`{"statuses":[${made.map((one) => this.#status(one))}]}`);
  }

  async #olderPosts(token: string | null): Promise<Response> {
    return this.#posts(await this.#older(token === null ? this.#newest : BigInt(token)), true);
  }

  async #older(from: bigint): Promise<Made[]> {
    return ids(from, await this.#next(this.#options.page ?? 100), -1n).map(madeBy);
  }

  async #wanted(ids: string[]): Promise<Response> {
    await this.#options.before?.(this.#sent);
    this.#sent += ids.length;
    return this.#posts(ids.map((id) => madeBy(BigInt(id))));
  }

  /** A timeline's only page; none of it has come before. */
  async #own(author: string): Promise<Made[]> {
    const { page = 100 } = this.#options;
    await this.#options.before?.(this.#sent);
    this.#sent += page;
    const newest = this.#newest - BigInt(author) * BigInt(page);
    return ids(newest, page, -1n).map((id) => ({ id, author }));
  }

  async #timeline(author: string, below: string | null): Promise<Response> {
    return this.#posts(below === null ? await this.#own(author) : []);
  }

  async #statuses(author: string, below: string | null): Promise<Response> {
    const made = below === null ? await this.#own(author) : [];
    return json(`[${made.map((one) => this.#status(one))}]`);
  }

  #posts(made: Made[], hasNext = false): Response {
    const last = made.at(-1);
    const next = hasNext && last ? { next_token: `${last.id - 1n}` } : {};
    const meta = JSON.stringify({ result_count: made.length, ...next });
    const [{ author } = { author: "1" }] = made;
    const { includes } = this.#options.shapes ?? {
      includes: `{"users":[${JSON.stringify({ id: author, username: `n${author}`, name: "N" })}]}`,
    };
    const data = made.length === 0
      ? ""
      : `"data":[${made.map((one) => this.#post(one))}],"includes":${includes},`;
    return json(`{${data}"meta":${meta}}`);
  }

  #line(made: Made): string {
    const { shapes } = this.#options;
    if (shapes) return shaped(shapes.lines, made);
    return `{"data":${this.#post(made)},"matching_rules":[{"id":"1"}]}`;
  }

  #status(made: Made): string {
    const { shapes } = this.#options;
    if (shapes) return shaped(shapes.statuses, made);
    const { id, author } = made;
    return `{"id":${id},"id_str":"${id}","user":{"id":${author},"id_str":"${author}",` +
      `"screen_name":"n${author}"},"full_text":"${this.#text(made)}"}`;
  }

  #post(made: Made): string {
    const { shapes } = this.#options;
    if (shapes) return shaped(shapes.posts, made);
    return `{"id":"${made.id}","author_id":"${made.author}","text":"${this.#text(made)}"}`;
  }

  #text({ id }: Made): string {
    return this.#texts[Number(id % BigInt(TEXTS))] ?? "";
  }

  async #ruled(request: Request): Promise<Response> {
    if (request.method === "POST") {
      const asked = await request.json();
      const made = (asked.add ?? []).map((rule: { value: string }) => ({ ...rule, id: "1" }));
      this.#rules = asked.delete ? [] : [...this.#rules, ...made];
    }
    return Response.json({ data: this.#rules, meta: { result_count: this.#rules.length } });
  }
}

function shaped(shapes: readonly string[], { id, author }: Made): string {
  const shape = shapes[Number(id % BigInt(shapes.length))] ?? "";
  return shape.replaceAll("@ID@", `${id}`).replaceAll("@USER@", author);
}

/** A look-up: each that was asked for is there. */
async function found(request: Request): Promise<Response> {
  const asked = new URLSearchParams(await request.text()).get("user_id") ?? "";
  const users = asked.split(",").map((id) =>
    `{"id":${id},"id_str":"${id}","screen_name":"n${id}"}`
  );
  return json(`[${users}]`);
}

function json(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json" } });
}

function madeBy(id: bigint): Made {
  return { id, author: "1" };
}

function ids(first: bigint, count: number, step: bigint): bigint[] {
  return Array.from({ length: count }, (_, i) => first + BigInt(i) * step);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Texts that gzip makes a fourth to a fifth of, as it does of tweets. */
function texts(bytes: number): string[] {
  let last = 1;
  // By a generator of its own (Park and Miller, 1988), so that each run compresses the same.
  const random = (below: number) => (last = last * 48_271 % 2_147_483_647) % below;
  const words = Array.from({ length: WORDS }, () => random(36 ** 5).toString(36));
  return Array.from({ length: TEXTS }, () => {
    let text = "";
    while (text.length < bytes) text += `${words[random(WORDS)]} `;
    return text.slice(0, bytes);
  });
}
