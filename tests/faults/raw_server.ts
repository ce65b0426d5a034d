/** Servers that know nothing of the API. */

/** A server of its own; how often it was asked. */
export function serve(answer: (request: Request) => Response) {
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    asked++;
    return answer(request);
  });
  return {
    url: new URL(`http://127.0.0.1:${server.addr.port}/`),
    asked: () => asked,
    close: () => server.shutdown(),
  };
}

/** A TCP server that sends what it likes. */
export class RawServer {
  /** How many there were. */
  connections = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open = new Set<Deno.TcpConn>();
  readonly #done: Promise<void>;
  #at = Infinity;
  #act = () => {};

  constructor(head: string, more: string) {
    this.#done = this.#serve(head, more);
  }

  /** Its address. */
  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#listener.addr.port}/`);
  }

  /** Does something at a connection. */
  on(connection: number, act: () => void): void {
    [this.#at, this.#act] = [connection, act];
  }

  /** Ends it, with every connection. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) {
      this.#open.delete(connection);
      connection.close();
    }
    await this.#done;
  }

  async #serve(head: string, more: string): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const connection of this.#listener) {
      this.#open.add(connection);
      if (++this.connections === this.#at) this.#act();
      all.push(this.#send(connection, head, more));
    }
    await Promise.all(all);
  }

  async #send(connection: Deno.TcpConn, head: string, more: string): Promise<void> {
    const encoder = new TextEncoder();
    try {
      await connection.write(encoder.encode(head));
      while (more !== "") {
        await connection.write(encoder.encode(more));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      while (await connection.read(new Uint8Array(1_000)) !== null);
    } catch {
      // Whoever asked has had enough.
    }
    if (this.#open.delete(connection)) connection.close();
  }
}
