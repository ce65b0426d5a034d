import assert from "node:assert/strict";
import { ApiError, LockedError, UserError } from "../../../lib/base/errors.ts";
import { type Sandbox, type SandboxOptions, startSandbox } from "../../../lib/sandbox/server.ts";
import type { TroubleKind } from "../../../lib/sandbox/trouble.ts";
import { Signer } from "../../../lib/twitter/http/signer.ts";
import { Transport } from "../../../lib/twitter/http/transport.ts";
import { logged } from "../../fakes/logged.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { collectGarbage } from "../../fakes/garbage.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

const never = new AbortController().signal;
const decoder = new TextDecoder();
const SEARCH = {
  method: "GET",
  path: "1.1/search/tweets.json",
  parameters: { q: "sandbox" },
} as const;

const ALL = { ...SEARCH, isAboutAll: true } as const;
const HOUR = 3_600_000;

async function withApi(
  use: (api: { sandbox: Sandbox; transport: Transport; clock: QuickClock }) => Promise<void>,
  { answerTimeout, patienceMs, ...options }: SandboxOptions & {
    answerTimeout?: number;
    patienceMs?: number;
  } = {},
): Promise<void> {
  const sandbox = startSandbox(options);
  const clock = new QuickClock();
  const signer = new Signer(sandbox.keys, sandbox.url);
  try {
    const transport = new Transport({ signer, clock, answerTimeout, patienceMs });
    await use({ sandbox, clock, transport });
  } finally {
    await sandbox.close();
  }
}

function statuses(answer: Uint8Array): number {
  return JSON.parse(decoder.decode(answer)).statuses.length;
}

Deno.test("every character of a parameter is signed as the API reads it, in queries and in forms", () =>
  withApi(async ({ transport }) => {
    const odd = 'a*b\'()!~ç🎉+%&= "x" #tag/?';
    const query = { ...SEARCH, parameters: { q: odd } };
    assert.equal(await transport.ask(query, statuses, never), 0);
    const form = {
      method: "POST",
      path: "1.1/users/lookup.json",
      parameters: { screen_name: `ada_quill_0,${odd}` },
    } as const;
    assert.match(
      await transport.ask(form, (answer) => decoder.decode(answer), never),
      /ada_quill_0/,
    );
  }));

Deno.test("a bearer token is taken in place of four keys", () =>
  withApi(async ({ sandbox, clock }) => {
    const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
    assert.equal(await new Transport({ signer, clock }).ask(SEARCH, statuses, never), 15);
  }));

Deno.test("keys that are not complete sign nothing", () => {
  assert.throws(() => new Signer({ consumer_key: "a" }), UserError);
});

for (
  const [kind, waits] of [
    ["500", [5_000, 10_000]],
    ["503", [5_000, 10_000]],
    ["html", [5_000, 10_000]],
    ["garbage", [5_000, 10_000]],
    ["truncate", [5_000, 10_000]],
    ["cut", [1_000, 2_000]],
    ["stall", [1_000, 2_000]],
    ["420", [60_000, 120_000]],
    ["429-bare", [60_000, 120_000]],
    ["429-pace", [2_000, 4_000]],
  ] satisfies [TroubleKind, number[]][]
) {
  Deno.test(`after ${kind} it is asked again, later each time`, () =>
    withApi(async ({ sandbox, transport, clock }) => {
      sandbox.troubles.add({ kind, path: "search", times: 2 });
      assert.equal(await transport.ask(SEARCH, statuses, never), 15);
      // A slow machine may need more tries where an answer is given up.
      const slept = kind === "stall" ? clock.slept.slice(0, waits.length) : clock.slept;
      assert.deepEqual(slept, waits);
    }, kind === "stall" ? { answerTimeout: 300 } : {}));
}

Deno.test("a used up rate limit is waited for, as its headers say", () =>
  withApi(async ({ transport, clock, sandbox }) => {
    for (let i = 0; i < 5; i++) assert.equal(await transport.ask(SEARCH, statuses, never), 15);
    assert.ok(clock.slept.length >= 2);
    assert.ok(clock.slept.every((ms) => ms >= 9_990 && ms <= 901_000), `${clock.slept}`);
    assert.ok(
      sandbox.requests.every((request) => request.status === 200 || request.status === 429),
    );
  }, { limit: 2, windowMs: 1_000 }));

Deno.test("a 429 with its headers is not counted as a failure", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    sandbox.troubles.add({ kind: "429", path: "search", times: 15 });
    assert.equal(await transport.ask(SEARCH, statuses, never), 15);
    assert.equal(clock.slept.length, 15);
  }));

Deno.test("after ten failures in a row it is told, with what to do", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    sandbox.troubles.add({ kind: "503", path: "search", times: 100 });
    await assert.rejects(transport.ask(SEARCH, statuses, never), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 503);
      assert.match(error.message, /10 times in a row/);
      assert.match(error.hint ?? "", /Start the harvest again/);
      return true;
    });
    assert.equal(clock.slept.length, 9);
  }));

Deno.test("a 429 with requests remaining is not waited for as a window is, nor for ever", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    sandbox.troubles.add({ kind: "429-pace", path: "search", times: 100 });
    await assert.rejects(transport.ask(SEARCH, statuses, never), (error) => {
      assert.ok(error instanceof ApiError);
      assert.equal(error.status, 429);
      assert.match(error.hint ?? "", /a cap may be used up/);
      return true;
    });
    assert.deepEqual(clock.slept.slice(0, 3), [2_000, 4_000, 8_000]);
    assert.ok(clock.slept.length === 9 && Math.max(...clock.slept) === 60_000);
  }));

for (
  const [kind, hint] of [
    ["cap", /next month/],
    ["credits", /Buy credits/],
    ["spend-cap", /Raise the spending limit/],
  ] satisfies [TroubleKind, RegExp][]
) {
  Deno.test(`${kind} ends it at once, with what to do`, () =>
    withApi(async ({ sandbox, transport, clock }) => {
      sandbox.troubles.add({ kind, path: "search" });
      await assert.rejects(transport.ask(SEARCH, statuses, never), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.hint ?? "", hint);
        return true;
      });
      assert.deepEqual([clock.slept, sandbox.requests.length], [[], 1]);
    }));
}

Deno.test("an answer that asking again does not change is told at once", () =>
  withApi(async ({ transport, clock }) => {
    const missing = { ...SEARCH, path: "1.1/users/show.json", parameters: { user_id: "1" } };
    await assert.rejects(transport.ask(missing, statuses, never), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.code], [404, 50]);
      return true;
    });
    assert.deepEqual(clock.slept, []);
  }));

/** A search before a server of which a test has the answer in its hands; `asked` resolves when it was asked. */
async function asking(
  use: (place: {
    clock: ManualClock;
    stop: AbortController;
    asked: Promise<void>;
    answer: (response: Response) => void;
    found: Promise<number>;
  }) => Promise<void>,
): Promise<void> {
  const asked = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<Response>();
  const ending = new AbortController();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, signal: ending.signal },
    () => {
      asked.resolve();
      return answer.promise;
    },
  );
  const clock = new ManualClock();
  const stop = new AbortController();
  const signer = new Signer(
    { bearer_token: "b" },
    new URL(`http://127.0.0.1:${server.addr.port}/`),
  );
  const found = new Transport({ signer, clock }).ask(SEARCH, statuses, stop.signal);
  found.catch(() => {});
  try {
    await use({ clock, stop, asked: asked.promise, answer: answer.resolve, found });
  } finally {
    answer.resolve(new Response());
    ending.abort();
    await server.finished;
  }
}

Deno.test("an answer that is on its way at a stop is taken, as it may be paid for", () =>
  asking(async ({ clock, stop, asked, answer, found }) => {
    await asked;
    stop.abort();
    await clock.advance(4_999);
    answer(Response.json({ statuses: [{ id: 1 }] }));
    assert.equal(await found, 1);
  }));

Deno.test("an answer that does not come within five seconds of a stop is given up, and not asked for again", () =>
  asking(async ({ clock, stop, asked, found }) => {
    await asked;
    stop.abort();
    await clock.advance(5_000);
    await assert.rejects(found, (error) => error === stop.signal.reason);
  }));

Deno.test("a failure after a stop is not tried again", () =>
  asking(async ({ stop, asked, answer, found }) => {
    await asked;
    stop.abort();
    answer(new Response("", { status: 503 }));
    await assert.rejects(found, (error) => error === stop.signal.reason);
  }));

Deno.test("a stop for a reason, as where the lease is lost, ends a request that is under way at once", () =>
  asking(async ({ stop, asked, found }) => {
    await asked;
    stop.abort(new LockedError("Somebody else took it"));
    await assert.rejects(found, LockedError);
  }));

Deno.test("what changes something is sent once, whatever its answer looks like", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    const json = { add: [{ value: "marmots" }] };
    const request = {
      method: "POST",
      path: "2/tweets/search/stream/rules",
      parameters: {},
      json,
    } as const;
    const read = () => {
      throw new SyntaxError("odd");
    };
    const signer = new Signer({ bearer_token: sandbox.bearer }, sandbox.url);
    const asApp = new Transport({ signer, clock });
    await assert.rejects(
      asApp.ask(request, read, never),
      (error) =>
        error instanceof ApiError && error.status === 200 && /damaged: odd/.test(error.message),
    );
    assert.equal(sandbox.filtered.rules.all.length, 1);
    assert.equal(sandbox.requests.length, 1);
    assert.ok(transport);
  }));

for (const kind of ["401", "403", "404", "blocked", "503", "cut"] as const) {
  Deno.test(`most of an hour of ${kind} in the middle of a search is waited out`, () =>
    withApi(async ({ sandbox, transport, clock }) => {
      await transport.ask(ALL, statuses, never);
      const times = kind === "cut" ? 60 : 16;
      // After a 401 the app asks for another token, and once more.
      sandbox.troubles.add({ kind, path: "search", times: kind === "401" ? 2 * times : times });
      assert.equal(await transport.ask(ALL, statuses, never), 15);
      assert.equal(clock.slept.length, times);
    }, { patienceMs: HOUR }));
}

Deno.test("a search that is refused for longer than patience ends with what to do", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    await transport.ask(ALL, statuses, never);
    sandbox.troubles.add({ kind: "401", path: "search", times: 1_000 });
    await assert.rejects(
      transport.ask(ALL, statuses, never),
      (error) => error instanceof UserError && /Check the keys/.test(error.hint ?? ""),
    );
    const waited = clock.slept.reduce((all, ms) => all + ms, 0);
    assert.ok(waited >= HOUR && waited < HOUR + 320_000, `${waited}`);
  }, { patienceMs: HOUR }));

Deno.test("keys and networks that never worked are not waited for", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    for (const kind of ["401", "403", "404"] as const) {
      sandbox.troubles.add({ kind, path: "search", times: 1_000 });
      await assert.rejects(transport.ask(ALL, statuses, never));
      sandbox.troubles.clear();
    }
    assert.deepEqual(clock.slept, []);
    sandbox.troubles.add({ kind: "cut", path: "search", times: 1_000 });
    await assert.rejects(transport.ask(ALL, statuses, never), /10 times in a row/);
  }, { patienceMs: HOUR }));

Deno.test("what is about one of many is tried no longer than before, however long patience is", () =>
  withApi(async ({ sandbox, transport, clock }) => {
    await transport.ask(ALL, statuses, never);
    sandbox.troubles.add({ kind: "503", path: "search", times: 1_000 });
    await assert.rejects(
      transport.ask({ ...SEARCH, tries: 5 }, statuses, never),
      /5 times in a row/,
    );
    assert.equal(clock.slept.length, 4);
  }, { patienceMs: HOUR }));

Deno.test("what is tried once only is not said to have failed so many times in a row", () =>
  withApi(async ({ sandbox, transport }) => {
    sandbox.troubles.add({ kind: "503", path: "search" });
    await assert.rejects(transport.ask({ ...SEARCH, tries: 1 }, statuses, never), /headers$/);
  }));

Deno.test("where the requests of 24 hours are used up, it is waited until their reset, and said until when", async () => {
  let slept: number[] = [];
  const said = await logged(() =>
    withApi(async ({ sandbox, transport, clock }) => {
      sandbox.troubles.add({ kind: "429-day", path: "search" });
      assert.equal(await transport.ask(SEARCH, statuses, never), 15);
      slept = clock.slept;
    })
  );
  const [ms = 0, ...more] = slept;
  // Six hours after the window of 15 minutes.
  assert.ok(ms > 6 * HOUR && ms < 6.5 * HOUR && more.length === 0, `${slept}`);
  assert.match(said, /requests of 24 hours of GET .* are used up: waiting until \d{4}-/);
});

Deno.test("nothing is left of a request that was answered: its signals are let go of", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ statuses: [] }),
  );
  const url = new URL(`http://127.0.0.1:${server.addr.port}`);
  const signer = new Signer({ bearer_token: "b" }, url);
  const transport = new Transport({ signer, clock: new QuickClock() });
  const signals: WeakRef<AbortSignal>[] = [];
  const { fetch, AbortSignal: { timeout } } = globalThis;
  globalThis.fetch = (input, init) => {
    if (init?.signal) signals.push(new WeakRef(init.signal));
    return fetch(input, init);
  };
  // One of these is held by its timer, whoever has let go of it.
  AbortSignal.timeout = (ms) => {
    const signal = timeout.call(AbortSignal, ms);
    signals.push(new WeakRef(signal));
    return signal;
  };
  try {
    for (let i = 0; i < 300; i++) await transport.ask(SEARCH, statuses, never);
  } finally {
    globalThis.fetch = fetch;
    AbortSignal.timeout = timeout;
  }
  assert.ok(signals.length >= 300);
  let kept = signals.length;
  for (let tries = 0; tries < 20 && kept > 100; tries++) {
    await collectGarbage();
    kept = signals.filter((ref) => ref.deref()).length;
  }
  assert.ok(kept <= 100, `${kept} of ${signals.length} signals were kept`);
});

Deno.test("why the API did not answer is in the line, not that fetch failed", async () => {
  const clock = new QuickClock();
  const signer = new Signer({ bearer_token: "b" }, new URL("http://nobody.invalid"));
  await assert.rejects(new Transport({ signer, clock }).ask(SEARCH, statuses, never), (error) => {
    assert.ok(error instanceof ApiError);
    assert.match(
      error.message,
      /did not answer 1\.1\/search\/tweets\.json: the name nobody\.invalid is not found/,
    );
    assert.doesNotMatch(error.message, /fetch failed/);
    return true;
  });
});

Deno.test("the memory of an answer is given back once it is read, and what was copied of it stays", () =>
  withApi(async ({ transport }) => {
    let answer: Uint8Array = new Uint8Array();
    let copy: Uint8Array = new Uint8Array();
    await transport.ask(SEARCH, (bytes) => {
      [answer, copy] = [bytes, bytes.slice()];
    }, never);
    assert.equal(answer.length, 0);
    assert.ok(statuses(copy) > 0);
  }));
