import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";
import { removeRules, settleRules } from "../../../lib/twitter/v2/rules.ts";

Deno.test("a list of rules whose pages go round has an end, and every rule on them is seen", async () => {
  const stop = new AbortController();
  const removed: unknown[] = [];
  let asked = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") {
      removed.push(await request.json());
      return Response.json({});
    }
    if (removed.length > 0) return Response.json({});
    if (++asked > 10) stop.abort(new Error("It would go on for ever"));
    const page = new URL(request.url).searchParams.get("pagination_token") === "b" ? 2 : 1;
    return Response.json({
      data: [{ id: `${page}`, value: "x", tag: "twarc-cloud/c" }],
      meta: { sent: "now", next_token: page === 1 ? "b" : "a" },
    });
  });
  try {
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const signer = new Signer({ bearer_token: "x" }, base);
    await removeRules(new Transport({ signer, clock: systemClock }), "c", stop.signal);
    assert.deepEqual(removed, [{ delete: { ids: ["1", "2", "1"] } }]);
  } finally {
    await server.shutdown();
  }
});

/** An app whose rules are what a test says, and what is asked of it. */
async function withRules(
  answer: (posted: { add?: unknown; delete?: { ids: string[] } } | null, posts: number) => unknown,
  use: (transport: Transport, posted: unknown[]) => Promise<void>,
): Promise<void> {
  const posted: unknown[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const body = request.method === "POST" ? await request.json() : null;
    if (body) posted.push(body);
    const answered = answer(body, posted.length);
    return answered instanceof Response ? answered : Response.json(answered);
  });
  try {
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const signer = new Signer({ bearer_token: "x" }, base);
    await use(new Transport({ signer, clock: new QuickClock() }), posted);
  } finally {
    await server.shutdown();
  }
}

const never = new AbortController().signal;

Deno.test("a rule that the API says it deleted is looked for, and deleted again while it is there", () => {
  const rule = { id: "1", value: "x", tag: "twarc-cloud/c" };
  return withRules(
    (posted, posts) =>
      posted ? { meta: { summary: { deleted: 1 } } } : posts < 2 ? { data: [rule] } : {},
    async (transport, posted) => {
      await removeRules(transport, "c", never);
      assert.deepEqual(posted, [{ delete: { ids: ["1"] } }, { delete: { ids: ["1"] } }]);
    },
  );
});

Deno.test("rules that cannot be deleted do not hold up a stream", () => {
  const old = { id: "1", value: "x", tag: "twarc-cloud/c" };
  return withRules(
    (posted) =>
      posted?.add ? { data: [{ id: "2", value: "y", tag: "twarc-cloud/c" }] } : { data: [old] },
    async (transport, posted) => {
      const wanted = { owner: "c", wanted: [{ value: "y" }], share: false };
      const { ids } = await settleRules(transport, wanted, never);
      assert.deepEqual([...ids], ["2"]);
      assert.equal(posted.length, 4, "three to delete, one to add");
    },
  );
});

Deno.test("rules whose adding is answered oddly are added once, and found in the list", async () => {
  for (const odd of [{}, [], { data: "yes" }]) {
    const made = { id: "7", value: "y", tag: "twarc-cloud/c" };
    await withRules(
      (posted, posts) => posted ? odd : posts > 0 ? { data: [made] } : {},
      async (transport, posted) => {
        const wanted = { owner: "c", wanted: [{ value: "y" }], share: false };
        const { ids, refused } = await settleRules(transport, wanted, never);
        assert.deepEqual([[...ids], refused, posted.length], [["7"], [], 1]);
      },
    );
  }
});

Deno.test("a rule is refused by the title of the answer, whatever its status: the others run, and nothing is waited for", async () => {
  const titles = ["Invalid Rule", "InvalidRules", "RulesCapExceeded"];
  for (const status of [400, 401, 403, 409, 422, 429, 503]) {
    for (const title of titles) {
      const about = { title, detail: "It is not taken", type: "about:blank" };
      await withRules(
        (posted) => {
          if (!posted) return {};
          const [rule] = Array.isArray(posted.add) ? posted.add : [];
          return rule.value === "bad"
            ? Response.json({ ...about, status }, { status })
            : { data: [{ id: "2", ...rule }] };
        },
        async (transport, posted) => {
          const wanted = { owner: "c", wanted: [{ value: "bad" }, { value: "y" }], share: false };
          const { ids, refused } = await settleRules(transport, wanted, never);
          assert.deepEqual([...ids], ["2"]);
          assert.deepEqual(refused.map(({ rule }) => rule.value), ["bad"]);
          assert.equal(posted.length, 2, `${status} ${title}`);
        },
      );
    }
  }
});
