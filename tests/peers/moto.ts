/** Moto's server: a stand-in for AWS that other people keep. */

import assert from "node:assert/strict";
import { atEnd } from "../together/at_end.ts";
import { motoServer } from "./python.ts";

/** A server that listens. */
export interface Moto {
  url: string;
  /** What makes AWS clients ask it, in a process of their own. */
  env: Record<string, string>;
  /** Forgets all that was made. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

/** Keys that open nothing but moto. */
export const MOTO_KEYS = { accessKey: "testing", secretKey: "testing" };
/** The region that tests are in. */
export const MOTO_REGION = "eu-central-1";

/** Objects of a page, where S3 has 1,000. */
export const PAGE = 100;

/** Those that run, and that no file of tests has. */
const idle: Moto[] = [];

atEnd(async () => {
  for (const moto of idle.splice(0)) await moto.close();
});

/** A server in which nothing was made, for a file of tests; the next one has it where it was closed. */
export async function sharedMoto(): Promise<Moto> {
  const moto = idle.pop() ?? await startMoto();
  return {
    ...moto,
    close: async () => {
      await moto.reset();
      idle.push(moto);
    },
  };
}

/**
 * Starts a server on a port that the system picks; under Wine, which has no Python, the one outside is taken.
 * @param options.page Objects of a page of a listing.
 */
export async function startMoto({ page = PAGE } = {}): Promise<Moto> {
  const outside = Deno.env.get("TWARC_CLOUD_TEST_MOTO");
  const { url, end } = outside ? { url: outside, end: async () => {} } : await startedMoto(page);
  return {
    url,
    env: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: MOTO_KEYS.accessKey,
      AWS_SECRET_ACCESS_KEY: MOTO_KEYS.secretKey,
      AWS_REGION: MOTO_REGION,
      AWS_EC2_METADATA_DISABLED: "true",
    },
    reset: async () => {
      await (await fetch(`${url}/moto-api/reset`, { method: "POST" })).body?.cancel();
    },
    close: end,
  };
}

async function startedMoto(page: number): Promise<{ url: string; end: () => Promise<void> }> {
  // The one on the PATH may be none, as a version manager's stand-in.
  const { child, url } = await started("moto_server", page).catch(async () =>
    await started(await motoServer(), page)
  );
  const end = async () => {
    child.kill("SIGTERM");
    await child.status;
  };
  return { url, end };
}

async function started(
  program: string,
  page: number,
): Promise<{ child: Deno.ChildProcess; url: string }> {
  const child = new Deno.Command(program, {
    args: ["-H", "127.0.0.1", "-p", "0"],
    // Machine images are of no use here, and reading their list takes longer than a test.
    env: {
      PYTHONUNBUFFERED: "1",
      MOTO_EC2_LOAD_DEFAULT_AMIS: "false",
      // A page of a listing: what goes on beyond one needs no thousand objects.
      MOTO_S3_DEFAULT_MAX_KEYS: `${page}`,
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  try {
    return { child, url: await addressIn(child.stderr) };
  } catch (error) {
    await child.status;
    throw error;
  }
}

/** The address that the server tells; the rest of what it says is read away. */
async function addressIn(stderr: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  for (;;) {
    const { value, done } = await reader.read();
    assert.ok(!done, `moto_server ended: ${said}`);
    said += value;
    const url = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
    if (url === undefined) continue;
    void readAway(reader);
    return url;
  }
}

async function readAway(reader: ReadableStreamDefaultReader<string>): Promise<void> {
  while (!(await reader.read()).done);
}
