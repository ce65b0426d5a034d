/** Stands between a store and moto, and lacks what S3-compatible stores lack. */

/** What is lacking, and how. */
export interface Lacking {
  /** Conditions of writes: not looked at, answered by 501, or never met, as with versions that a proxy changes. */
  conditions?: "ignored" | "refused" | "never met";
  /** Conditions of deletions. */
  deletions?: "ignored" | "refused";
  /** Checksums of S3. */
  checksums?: "refused";
  /** ETags become weak on their way, and the store behind knows them as they were. */
  etags?: "weak";
}

/** A server that listens. */
export interface LackingS3 {
  url: string;
  /** Method and key of each request, in order. */
  asked: string[];
  close(): Promise<void>;
}

/** Starts one in front of moto. */
export function startLackingS3(moto: string, lacking: Lacking): LackingS3 {
  const asked: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(`${request.method} ${pathname.split("/").slice(2).join("/")}`);
    const headers = new Headers(request.headers);
    for (const name of ["host", "connection"]) headers.delete(name);
    const refused = refusal(request, lacking);
    if (refused) {
      await request.body?.cancel();
      return refused;
    }
    const isLoose = request.method === "DELETE"
      ? lacking.deletions === "ignored"
      : lacking.conditions === "ignored";
    if (isLoose) { for (const name of ["if-match", "if-none-match"]) headers.delete(name); }
    const body = await request.bytes();
    const answer = await fetch(`${moto}${pathname}${search}`, {
      method: request.method,
      headers,
      ...(body.length > 0 ? { body } : {}),
    });
    const answered = new Headers(answer.headers);
    const etag = answered.get("etag");
    if (etag && lacking.etags === "weak") answered.set("etag", `W/${etag}`);
    const content = request.method === "HEAD" ? null : await answer.bytes();
    const isEmpty = answer.status === 204 || answer.status === 304;
    return new Response(isEmpty ? null : content, { status: answer.status, headers: answered });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    asked,
    close: () => server.shutdown(),
  };
}

function refusal({ method, headers }: Request, lacking: Lacking): Response | null {
  const hasCondition = headers.has("if-match") || headers.has("if-none-match");
  const how = method === "DELETE" ? lacking.deletions : lacking.conditions;
  if (hasCondition && how === "refused") return fault(501, "NotImplemented");
  if (headers.has("if-match") && how === "never met") return fault(412, "PreconditionFailed");
  const hasSum = [...headers.keys()].some((name) => name.startsWith("x-amz-checksum-"));
  if (hasSum && lacking.checksums === "refused") return fault(400, "InvalidArgument");
  return null;
}

function fault(status: number, code: string): Response {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return new Response(body, { status, headers: { "content-type": "application/xml" } });
}
