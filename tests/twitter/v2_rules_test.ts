import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { Signer } from "../../lib/twitter/signer.ts";
import { Transport } from "../../lib/twitter/transport.ts";
import { removeRules } from "../../lib/twitter/v2_rules.ts";

Deno.test("a list of rules whose pages go round has an end, and every rule on them is seen", async () => {
  const stop = new AbortController();
  const removed: unknown[] = [];
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") {
      removed.push(await request.json());
      return Response.json({});
    }
    if (++asked > 10) stop.abort(new Error("It would go on for ever"));
    const page = new URL(request.url).searchParams.get("pagination_token") === "b" ? 2 : 1;
    return Response.json({
      data: [{ id: `${page}`, value: "x", tag: "twarc-cloud/c" }],
      meta: { sent: "now", next_token: page === 1 ? "b" : "a" },
    });
  });
  try {
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const signer = await Signer.open({ bearer_token: "x" }, base);
    await removeRules(new Transport({ signer, clock: systemClock }), "c", stop.signal);
    assert.deepEqual(removed, [{ delete: { ids: ["1", "2", "1"] } }]);
  } finally {
    await server.shutdown();
  }
});
