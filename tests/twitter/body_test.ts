import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { bytesOf } from "../../lib/twitter/body.ts";

const never = new AbortController().signal;

Deno.test("a body is read whole, also one that has none", async () => {
  const content = new Uint8Array(5_000_000).map((_, i) => i % 251);
  assert.deepEqual(await bytesOf(new Response(content), never), content);
  assert.equal((await bytesOf(new Response(null), never)).length, 0);
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
  await assert.rejects(bytesOf(new Response(counted ?? null), never), /longer than 64 MiB/);
  assert.ok(unpacked < 66 << 20, `${unpacked} bytes were unpacked`);
  await server.shutdown();
});

Deno.test("a body that never ends is left when the signal says so", async () => {
  const stop = new AbortController();
  const reading = bytesOf(new Response(new ReadableStream()), stop.signal);
  stop.abort(new Error("enough"));
  await assert.rejects(reading, /enough/);
});
