/** A proxy as companies have them: it passes requests on, and opens tunnels (CONNECT, RFC 9110, 9.3.6). */

import { Buffer } from "node:buffer";
import { createServer, request as send } from "node:http";
import { connect, type Socket } from "node:net";

/** What a proxy is started with. */
export interface HttpProxyOptions {
  /** `user:password`, which whoever asks has to give. */
  login?: string;
  /** Where names lead, such as `s3.example`: the port here that is asked in their place. */
  ports?: Record<string, number>;
}

/** A proxy that listens. */
export interface HttpProxy {
  url: string;
  /** What it was asked for: `CONNECT s3.example:443`, `GET http://s3.example/bucket`. */
  asked: string[];
  close(): Promise<void>;
}

/** Starts one on a port that the system picks. */
export async function startHttpProxy(
  { login, ports = {} }: HttpProxyOptions = {},
): Promise<HttpProxy> {
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const wanted = login && `Basic ${Buffer.from(login).toString("base64")}`;
  const isGood = (given: string | undefined) => !wanted || given === wanted;
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (!isGood(request.headers["proxy-authorization"])) return void response.writeHead(407).end();
    const url = new URL(request.url ?? "");
    const [hostname, port] = ports[url.hostname]
      ? ["127.0.0.1", ports[url.hostname]]
      : [url.hostname, url.port];
    const { method } = request;
    const headers = { ...request.headers, host: `${hostname}:${port}` };
    const passed = send({ hostname, port, path: `${url.pathname}${url.search}`, method, headers });
    passed.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => void response.writeHead(502).end());
    request.pipe(passed);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    // Whoever asks may go at any time.
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("connect", (request, socket, head) => {
    asked.push(`CONNECT ${request.url}`);
    if (!isGood(request.headers["proxy-authorization"])) {
      return void socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    }
    const { hostname, port } = new URL(`http://${request.url}`);
    const to = connect(ports[hostname] ?? Number(port || 443), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      to.write(head);
      to.pipe(socket);
      socket.pipe(to);
    });
    to.on("error", () => void socket.destroy());
    to.on("close", () => socket.destroy());
    socket.on("error", () => to.destroy());
    socket.on("close", () => to.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  return {
    url: `http://${login ? `${login}@` : ""}127.0.0.1:${port}`,
    asked,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
