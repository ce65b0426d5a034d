/** Batch compliance of the sandbox: jobs, and the addresses for uploading ids and downloading results. */

import { type Clock, isoTime } from "../../base/clock.ts";
import { invalid, type V2Route } from "./routes.ts";
import type { World } from "../world.ts";

/** Milliseconds that ids may be uploaded for. */
const UPLOAD_MS = 900_000;
const UPLOAD = "/sandbox/compliance/upload/";
const DOWNLOAD = "/sandbox/compliance/download/";

interface Job {
  id: string;
  name: string;
  created: number;
  status: "created" | "in_progress" | "complete" | "failed" | "expired";
  /** Requests until it is complete. */
  looks: number;
  results: string;
}

/** The compliance jobs of the sandbox's app. */
export class Compliance {
  readonly #clock: Clock;
  readonly #jobs = new Map<string, Job>();
  /** Requests for a job that find it in progress, before it is complete. */
  looks = 0;
  /** Jobs that fail, from the next one on. */
  failing = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Completes the jobs in progress. */
  finish(): void {
    for (const job of this.#jobs.values()) if (job.status === "in_progress") job.looks = 0;
  }

  /** Returns the endpoint at a path, if it is one of these. */
  route(path: string, base: string): V2Route | undefined {
    const id = /^\/2\/compliance\/jobs\/(\d+)$/.exec(path)?.[1];
    if (id !== undefined) {
      return { methods: ["GET"], appOnly: true, answer: () => this.#look(id, base) };
    }
    if (path !== "/2/compliance/jobs") return undefined;
    return {
      methods: ["GET", "POST"],
      appOnly: true,
      answer: (_world, parameters, json, method) => {
        if (method === "POST") return this.#create(json, base);
        if (parameters.get("type") !== "tweets") {
          return Response.json({ meta: { result_count: 0 } });
        }
        const data = [...this.#jobs.values()].map((job) => this.#jobJson(job, base));
        return Response.json({ data, meta: { result_count: data.length } });
      },
    };
  }

  /** Accepts ids, or returns results, at the addresses of jobs; null for any other. */
  async file(request: Request, world: World): Promise<Response | null> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith(UPLOAD)) {
      const job = this.#jobs.get(pathname.slice(UPLOAD.length));
      if (!job || request.method !== "PUT" || this.#isExpired(job)) return notHere();
      if (request.headers.has("authorization")) return notHere();
      const ids = (await request.text()).split(/\s+/).filter(Boolean);
      job.results = ids.map((id) => this.#result(id, world)).filter(Boolean).join("");
      job.status = this.failing > 0 ? "failed" : "in_progress";
      if (this.failing > 0) this.failing--;
      job.looks = this.looks;
      return new Response(null);
    }
    if (!pathname.startsWith(DOWNLOAD)) return null;
    const job = this.#jobs.get(pathname.slice(DOWNLOAD.length));
    return job?.status === "complete" ? new Response(job.results) : notHere();
  }

  #create(json: unknown, base: string): Response {
    const isWhole = typeof json === "object" && json !== null && "type" in json;
    if (!isWhole || json.type !== "tweets") return invalid("`type` is wrong");
    const busy = [...this.#jobs.values()].some((job) =>
      job.status === "in_progress" || (job.status === "created" && !this.#isExpired(job))
    );
    if (busy) return invalid("There is a job of this type under way already");
    const name = "name" in json && typeof json.name === "string" ? json.name : "";
    const id = `${1_372_966_999_991_541_762n + BigInt(this.#jobs.size)}`;
    const job: Job = {
      id,
      name,
      created: this.#clock.now(),
      status: "created",
      looks: 0,
      results: "",
    };
    this.#jobs.set(id, job);
    return Response.json({ data: this.#jobJson(job, base) });
  }

  #look(id: string, base: string): Response {
    const job = this.#jobs.get(id);
    if (!job) {
      return Response.json({ title: "Not Found Error", detail: "No such job" }, { status: 404 });
    }
    if (job.status === "created" && this.#isExpired(job)) job.status = "expired";
    if (job.status === "in_progress" && job.looks-- <= 0) job.status = "complete";
    return Response.json({ data: this.#jobJson(job, base) });
  }

  #isExpired({ created }: Job): boolean {
    return this.#clock.now() > created + UPLOAD_MS;
  }

  #jobJson({ id, name, created, status }: Job, base: string): Record<string, unknown> {
    return {
      id,
      name,
      type: "tweets",
      resumable: false,
      status,
      created_at: isoTime(created),
      upload_url: new URL(`${UPLOAD}${id}`, base).href,
      upload_expires_at: isoTime(created + UPLOAD_MS),
      download_url: new URL(`${DOWNLOAD}${id}`, base).href,
      download_expires_at: isoTime(created + 7 * 86_400_000),
    };
  }

  /** Returns a line for a tweet that may not be kept; empty for one that may, or never existed. */
  #result(id: string, world: World): string {
    const state = world.find(id)?.author?.state;
    const reason = world.removed.has(id)
      ? "deleted"
      : state === "gone"
      ? "deactivated"
      : state === "protected" || state === "suspended"
      ? state
      : null;
    if (reason === null) return "";
    const created_at = isoTime(this.#clock.now());
    return `${JSON.stringify({ id, action: "delete", created_at, reason })}\n`;
  }
}

function notHere(): Response {
  return new Response("<?xml version='1.0'?><Error><Code>ExpiredToken</Code></Error>", {
    status: 400,
  });
}
