/**
 * The harvester's control server. It never exhausts what the harvest needs: few connections are open at a time, each
 * for a few seconds, and it waits while this machine has no more descriptors. Deno.serve accepts every connection for
 * any length of time, and ends where no more can be accepted; so each connection is accepted here, and node:http
 * parses it.
 */

import { getLogger } from "@logtape/logtape";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { type Clock, within } from "../base/clock.ts";
import { controlAnswers, type Controlled, type ControlOptions, refusal } from "./control.ts";
import { errorMessage, UserError } from "../base/errors.ts";

const log = getLogger(["twarc-cloud", "control"]);

/** Connections that are open at a time: the oldest one that has sent nothing is closed for the next. */
const MAX_CONNECTIONS = 32;
/** Milliseconds between two checks for a free place. */
const LOOK_MS = 5;
/**
 * Checks during which each connection may send its request, however many others wait: a busy process checks later.
 */
const HEARD_OUT = 5;
/** Milliseconds that a connection may take for its request and its response. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Bytes of a request's head. */
const MAX_HEAD = 16_384;
/** Milliseconds after which connections are accepted again where this machine had no more descriptors. */
const AGAIN_MS = 250;
/** Milliseconds that responses may take once the harvester ends. */
const GRACE_MS = 1_000;
/** Bytes that are read at a time. */
const BLOCK = 4_096;

/** A control server that is listening. */
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
  const { hostname, clock } = options;
  const listener = openListener(hostname, options.port);
  const answer = controlAnswers(controlled, options);
  const names = new Set(["localhost", hostname.toLowerCase(), Deno.hostname().toLowerCase()]);
  const reader = createServer(
    { maxHeaderSize: MAX_HEAD },
    (request, response) => void answerRequest(request, response, { answer, names }),
  );
  const connections = new Connections(listener, reader, clock);
  void connections.take();
  return {
    url: new URL(`http://${hostname}:${listener.addr.port}/`),
    close: () => connections.close(),
  };
}

function openListener(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    throw new UserError(`Port ${port} cannot be opened: ${errorMessage(cause)}`, {
      cause,
      hint: "Something else listens there, or ports below 1024 are reserved: use --port 0.",
    });
  }
}

/** The connections of one listener. */
class Connections {
  readonly #listener: Deno.TcpListener;
  readonly #reader: Server;
  readonly #clock: Clock;
  readonly #closing = new AbortController();
  /** The open ones, the oldest first. */
  readonly #open = new Set<Wire>();
  /** How often it has checked for a free place. */
  #looks = 0;
  /** Called when one of them ends. */
  #ended = () => {};

  constructor(listener: Deno.TcpListener, reader: Server, clock: Clock) {
    this.#listener = listener;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Accepts connections until it is closed. It never fails. */
  async take(): Promise<void> {
    let isShort = false;
    for (;;) {
      await this.#room();
      if (this.#closing.signal.aborted) return;
      try {
        this.#serve(await this.#listener.accept());
        isShort = false;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        const problem = errorMessage(error);
        if (!isShort) {
          log.warn("The control server cannot accept connections now: {problem}", { problem });
        }
        isShort = true;
        await this.#clock.sleep(AGAIN_MS, this.#closing.signal);
      }
    }
  }

  /** Accepts no more, and lets the responses in progress end. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#listener.close();
    // Responses that never end would keep the harvester from ending.
    const answering = [...this.#open].filter((wire) => wire.isAnswering);
    if (answering.length > 0) {
      const ended = Promise.all(answering.map((wire) => wire.ended));
      await within(ended, { clock: this.#clock, ms: GRACE_MS });
    }
    for (const wire of this.#open) wire.destroy();
  }

  /** Waits until there is room for one more. */
  async #room(): Promise<void> {
    while (this.#open.size >= MAX_CONNECTIONS && !this.#closing.signal.aborted) {
      const oldest = [...this.#open].find((wire) => !wire.isAnswering);
      if (oldest && this.#looks - oldest.began >= HEARD_OUT) {
        oldest.destroy();
        await oldest.ended;
      } else {
        await this.#pause();
      }
    }
  }

  /** Waits for the next check, or for a connection that ends. */
  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = resolve;
    const timer = setTimeout(() => {
      this.#looks++;
      resolve();
    }, LOOK_MS);
    await promise;
    clearTimeout(timer);
  }

  #serve(connection: Deno.TcpConn): void {
    const wire = new Wire(connection, this.#looks);
    this.#open.add(wire);
    const ended = new AbortController();
    this.#clock.sleep(REQUEST_TIMEOUT_MS, ended.signal).then(() => void wire.destroy());
    wire.once("close", () => {
      ended.abort();
      this.#open.delete(wire);
      this.#ended();
    });
    this.#reader.emit("connection", wire);
  }
}

/** A connection as node:http reads it. */
class Wire extends Duplex {
  /** The number of the check after which it was accepted. */
  readonly began: number;
  /** Whether a request is still without a response. */
  isAnswering = false;
  /** Resolves when it is closed. */
  readonly ended: Promise<void>;
  readonly #connection: Deno.TcpConn;

  constructor(connection: Deno.TcpConn, began: number) {
    super();
    this.#connection = connection;
    this.began = began;
    this.ended = new Promise((resolve) => this.once("close", resolve));
    // The client may disconnect at any time.
    this.on("error", () => {});
  }

  override _read(): void {
    const block = new Uint8Array(BLOCK);
    this.#connection.read(block).then(
      (n) => void this.push(n === null ? null : Buffer.from(block.subarray(0, n))),
      (error) => void this.destroy(error),
    );
  }

  override _write(bytes: Uint8Array, _: string, done: (error?: Error | null) => void): void {
    this.#write(bytes).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#connection.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#connection.close();
    done(error);
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let n = 0; n < bytes.length;) n += await this.#connection.write(bytes.subarray(n));
  }
}

/** Responds to one request, then ends the connection. It never fails. */
async function answerRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { answer, names }: {
    answer: (request: Request) => Promise<Response>;
    names: ReadonlySet<string>;
  },
): Promise<void> {
  const { headers: { host }, socket } = request;
  if (socket instanceof Wire) {
    socket.isAnswering = true;
    response.once("finish", () => void (socket.isAnswering = false));
  }
  try {
    const asked = toRequest(request);
    const { status, headers, body } = !isOwnName(host, names)
      ? refusal(421, "Unknown host name: use an IP address, or localhost")
      : asked
      ? await answer(asked)
      : refusal(400, "Invalid request");
    const text = body ? await new Response(body).text() : "";
    response.writeHead(status, { ...Object.fromEntries(headers), connection: "close" });
    response.end(text);
  } catch (error) {
    log.error("The control server failed: {problem}", { problem: errorMessage(error) });
    // Headers cannot be sent twice, and the error would be lost.
    if (response.headersSent) return void response.destroy();
    response.writeHead(500, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify({ error: "Internal error" }));
  }
}

/** A request without its body, which no route reads; null for one that fetch cannot represent. */
function toRequest({ method = "", url = "", headers: { authorization } }: IncomingMessage) {
  try {
    const headers = new Headers(authorization ? { authorization } : {});
    return new Request(new URL(url, "http://harvester/"), { method, headers });
  } catch {
    return null;
  }
}

/**
 * Returns whether a request's Host header names this machine. A web page can make a browser here send requests under
 * its own name, resolved to this machine (DNS rebinding), and would read the response; it cannot with an address. A
 * client without the header is no browser.
 */
function isOwnName(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (!host) return true;
  const name = host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  return isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 || names.has(name);
}
