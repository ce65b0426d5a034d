/** A server of this machine that answers as a test says, for what no API of the sandbox does. */

/** A request as a stub sees it. */
export interface Asked {
  path: string;
  parameters: URLSearchParams;
}

/** An answer: a body that becomes JSON, and its status. */
export interface Answer {
  status?: number;
  body: unknown;
}

/** Serves answers while a test uses their address; what was asked is kept. */
export async function withApiStub(
  answer: (asked: Asked) => Answer,
  use: (place: { url: URL; asked: Asked[] }) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const one = { path: pathname, parameters: searchParams };
    asked.push(one);
    const { status = 200, body } = answer(one);
    return Response.json(body, { status });
  });
  try {
    await use({ url: new URL(`http://127.0.0.1:${server.addr.port}/`), asked });
  } finally {
    await server.shutdown();
  }
}

/** A page of version 2 with posts of these ids. */
export function pageOfIds(ids: string[], next?: string) {
  return {
    ...(ids.length > 0 ? { data: ids.map((id) => ({ id, text: "x" })) } : {}),
    meta: { result_count: ids.length, ...(next ? { next_token: next } : {}) },
  };
}
