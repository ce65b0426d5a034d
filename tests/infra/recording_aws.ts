/** AWS that writes down what it is asked for, in the words of IAM. */

import assert from "node:assert/strict";
import { z } from "zod";
import { type Moto, MOTO_REGION } from "../peers/moto.ts";

export const ACCOUNT = "123456789012";
/** The region and account, as in the names of resources. */
export const REGION = `${MOTO_REGION}:${ACCOUNT}`;

/** A request of a client of AWS. */
export interface Call {
  action: string;
  resource: string;
  context?: Record<string, string>;
  body: unknown;
}

/** AWS, which writes down what it is asked for, and has moto answer. */
export class RecordingAws {
  readonly #moto: Moto;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #calls: Call[] = [];
  /** Whether it takes no part of an upload. */
  refusesParts = false;

  constructor(moto: Moto) {
    this.#moto = moto;
    const own = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(own, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Returns what it is asked for meanwhile. */
  async during(act: () => Promise<unknown>): Promise<Call[]> {
    this.#calls = [];
    await act();
    return this.#calls;
  }

  async close(): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const body = request.body ? await request.bytes() : null;
    const headers = new Headers(request.headers);
    headers.delete("host");
    const call = callOf(request, url, body);
    this.#calls.push(call);
    if (this.refusesParts && url.searchParams.has("partNumber")) {
      return new Response("<Error><Code>AccessDenied</Code></Error>", { status: 403 });
    }
    const init = { method: request.method, headers, body, redirect: "manual" } as const;
    return await fetch(`${this.#moto.url}${url.pathname}${url.search}`, init);
  }
}

/** Which action a request is, and on which resource, as IAM names them. */
function callOf(request: Request, url: URL, bytes: Uint8Array | null): Call {
  const [target, action] = (request.headers.get("x-amz-target") ?? "").split(".");
  const scope = /Credential=[^/]+\/\d+\/[^/]+\/([\w-]+)\//.exec(
    request.headers.get("authorization") ?? "",
  );
  if (scope?.[1] === "s3") return s3Call(request.method, url);
  const text = new TextDecoder().decode(bytes ?? undefined);
  const body = text === "" ? null : JSON.parse(text);
  if (scope?.[1] === "scheduler") return schedulerCall(request.method, url, body);
  const service =
    { AmazonSSM: "ssm", AmazonEC2ContainerServiceV20141113: "ecs", AWSEvents: "events" }[
      target ?? ""
    ] ?? assert.fail(`Nobody knows ${target}.${action}`);
  return { action: `${service}:${action}`, resource: resourceOf(service, body), body };
}

const named = z.looseObject({
  Name: z.string().optional(),
  family: z.string().optional(),
  service: z.string().optional(),
});

function resourceOf(service: string, body: unknown): string {
  const { Name, family, service: own } = named.parse(body);
  if (service === "ssm") return `arn:aws:ssm:${REGION}:parameter${Name}`;
  if (family !== undefined) return `arn:aws:ecs:${REGION}:task-definition/${family}:1`;
  return own === undefined ? "*" : `arn:aws:ecs:${REGION}:service/twarc-cloud/${own}`;
}

function schedulerCall(method: string, { pathname }: URL, body: unknown): Call {
  const [, kind, name] = /^\/(schedule[\w-]*)\/(.*)$/.exec(pathname) ?? [];
  const what = { GET: "Get", POST: "Create", PUT: "Update", DELETE: "Delete" }[method];
  const of = kind === "schedules" ? "Schedule" : "ScheduleGroup";
  return { action: `scheduler:${what}${of}`, resource: name ?? "", body };
}

function s3Call(method: string, { pathname, searchParams: query }: URL): Call {
  const [, bucket = "", key = ""] = /^\/([^/]+)\/?(.*)$/.exec(decodeURIComponent(pathname)) ?? [];
  if (method === "GET" && query.has("list-type")) {
    const context = { "s3:prefix": query.get("prefix") ?? "" };
    return { action: "s3:ListBucket", resource: `arn:aws:s3:::${bucket}`, context, body: null };
  }
  assert.notEqual(key, "", `Nobody knows ${method} of a bucket with ${query}`);
  const actions: Record<string, string> = {
    GET: "GetObject",
    HEAD: "GetObject",
    PUT: "PutObject",
    POST: "PutObject",
    DELETE: query.has("uploadId") ? "AbortMultipartUpload" : "DeleteObject",
  };
  const what = actions[method] ?? assert.fail(`Nobody knows ${method} of an object`);
  return { action: `s3:${what}`, resource: `arn:aws:s3:::${bucket}/${key}`, body: null };
}
