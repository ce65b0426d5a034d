import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { ApiError } from "../../../lib/base/errors.ts";
import { ComplianceJobs } from "../../../lib/twitter/v2/compliance.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;

/** An API that makes jobs, and answers as a test says. */
async function withJobs(
  answer: (made: number) => Response,
  use: (jobs: ComplianceJobs, made: string[]) => Promise<void>,
): Promise<void> {
  const made: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method === "POST") {
      const response = answer(made.length);
      if (response.status !== 500) made.push((await request.json()).name);
      return response;
    }
    const listed = made.map((name, i) => ({ id: `${i + 70}`, name, status: "created" }));
    return Response.json({ data: [{ id: 5, status: "of another kind" }, ...listed] });
  });
  try {
    const base = new URL(`http://127.0.0.1:${server.addr.port}/`);
    const signer = new Signer({ bearer_token: "x" }, base);
    const clock = new QuickClock();
    await use(new ComplianceJobs({ transport: new Transport({ signer, clock }), clock }), made);
  } finally {
    await server.shutdown();
  }
}

for (
  const [title, answer] of [
    ["is odd", () => Response.json({ data: { name: "n" } })],
    ["is no JSON", () => new Response("OK", { status: 201 })],
    ["is a gateway's, after the job was made", () => new Response("late", { status: 504 })],
  ] satisfies [string, () => Response][]
) {
  Deno.test(`a job whose answer ${title} is made once, and found by its name`, () =>
    withJobs(answer, async (jobs, made) => {
      assert.equal(await jobs.create("n", never), "70");
      assert.deepEqual(made, ["n"]);
    }));
}

Deno.test("a job is made once also where a kept connection breaks as it is made", async () => {
  const made: string[] = [];
  const server = createServer(async (request, response) => {
    if (request.method === "POST") {
      made.push(JSON.parse(await text(request)).name);
      return request.socket.destroy();
    }
    const data = made.map((name, i) => ({ id: `${i + 70}`, name, status: "created" }));
    response.end(JSON.stringify({ data }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address && typeof address === "object");
  const base = new URL(`http://127.0.0.1:${address.port}/`);
  const clock = new QuickClock();
  const transport = new Transport({ signer: new Signer({ bearer_token: "x" }, base), clock });
  const jobs = new ComplianceJobs({ transport, clock });
  try {
    assert.deepEqual(await jobs.underWay(never), []);
    assert.equal(await jobs.create("n", never), "70");
    assert.deepEqual(made, ["n"]);
  } finally {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
});

Deno.test("a job that was not made is asked for again", () => {
  let failures = 2;
  const answer = () =>
    failures-- > 0 ? new Response("", { status: 500 }) : Response.json({ data: { id: "70" } });
  return withJobs(answer, async (jobs, made) => {
    assert.equal(await jobs.create("n", never), "70");
    assert.deepEqual(made, ["n"]);
  });
});

Deno.test("a job that the API refuses is not asked for again", () =>
  withJobs(
    () => Response.json({ title: "Invalid Request" }, { status: 400 }),
    async (jobs, made) => {
      await assert.rejects(jobs.create("n", never), ApiError);
      assert.equal(made.length, 1, "one request");
    },
  ));
