import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { type Sandbox, startSandbox } from "../../lib/sandbox/server.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { PageAt, UserAnswer } from "../../lib/twitter/api.ts";
import { Signer } from "../../lib/twitter/signer.ts";
import { Transport } from "../../lib/twitter/transport.ts";
import { V1Api } from "../../lib/twitter/v1.ts";
import { QuickClock } from "../fakes/quick_clock.ts";

const never = new AbortController().signal;

async function withApi(use: (api: V1Api, sandbox: Sandbox) => Promise<void>): Promise<void> {
  const world = World.made({ clock: systemClock, users: 30, tweetsPerUser: 450 });
  const sandbox = startSandbox({ world });
  const clock = new QuickClock();
  const transport = new Transport({ signer: await Signer.open(sandbox.keys, sandbox.url), clock });
  try {
    await use(new V1Api({ transport, clock }), sandbox);
  } finally {
    await sandbox.close();
  }
}

function ids(sandbox: Sandbox): string[] {
  return [...sandbox.world.users.keys()];
}

Deno.test("a timeline is paged down to its end: an empty page, not a short one", () =>
  withApi(async (api, sandbox) => {
    const [user = ""] = ids(sandbox);
    const counts: number[] = [];
    let at: PageAt = {};
    for (;;) {
      const page = await api.timeline(user, at, never);
      assert.ok(typeof page === "object");
      counts.push(page.count);
      if (!page.next) break;
      at = { next: page.next, untilId: page.oldestId ?? "" };
    }
    assert.deepEqual(counts, [200, 200, 50, 0]);
  }));

Deno.test("since_id and a limit narrow a page", () =>
  withApi(async (api, sandbox) => {
    const [user = ""] = ids(sandbox);
    const all = sandbox.world.timeline(user, { count: 200 });
    const page = await api.timeline(user, { sinceId: `${all[3]?.id}` }, never);
    assert.ok(typeof page === "object");
    assert.equal(page.count, 3);
    assert.equal(page.newestId, `${all[0]?.id}`);
    assert.equal(page.oldestId, `${all[2]?.id}`);
    assert.equal((await api.search("sandbox", { limit: 7 }, never)).count, 7);
  }));

Deno.test("a timeline that cannot be read tells why", () =>
  withApi(async (api, sandbox) => {
    const users = ids(sandbox);
    assert.equal(await api.timeline(users[9] ?? "", {}, never), "protected");
    assert.equal(await api.timeline(users[29] ?? "", {}, never), "not_found");
  }));

Deno.test("users are looked up a hundred at a time, and those that are left out one by one, to learn why", () =>
  withApi(async (api, sandbox) => {
    const asked = [...ids(sandbox), ...Array.from({ length: 120 }, (_, i) => `${i + 1}`)];
    const answers: UserAnswer[] = (await Array.fromAsync(api.users("id", asked, never))).flat();
    assert.deepEqual(answers.map((answer) => answer.asked).toSorted(), asked.toSorted());
    const count = (state: string) => answers.filter((answer) => answer.state === state).length;
    assert.deepEqual(
      ["found", "protected", "suspended", "not_found"].map(count),
      [27, 1, 1, 121],
    );
    const lookups = sandbox.requests.filter(({ path }) => path.endsWith("lookup.json"));
    assert.deepEqual(lookups.map(({ method, status }) => [method, status]), [["POST", 200], [
      "POST",
      404,
    ]]);
  }));

Deno.test("names are asked for in any case", () =>
  withApi(async (api, sandbox) => {
    const [[answer]] = await Array.fromAsync(api.users("screen_name", ["ADA_quill_0"], never)) as [
      [UserAnswer],
    ];
    assert.ok("id" in answer);
    assert.equal(answer.id, ids(sandbox)[0]);
    assert.equal(answer.asked, "ADA_quill_0");
  }));

Deno.test("a page that was there before is asked for again rather than written twice", () =>
  withApi(async (api, sandbox) => {
    const [user = ""] = ids(sandbox);
    const first = await api.timeline(user, {}, never);
    assert.ok(typeof first === "object");
    sandbox.troubles.add({ kind: "repeat", path: "user_timeline" });
    const second = await api.timeline(user, { untilId: first.oldestId ?? "" }, never);
    assert.ok(typeof second === "object");
    assert.equal(second.count, 200);
    assert.ok(BigInt(second.newestId ?? "0") < BigInt(first.oldestId ?? "0"));
    assert.equal(sandbox.requests.length, 3);
  }));
