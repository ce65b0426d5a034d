/** A store of S3 whose answers a test gives. */

import { createHash } from "node:crypto";
import { type Clock, systemClock } from "../../../lib/base/clock.ts";
import { S3Store } from "../../../lib/store/s3/store.ts";
import { MOTO_KEYS, MOTO_REGION } from "../../peers/moto.ts";

export const access = { ...MOTO_KEYS, region: MOTO_REGION };

/** A store whose bucket is answered for by `answer`. */
export async function withAnswers(
  answer: (request: Request) => Response | Promise<Response>,
  use: (store: S3Store) => Promise<void>,
  { tries = 2, clock = systemClock }: { tries?: number; clock?: Clock } = {},
): Promise<void> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
  const url = `http://127.0.0.1:${server.addr.port}`;
  const store = new S3Store("tweets", { ...access, endpoint: url, tries }, { clock });
  try {
    await use(store);
  } finally {
    store.close();
    await server.shutdown();
  }
}

export function refusal(
  status: number,
  code: string,
  headers: Record<string, string> = {},
): Response {
  const body =
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>As ${code} says</Message>` +
    `<RequestId>1</RequestId></Error>`;
  return new Response(body, { status, headers: { "content-type": "application/xml", ...headers } });
}

/** A file on this machine's disk, and what it has to be. */
export async function withFile(
  size: number,
  use: (path: string, expected: { bytes: number; sha1: string }) => Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    const content = new Uint8Array(size).map((_, i) => i % 251);
    await Deno.writeFile(path, content);
    await use(path, {
      bytes: size,
      sha1: createHash("sha1").update(content).digest("hex"),
    });
  } finally {
    await Deno.remove(path);
  }
}
