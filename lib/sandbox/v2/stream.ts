/** The filtered stream of version 2: its connections, and their output. */

import { z } from "zod";
import type { Json } from "../../base/json.ts";
import { snowflake, type Status } from "../corpus.ts";
import type { Ledger } from "../ledger.ts";
import { Connection, newListener, type StreamOptions, takeAgain, type Wire } from "../v1/stream.ts";
import type { Troubles } from "../trouble.ts";
import type { Parameters } from "../v1/routes.ts";
import { answerParts, invalid, PROBLEMS, type V2Route } from "./routes.ts";
import { Rules } from "./rules.ts";
import { asksInNewWords, inNewWords, refusedWords } from "./words.ts";
import type { World } from "../world.ts";

const PATH = "/2/tweets/search/stream";
const encoder = new TextEncoder();

const endSchema = z.object({ uuids: z.array(z.string()).min(1) });

/** Options of the filtered stream. */
export interface FilteredStreamOptions extends StreamOptions {
  /** Rules that the app may have. */
  mostRules: number;
  /** Whether it knows the new words alone. */
  newWordsOnly: boolean;
  /** Milliseconds that an abandoned connection still counts as one. */
  lingerMs: number;
  /** Bills the posts that are sent. */
  ledger: Ledger;
}

/** A connection as the API remembers it. */
interface Known {
  id: string;
  connectedAt: number;
  leftAt?: number;
  end: () => void;
}

/** The filtered stream of the app, which has one connection at a time. */
export class FilteredStream {
  readonly rules: Rules;
  readonly #world: World;
  readonly #troubles: Troubles;
  readonly #options: FilteredStreamOptions;
  readonly #listener = newListener();
  readonly #wire: Wire;
  #connections: Known[] = [];
  #hasNewWords = false;

  constructor(world: World, troubles: Troubles, options: FilteredStreamOptions) {
    this.#world = world;
    this.#troubles = troubles;
    this.#options = options;
    this.rules = new Rules(options.mostRules);
    this.#wire = { line: (status) => this.#line(status), farewell: operationalDisconnect };
  }

  /** How many connections are open. */
  get size(): number {
    return this.#listener.connection ? 1 : 0;
  }

  /** Whether all of its output has been sent to the network. */
  get isSent(): boolean {
    return this.#listener.connection?.isSent ?? true;
  }

  /** Returns the endpoint at a path, if it is one of the stream's. */
  route(path: string): V2Route | undefined {
    const appOnly = true;
    switch (path) {
      case `${PATH}/rules`:
        return {
          methods: ["GET", "POST"],
          appOnly,
          answer: (_world, _parameters, json, method) =>
            method === "GET" ? this.rules.list() : this.rules.change(json),
        };
      case "/2/connections":
        return {
          methods: ["GET", "DELETE"],
          appOnly,
          answer: (_world, _parameters, json, method) =>
            method === "GET" ? this.#list() : this.#end(json),
        };
      default:
        return undefined;
    }
  }

  /** GET /2/tweets/search/stream */
  open(parameters: Parameters): Response {
    const { newWordsOnly } = this.#options;
    const refused = newWordsOnly ? refusedWords(parameters) : null;
    if (refused) return refused;
    if (this.rules.all.length === 0) {
      const detail = "You must have at least one rule to connect to this stream.";
      return problem(409, "RuleConfigurationIssue", "rule-configuration", { detail });
    }
    const backfill = Number(parameters.get("backfill_minutes") ?? 0);
    if (!(backfill >= 0 && backfill <= 5)) return invalid("`backfill_minutes` is not 0 to 5");
    if (this.#active().length > 0) {
      return problem(429, "ConnectionException", "streaming-connection", {
        detail: "This stream is currently at the maximum allowed connection limit.",
        connection_issue: "TooManyConnections",
      });
    }
    const listener = this.#listener;
    this.#hasNewWords = newWordsOnly || asksInNewWords(parameters);
    const again = new Set([
      ...this.#missedStatuses(backfill),
      ...takeAgain(listener, this.#options.replay),
    ]);
    const trouble = () => this.#troubles.next(PATH);
    const connection = new Connection(listener, this.#wire, { ...this.#options, trouble });
    listener.connection = connection;
    const known = this.addConnection(() => connection.end());
    const stopListening = this.#world.listen((status) => this.#send(connection, status));
    const response = connection.open(() => {
      stopListening();
      known.leftAt = this.#options.clock.now();
      if (listener.connection === connection) listener.connection = null;
    });
    for (const status of again) this.#send(connection, status);
    return response;
  }

  /** Registers a connection, such as one of another program. */
  addConnection(end: () => void = () => {}): Known {
    const known = { id: crypto.randomUUID(), connectedAt: this.#options.clock.now(), end };
    this.#connections = [...this.#connections.slice(-20), known];
    return known;
  }

  /** Sends a message, or a line as it is. */
  say(message: unknown): void {
    this.#listener.connection?.say(message);
  }

  /** Announces the end, and ends. */
  disconnect(): void {
    this.#listener.connection?.disconnect(0, "UpstreamOperationalDisconnect");
  }

  /** Ends every connection. */
  close(): void {
    this.#listener.connection?.end();
  }

  #send(connection: Connection, status: Status): void {
    if (this.#matching(status).length === 0) return;
    connection.send(status);
    this.#options.ledger.posts([`${status.id}`]);
  }

  #matching(status: Status) {
    return this.rules.matching(status, this.#world.users.get(status.userId));
  }

  /** Returns the tweets published in the last minutes. */
  #missedStatuses(minutes: number): Status[] {
    if (minutes === 0) return [];
    return this.#world.since(snowflake(this.#options.clock.now() - minutes * 60_000, 0));
  }

  #line(status: Status): Uint8Array {
    const { data, others } = answerParts(this.#world, [status]);
    const rules = JSON.stringify(this.#matching(status));
    const line = `{"data":${data},${others},"matching_rules":${rules}}`;
    return encoder.encode(this.#hasNewWords ? inNewWords(line) : line);
  }

  #active(): Known[] {
    const { clock, lingerMs } = this.#options;
    return this.#connections.filter(({ leftAt }) =>
      leftAt === undefined || clock.now() < leftAt + lingerMs
    );
  }

  /** GET /2/connections: the active ones. */
  #list(): Response {
    const connections = this.#active().map(({ id, connectedAt }) => ({
      id,
      endpoint_name: "filtered_stream",
      connected_at: new Date(connectedAt).toISOString(),
      client_ip: "127.0.0.1",
    }));
    return Response.json({
      ...(connections.length > 0 ? { data: connections } : {}),
      meta: { result_count: connections.length },
    });
  }

  /** DELETE /2/connections */
  #end(json: Json): Response {
    const body = endSchema.safeParse(json).data;
    if (!body) return invalid("JSON doesn't match expected schema");
    const results = body.uuids.map((uuid) => {
      const known = this.#active().find(({ id }) => id === uuid);
      known?.end();
      this.#connections = this.#connections.filter((one) => one !== known);
      return { uuid, success: known !== undefined };
    });
    const ended = results.filter(({ success }) => success).length;
    return Response.json({
      data: { results, successful_kills: ended, failed_kills: results.length - ended },
    });
  }
}

function operationalDisconnect(_code: number, reason: string): unknown {
  return {
    errors: [{
      title: "operational-disconnect",
      disconnect_type: "UpstreamOperationalDisconnect",
      detail: `This stream has been disconnected upstream for operational reasons: ${reason}.`,
      type: `${PROBLEMS}operational-disconnect`,
    }],
  };
}

function problem(
  status: number,
  title: string,
  type: string,
  more: Record<string, string>,
): Response {
  return Response.json({ title, ...more, type: `${PROBLEMS}${type}` }, { status });
}
