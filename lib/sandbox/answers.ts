/** Responses of the API, good and faulty. */

import type { TroubleKind } from "./trouble.ts";

const encoder = new TextEncoder();

/** Returns an error in the form of v1.1. */
export function errorAnswer(status: number, code: number, message: string): Response {
  return Response.json({ errors: [{ code, message }] }, { status });
}

/** Joins several pieces of JSON text. */
export function joinJson(parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.map((part) => typeof part === "string" ? encoder.encode(part) : part);
  const all = new Uint8Array(bytes.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** Returns a response with JSON text. */
export function jsonAnswer(body: Uint8Array<ArrayBuffer> | string, status = 200): Response {
  return new Response(body, {
    status,
    headers: { "content-type": "application/json;charset=utf-8" },
  });
}

function plainProblem(status: number, title: string): Response {
  return Response.json({ title, detail: title, type: "about:blank", status }, { status });
}

/**
 * Returns a good response with a trouble applied, or null where the trouble does not concern responses.
 * @param resetAt When the rate limit's window ends, in seconds since 1970.
 */
export function troubledAnswer(
  kind: TroubleKind,
  { good, resetAt }: { good: Uint8Array<ArrayBuffer>; resetAt: number },
): Response | null {
  const half = good.subarray(0, Math.floor(good.length / 2));
  switch (kind) {
    case "429": {
      const answer = errorAnswer(429, 88, "Rate limit exceeded");
      answer.headers.set("x-rate-limit-remaining", "0");
      answer.headers.set("x-rate-limit-reset", `${resetAt}`);
      return answer;
    }
    case "429-bare":
      return errorAnswer(429, 88, "Rate limit exceeded");
    case "429-pace":
      return plainProblem(429, "Too Many Requests");
    case "429-day": {
      const answer = plainProblem(429, "Too Many Requests");
      answer.headers.set("x-app-limit-24hour-limit", "5000");
      answer.headers.set("x-app-limit-24hour-remaining", "0");
      answer.headers.set("x-app-limit-24hour-reset", `${resetAt + 6 * 3_600}`);
      return answer;
    }
    case "cap":
      return Response.json({
        title: "UsageCapExceeded",
        period: "Monthly",
        scope: "Product",
        detail: "Usage cap exceeded: Monthly product cap",
        type: "https://api.twitter.com/2/problems/usage-capped",
      }, { status: 429 });
    case "credits":
      return Response.json({
        account_id: 1,
        title: "CreditsDepleted",
        detail: "Your enrolled account [1] does not have any credits to fulfill this request.",
        type: "https://api.twitter.com/2/problems/credits",
      }, { status: 402 });
    case "spend-cap":
      return Response.json({
        account_id: 1,
        title: "SpendCapReached",
        detail: "Your enrolled account [1] has reached its billing cycle spend cap. API requests " +
          "will be blocked until the next cycle begins on 2030-01-31.",
        reset_date: "2030-01-31",
        type: "https://api.twitter.com/2/problems/credits",
      }, { status: 403 });
    case "401":
      return plainProblem(401, "Unauthorized");
    case "403":
      return plainProblem(403, "Forbidden");
    case "404":
      return plainProblem(404, "Not Found");
    case "blocked":
      return new Response("<!DOCTYPE html><title>Just a moment...</title>", {
        status: 403,
        headers: { "content-type": "text/html" },
      });
    case "420":
      return new Response("Exceeded connection limit for user\r\n", { status: 420 });
    case "500":
      return errorAnswer(500, 131, "Internal error");
    case "503":
      return new Response("upstream connect error or disconnect/reset before headers", {
        status: 503,
      });
    case "html":
      return new Response(
        "<!DOCTYPE html><html><body>Something is technically wrong.</body></html>",
        {
          headers: { "content-type": "text/html" },
        },
      );
    case "garbage":
      return jsonAnswer('[{"id":1,"id_str":"1\u0000,,]');
    case "truncate":
      return jsonAnswer(half);
    case "cut":
      return jsonAnswerThatEnds(half, (controller) => controller.error(new Error("cut")));
    case "stall":
      return jsonAnswerThatEnds(half, () => {});
    case "repeat":
    case "disconnect":
      return null;
  }
}

function jsonAnswerThatEnds(
  bytes: Uint8Array,
  end: (controller: ReadableStreamDefaultController<Uint8Array>) => void,
): Response {
  let sent = false;
  return new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        if (sent) return end(controller);
        sent = true;
        controller.enqueue(bytes);
      },
    }),
    { headers: { "content-type": "application/json;charset=utf-8" } },
  );
}
