import assert from "node:assert/strict";
import { constants, createGzip, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { readBody, unpack } from "../../lib/base/body.ts";

const never = new AbortController().signal;

Deno.test("a body is read whole, also one that has none", async () => {
  const content = new Uint8Array(5_000_000).map((_, i) => i % 251);
  assert.deepEqual(await readBody(new Response(content), never), content);
  assert.equal((await readBody(new Response(null), never)).length, 0);
});

Deno.test("bodies that are read at the same time, and one after the other, have each their own bytes", async () => {
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const n = Number(new URL(request.url).searchParams.get("n"));
    return new Response(new Uint8Array(n * 5_000).fill(n));
  });
  for (let times = 0; times < 3; times++) {
    await Promise.all(Array.from({ length: 40 }, async (_, n) => {
      const response = await fetch(`http://127.0.0.1:${server.addr.port}/?n=${n}`);
      assert.deepEqual(await readBody(response, never), new Uint8Array(n * 5_000).fill(n));
    }));
  }
});

Deno.test("a bomb is put down: an answer that unpacks to more than any answer has is refused", async () => {
  const bomb = new Uint8Array(gzipSync(new Uint8Array(200 << 20)));
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(bomb, { headers: { "content-encoding": "gzip" } }),
  );
  const { body } = await fetch(`http://127.0.0.1:${server.addr.port}/`);
  let unpacked = 0;
  const counted = body?.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        unpacked += chunk.length;
        controller.enqueue(chunk);
      },
    }),
  );
  await assert.rejects(readBody(new Response(counted ?? null), never), /longer than 64 MiB/);
  assert.ok(unpacked < 66 << 20, `${unpacked} bytes were unpacked`);
  await server.shutdown();
});

Deno.test("a body that never ends is left when the signal says so", async () => {
  const stop = new AbortController();
  const reading = readBody(new Response(new ReadableStream()), stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
});

/** Runs with a server that answers with some bytes, said to be packed. */
async function packedAs(
  packing: string,
  body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(body, { headers: { "content-encoding": packing } }),
  );
  await use(`http://127.0.0.1:${server.addr.port}/`);
}

const TEXT = new TextEncoder().encode('{"a":1}');

Deno.test("what is packed very tightly is taken up to 16 MiB: a tweet may be a million times the same letter", () =>
  packedAs("gzip", new Uint8Array(gzipSync(new Uint8Array(16 << 20))), async (url) => {
    assert.equal((await readBody(await fetch(url), never)).length, 16 << 20);
  }));

Deno.test("beyond that it may have a hundred times what came", () =>
  packedAs("gzip", new Uint8Array(gzipSync(new Uint8Array(17 << 20))), async (url) => {
    await assert.rejects(readBody(await fetch(url), never), {
      name: "SyntaxError",
      message: "It is longer than 16 MiB, unpacked",
    });
  }));

Deno.test("a packing that nobody asked for, and one in another, are refused by their names", async () => {
  const packings: [string, Uint8Array<ArrayBuffer>][] = [
    ["zstd", new Uint8Array(zstdCompressSync(TEXT))],
    ["deflate", new Uint8Array(deflateSync(TEXT))],
    ["gzip, gzip", new Uint8Array(gzipSync(gzipSync(TEXT)))],
  ];
  for (const [packing, bytes] of packings) {
    await packedAs(packing, bytes, async (url) => {
      const refused = {
        name: "SyntaxError",
        message: `Its encoding is "${packing}", which was not requested`,
      };
      await assert.rejects(readBody(await fetch(url), never), refused);
      await assert.rejects(fetch(url, AS_IT_IS).then(unpack), refused);
    });
  }
});

const AS_IT_IS = { headers: { "accept-encoding": "identity" } };

Deno.test("a stream that comes in gzip, though it was asked for as it is, is read line by line as it comes", async () => {
  const gzip = createGzip();
  const send = (text: string) =>
    new Promise<void>((sent) => {
      gzip.write(text);
      gzip.flush(constants.Z_SYNC_FLUSH, () => sent());
    });
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      gzip.on("data", (chunk) => controller.enqueue(new Uint8Array(chunk)));
      gzip.on("end", () => controller.close());
    },
  });
  await packedAs("gzip", body, async (url) => {
    const { body: lines, headers } = await unpack(await fetch(url, AS_IT_IS));
    assert.equal(headers.get("content-encoding"), null);
    const reader = lines?.getReader({ mode: "byob" }) ?? assert.fail();
    for (const line of ["first\r\n", "second\r\n"]) {
      await send(line);
      const { value } = await reader.read(new Uint8Array(100));
      assert.equal(new TextDecoder().decode(value), line);
    }
    gzip.end();
    assert.equal((await reader.read(new Uint8Array(100))).done, true);
  });
});

Deno.test("a stream whose packing is damaged fails where it is", () =>
  packedAs(
    "gzip",
    new Uint8Array([...gzipSync(TEXT).subarray(0, 12), 255, 255, 255]),
    async (url) => {
      await assert.rejects(unpack(await fetch(url, AS_IT_IS)).then((answer) => answer.bytes()));
    },
  ));

Deno.test("a packed stream that is left ends at its source too", async () => {
  const left = Promise.withResolvers<void>();
  const source = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(gzipSync(TEXT).subarray(0, 12))),
    cancel: () => left.resolve(),
  });
  await packedAs("gzip", source, async (url) => {
    const hangUp = new AbortController();
    const { body } = await unpack(await fetch(url, { ...AS_IT_IS, signal: hangUp.signal }));
    const reading = assert.rejects(async () => await body?.getReader().read());
    hangUp.abort();
    await reading;
    await left.promise;
  });
});
