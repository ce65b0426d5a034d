/** Requests an address without a proxy, whatever the environment says: fetch would hand a token to it. */

import { Agent, request } from "node:http";
import { Readable } from "node:stream";

/** Options of a direct request. */
export interface DirectOptions {
  headers: Record<string, string>;
  signal: AbortSignal;
}

/**
 * Sends a GET by HTTP on a connection of its own; follows no redirect and unpacks nothing.
 * @throws The signal's reason when it is aborted before the response begins; what Node.js fails with.
 */
export function askedDirectly(url: URL, { headers, signal }: DirectOptions): Promise<Response> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, signal, agent: new Agent() }, (answer) => {
      try {
        const { statusCode: status = 0 } = answer;
        resolve(new Response(status === 204 ? null : Readable.toWeb(answer), { status }));
      } catch (error) {
        answer.destroy();
        reject(error);
      }
    });
    asked.on("error", (error) => reject(signal.aborted ? signal.reason : error));
    asked.end();
  });
}
