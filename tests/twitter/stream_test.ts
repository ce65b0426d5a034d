import assert from "node:assert/strict";
import { systemClock } from "../../lib/clock.ts";
import { ApiError, UserError } from "../../lib/errors.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../lib/sandbox/server.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { StreamItem } from "../../lib/twitter/api.ts";
import { Signer } from "../../lib/twitter/signer.ts";
import { Transport } from "../../lib/twitter/transport.ts";
import { V1Api } from "../../lib/twitter/v1.ts";
import { readStreamLine } from "../../lib/twitter/v1_messages.ts";
import { twitterData } from "../twitter_data.ts";

/** The system's clock with waits a hundred times as short. */
const hasty = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
};

/** Reads a stream with `read`, which says when it has seen enough, while tweets are published. */
async function reading(
  options: SandboxOptions,
  prepare: (sandbox: Sandbox) => void,
  enough: (items: StreamItem[]) => boolean,
  everyMs = 5,
): Promise<{ items: StreamItem[]; sandbox: Sandbox }> {
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: 0 });
  const sandbox = startSandbox({ world, ...options });
  prepare(sandbox);
  const signer = await Signer.open(sandbox.keys, sandbox.url);
  const api = new V1Api({
    transport: new Transport({ signer, clock: hasty }),
    clock: hasty,
    stallMs: 20_000,
  });
  const stop = new AbortController();
  const [user = ""] = world.users.keys();
  const posting = setInterval(() => sandbox.streams.size > 0 && world.post(user), everyMs);
  const items: StreamItem[] = [];
  try {
    for await (
      const item of api.stream({ owner: "live", filter: { track: "sandbox" } }, stop.signal)
    ) {
      items.push(item);
      if (!enough(items)) continue;
      clearInterval(posting);
      stop.abort();
    }
  } finally {
    clearInterval(posting);
    await sandbox.close();
  }
  return { items, sandbox };
}

function tweets(items: StreamItem[]): string[] {
  return items.flatMap((item) => item.tweets.map((tweet) => tweet.id));
}

for (const kind of ["cut", "truncate", "stall", "disconnect"] as const) {
  Deno.test(`after ${kind} the stream is opened again, the tweet that was cut comes whole, and the gap is told`, async () => {
    const { items, sandbox } = await reading(
      {},
      (sandbox) => sandbox.troubles.add({ kind, path: "statuses/filter", after: 3 }),
      (items) => tweets(items).length >= 8,
    );
    const ids = tweets(items);
    assert.equal(new Set(ids).size, ids.length);
    for (const item of items) {
      for (const { line, id } of item.tweets) {
        assert.equal(JSON.parse(new TextDecoder().decode(line)).id_str, id);
      }
    }
    const gaps = items.flatMap((item) => item.gap ?? []);
    assert.equal(gaps.length, 1);
    assert.ok(gaps[0] && gaps[0].from <= gaps[0].to);
    const lost = items.filter((item) => item.lost !== undefined);
    assert.equal(lost.length, 1);
    assert.ok(Math.abs(Number(lost[0]?.lost) - gaps[0].from) <= 1, "The gap is from then on");
    const reopened = items.findIndex((item) => item.gap);
    assert.ok(lost[0] && items.indexOf(lost[0]) < reopened, "It is told before it is open again");
    assert.equal(sandbox.requests.length, 2);
  });
}

Deno.test("a stream that was lost is opened again only after somebody was asked, who may end it", async () => {
  const world = World.made({ clock: systemClock, users: 1, tweetsPerUser: 0 });
  const sandbox = startSandbox({ world });
  try {
    const signer = await Signer.open(sandbox.keys, sandbox.url);
    const api = new V1Api({ transport: new Transport({ signer, clock: hasty }), clock: hasty });
    const lost = new AbortController();
    const wanted = {
      owner: "live",
      filter: { track: "sandbox" },
      confirm: () => Promise.resolve(lost.abort()),
    };
    for await (const _ of api.stream(wanted, lost.signal)) sandbox.streams.close();
    assert.equal(sandbox.requests.length, 1);
  } finally {
    await sandbox.close();
  }
});

Deno.test("errors on opening are waited out: 503, 420", async () => {
  const { items, sandbox } = await reading(
    {},
    (sandbox) => {
      sandbox.troubles.add({ kind: "503", path: "connect", times: 2 });
      sandbox.troubles.add({ kind: "420", path: "connect", after: 2 });
    },
    (items) => tweets(items).length > 0,
  );
  assert.deepEqual(sandbox.requests.map((request) => request.status), [503, 503, 420, 200]);
  assert.equal(items.flatMap((item) => item.gap ?? []).length, 1);
});

Deno.test("keep-alives keep a quiet stream open", async () => {
  // A tweet comes every 500 ms, and after 200 ms of silence the stream would be opened again.
  const { sandbox } = await reading(
    { keepAliveMs: 50 },
    () => {},
    (items) => tweets(items).length > 0,
    500,
  );
  assert.equal(sandbox.requests.length, 1);
});

Deno.test("a refusal that trying again does not change ends the stream with what to do", async () => {
  const sandbox = startSandbox();
  try {
    const open = async (keys: Sandbox["keys"], filter: { track?: string }) => {
      const transport = new Transport({
        signer: await Signer.open(keys, sandbox.url),
        clock: hasty,
      });
      const stream = new V1Api({ transport, clock: hasty }).stream(
        { owner: "live", filter },
        new AbortController().signal,
      );
      return await Array.fromAsync(stream);
    };
    await assert.rejects(
      open({ ...sandbox.keys, access_token_secret: "wrong" }, { track: "x" }),
      UserError,
    );
    await assert.rejects(
      open(sandbox.keys, {}),
      (error) => error instanceof ApiError && error.status === 406,
    );
  } finally {
    await sandbox.close();
  }
});

Deno.test("lines are told apart: statuses, and messages by their kind", async () => {
  const kind = (text: string) => {
    const read = readStreamLine(new TextEncoder().encode(text));
    if ("skipped" in read) return "skipped";
    return "tweet" in read
      ? `tweet ${read.tweet.id}`
      : read.ends === undefined
      ? read.message.kind
      : `ends: ${read.ends}`;
  };
  assert.equal(
    kind('{"id":1377649934414049282,"id_str":"1377649934414049282","user":{}}'),
    "tweet 1377649934414049282",
  );
  assert.equal(kind('{"user":{"id":1},"id":9007199254740993}'), "tweet 9007199254740993");
  assert.equal(kind('{"delete":{"status":{"id":1,"user_id":2}}}'), "delete");
  assert.equal(
    kind('{"disconnect":{"code":"7","reason":"admin logout"}}'),
    "ends: admin logout (7)",
  );
  assert.equal(kind('{"brand_new":1}'), "brand_new");
  for (const damaged of ['{"id":1,', "[1]", '"text"', "<html>"]) {
    assert.throws(() => kind(damaged), SyntaxError);
  }
  const recorded = await twitterData("v1", "stream-messages.jsonl");
  for (const line of recorded?.split("\n").filter(Boolean) ?? []) {
    assert.doesNotMatch(kind(line), /^tweet/, line);
  }
});
