/**
 * The harvester's end of the wire. It never takes what the harvest needs: few connections are open at a time, each
 * for a few seconds, and a machine that has no more of them to give is waited for. Deno.serve takes all that come,
 * for as long as they like, and ends where no more can be taken; so each connection is taken here, and node:http
 * reads it.
 */

import { getLogger } from "@logtape/logtape";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { isIP } from "node:net";
import { Duplex } from "node:stream";
import { type Clock, within } from "../base/clock.ts";
import { controlAnswers, type Controlled, type ControlOptions, refusal } from "./control.ts";
import { messageOf, UserError } from "../base/errors.ts";

const log = getLogger(["twarc-cloud", "control"]);

/** Connections that are open at a time: the oldest one that has said nothing makes room for the next. */
const MAX_CONNECTIONS = 32;
/** Milliseconds between two looks for room. */
const LOOK_MS = 5;
/** Looks that each connection has to say something, however many others wait: a process that is busy looks later. */
const HEARD_OUT = 5;
/** Milliseconds that a connection may take for its request and its answer. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Bytes of a request's head. */
const MAX_HEAD = 16_384;
/** Milliseconds after which connections are taken again where this machine had none to give. */
const AGAIN_MS = 250;
/** Milliseconds that answers may take once the harvester ends. */
const GRACE_MS = 1_000;
/** Bytes that are read at a time. */
const BLOCK = 4_096;

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
  const { hostname, clock } = options;
  const listener = opened(hostname, options.port);
  const answer = controlAnswers(controlled, options);
  const names = new Set(["localhost", hostname.toLowerCase(), Deno.hostname().toLowerCase()]);
  const reader = createServer(
    { maxHeaderSize: MAX_HEAD },
    (request, response) => void answered(request, response, { answer, names }),
  );
  const connections = new Connections(listener, reader, clock);
  void connections.take();
  return {
    url: new URL(`http://${hostname}:${listener.addr.port}/`),
    close: () => connections.close(),
  };
}

function opened(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    throw new UserError(`Port ${port} cannot be opened: ${messageOf(cause)}`, {
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
  /** Those that are open, the oldest first. */
  readonly #open = new Set<Wire>();
  /** How often it has looked for room. */
  #looks = 0;
  /** Called when one of them ends. */
  #ended = () => {};

  constructor(listener: Deno.TcpListener, reader: Server, clock: Clock) {
    this.#listener = listener;
    this.#reader = reader;
    this.#clock = clock;
  }

  /** Takes connections until it is closed. It never fails. */
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
        const problem = messageOf(error);
        if (!isShort) {
          log.warn("The control server takes no connections now: {problem}", { problem });
        }
        isShort = true;
        await this.#clock.sleep(AGAIN_MS, this.#closing.signal);
      }
    }
  }

  /** Takes no more, and lets those end that are being answered. */
  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#listener.close();
    // Answers that never end would keep the harvester from ending.
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

  /** Waits for the next look, or for a connection that ends. */
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
  /** The look for room after which it was taken. */
  readonly began: number;
  /** Whether a request has come that is not answered yet. */
  isAnswering = false;
  /** Resolves when it is closed. */
  readonly ended: Promise<void>;
  readonly #connection: Deno.TcpConn;

  constructor(connection: Deno.TcpConn, began: number) {
    super();
    this.#connection = connection;
    this.began = began;
    this.ended = new Promise((resolve) => this.once("close", resolve));
    // Whoever asks may go at any time.
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

/** Answers one request, after which its connection is over. It never fails. */
async function answered(
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
    const asked = requestOf(request);
    const { status, headers, body } = !isOwnName(host, names)
      ? refusal(421, "Ask by an IP address, or as localhost: no other name is known here")
      : asked
      ? await answer(asked)
      : refusal(400, "This is not a request");
    const text = body ? await new Response(body).text() : "";
    response.writeHead(status, { ...Object.fromEntries(headers), connection: "close" });
    response.end(text);
  } catch (error) {
    log.error("The control server failed: {problem}", { problem: messageOf(error) });
    // A second head would be refused, and nobody hears of that.
    if (response.headersSent) return void response.destroy();
    response.writeHead(500, { "content-type": "application/json", connection: "close" });
    response.end(JSON.stringify({ error: "The harvester could not answer" }));
  }
}

/** A request without its body, which no route reads; null for one that fetch does not know. */
function requestOf({ method = "", url = "", headers: { authorization } }: IncomingMessage) {
  try {
    const headers = new Headers(authorization ? { authorization } : {});
    return new Request(new URL(url, "http://harvester/"), { method, headers });
  } catch {
    return null;
  }
}

/**
 * Returns whether a request's Host header names this machine. A page of the web can have a browser here ask with a name of
 * its own that leads to this machine (DNS rebinding), and would read the answer; it cannot with an address. What
 * says no name is no browser.
 */
function isOwnName(host: string | undefined, names: ReadonlySet<string>): boolean {
  if (!host) return true;
  const name = host.toLowerCase().replace(/:\d*$/, "").replace(/\.$/, "");
  return isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0 || names.has(name);
}
