/** The connections of an app to streams, as the API counts them. */

import { z } from "zod";
import { ApiError } from "../../base/errors.ts";
import type { ApiRequest } from "../http/signer.ts";
import type { Transport } from "../http/transport.ts";
import { parseAnswer } from "./answers.ts";

const PATH = "2/connections";
const ENDPOINT = "filtered_stream";

/** Problems of a 429 for an app with all the connections that it may have. */
const FULL = new Set(["streaming-connection", "connectionexception"]);

/** Returns whether a response refuses a stream because the app has all the connections that it may have. */
export function isFull(error: unknown): error is ApiError {
  return error instanceof ApiError && FULL.has(error.problem ?? "");
}

const listSchema = z.object({
  data: z.array(z.looseObject({
    id: z.string().optional().catch(undefined),
    endpoint_name: z.string().optional(),
    connected_at: z.string().optional(),
    client_ip: z.string().optional(),
    disconnected_at: z.string().nullish(),
  })).optional(),
});
const endedSchema = z.object({
  data: z.object({ successful_kills: z.number().optional() }).optional(),
});

/** A connection that counts as open. */
export interface OpenConnection {
  id: string;
  /** ISO 8601. */
  since: string;
  /** The address of its holder, where the API reports it. */
  from: string;
}

/** GET /2/connections: those to the filtered stream that have ids, the newest first. https://docs.x.com/x-api/connections */
export async function openConnections(
  transport: Transport,
  signal: AbortSignal,
): Promise<OpenConnection[]> {
  const parameters = {
    status: "active",
    endpoints: ENDPOINT,
    "connection.fields": "client_ip,connected_at,disconnected_at,endpoint_name,id",
  };
  const request = { method: "GET", path: PATH, parameters } as const;
  const { data = [] } = await transport.ask(
    request,
    (answer) => parseAnswer(listSchema, answer),
    signal,
  );
  return data.filter((one) => !one.disconnected_at && (one.endpoint_name ?? ENDPOINT) === ENDPOINT)
    .flatMap(({ id, connected_at = "", client_ip = "" }) =>
      id === undefined ? [] : [{ id, since: connected_at, from: client_ip }]
    )
    .toSorted((a, b) => b.since.localeCompare(a.since));
}

/** DELETE /2/connections: ends one; returns whether it was there to be ended. */
export async function endConnection(
  transport: Transport,
  id: string,
  signal: AbortSignal,
): Promise<boolean> {
  const request: ApiRequest = {
    method: "DELETE",
    path: PATH,
    parameters: {},
    json: { uuids: [id] },
  };
  const { data } = await transport.ask(
    request,
    (answer) => parseAnswer(endedSchema, answer),
    signal,
  );
  return (data?.successful_kills ?? 0) > 0;
}
