/** Stands between a harvester and S3, passes requests on, and fails as real stores and networks do. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** What goes wrong between a harvester and S3. */
export const STORE_PROXY_FAULTS = [
  "500",
  "503 SlowDown",
  /** The connection breaks before the request is passed on. */
  "reset before",
  /** The request is done, and then the connection breaks. */
  "answer lost",
  /** Nothing is passed on, nothing comes back, and then the connection breaks. */
  "stalled before",
  /** The request is done, no answer comes, and then the connection breaks. */
  "stalled after",
  /** Nobody answers for a while. */
  "gone",
] as const;
/** A way in which it goes wrong. */
export type StoreProxyFault = typeof STORE_PROXY_FAULTS[number];

/** A fault that is to come: from which request on, and for how many, or (gone, silent, stalled) for how long in ms. */
export interface ComingFault {
  /** silent: as gone, but whoever asks hears nothing until it is over. */
  kind: StoreProxyFault | "silent";
  at: number;
  span: number;
}

/** Headers that belong to one connection only. */
const OF_A_CONNECTION = ["connection", "transfer-encoding", "keep-alive", "expect", "host"];

/** A proxy on a port of its own. */
export class S3Proxy {
  /** Requests since the last `expect`. */
  requests = 0;
  /** How many requests met the fault. */
  met = 0;
  /** Called when a request has come in and nothing was done with it yet. */
  onRequest: (count: number, request: IncomingMessage) => void = () => {};
  readonly #target: string;
  readonly #server: Server;
  readonly #waiting = new Set<() => void>();
  #fault: ComingFault | null = null;
  #awayUntil = 0;
  #writing: Promise<unknown> = Promise.resolve();

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => request.socket.destroy());
    });
  }

  /** Starts one in front of an address. */
  static async start(target: string): Promise<S3Proxy> {
    const proxy = new S3Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  /** Where it listens. */
  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("The proxy is closed");
    return `http://127.0.0.1:${address.port}`;
  }

  /** Counts from the beginning, with another fault to come, or none. */
  expect(fault: ComingFault | null): void {
    this.requests = this.met = this.#awayUntil = 0;
    this.#fault = fault;
    for (const end of this.#waiting) end();
  }

  /** Ends it with every connection. */
  async close(): Promise<void> {
    for (const end of this.#waiting) end();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const count = ++this.requests;
    this.onRequest(count, request);
    const fault = this.#faultAt(count);
    if (fault) this.met++;
    const body = await bodyOf(request);
    switch (fault?.kind) {
      case "500":
        return refuse(response, 500, "InternalError");
      case "503 SlowDown":
        return refuse(response, 503, "SlowDown");
      case "silent":
        await this.#wait(this.#awayUntil - performance.now());
        return void request.socket.destroy();
      case "stalled before":
        await this.#wait(fault.span);
        return void request.socket.destroy();
      case "reset before":
      case "gone":
        return void request.socket.destroy();
      case "answer lost":
        await this.#passOn(request, body);
        return void request.socket.destroy();
      case "stalled after":
        await this.#passOn(request, body);
        await this.#wait(fault.span);
        return void request.socket.destroy();
      default: {
        const answer = await this.#passOn(request, body);
        const headers = [...answer.headers].filter(([name]) => !OF_A_CONNECTION.includes(name));
        response.writeHead(answer.status, Object.fromEntries(headers));
        response.end(answer.bytes);
      }
    }
  }

  #faultAt(count: number): ComingFault | null {
    const fault = this.#fault;
    if (!fault || count < fault.at) return null;
    if (fault.kind === "gone" || fault.kind === "silent") {
      this.#awayUntil ||= performance.now() + fault.span;
      return performance.now() < this.#awayUntil ? fault : null;
    }
    const requests = fault.kind.startsWith("stalled") ? 1 : fault.span;
    return count < fault.at + requests ? fault : null;
  }

  /** Writes go one at a time: a condition is looked at and met in one step, which for moto are two. */
  async #passOn(request: IncomingMessage, body: Uint8Array<ArrayBuffer>) {
    if (request.method === "GET" || request.method === "HEAD") {
      return await this.#ask(request, body);
    }
    const written = this.#writing.then(() => this.#ask(request, body));
    this.#writing = written.catch(() => {});
    return await written;
  }

  async #ask(
    { method = "GET", url = "/", headers }: IncomingMessage,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<{ status: number; headers: Headers; bytes: Uint8Array }> {
    const passed = new Headers();
    for (const [name, value] of Object.entries(headers)) {
      if (typeof value === "string" && !OF_A_CONNECTION.includes(name)) passed.set(name, value);
    }
    const hasBody = method !== "GET" && method !== "HEAD" && body.length > 0;
    const answer = await fetch(`${this.#target}${url}`, {
      method,
      headers: passed,
      ...(hasBody ? { body } : {}),
    });
    return { status: answer.status, headers: answer.headers, bytes: await answer.bytes() };
  }

  async #wait(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#waiting.add(resolve);
    await promise;
    this.#waiting.delete(resolve);
    clearTimeout(timer);
  }
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "content-type": "application/xml" });
  response.end(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`,
  );
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for await (const chunk of request) chunks.push(new Uint8Array(chunk));
  return await new Blob(chunks).bytes();
}
