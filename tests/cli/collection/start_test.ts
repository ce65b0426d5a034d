import assert from "node:assert/strict";
import type { Context } from "../../../lib/cli/context.ts";
import { stopHarvest, untilBegun } from "../../../lib/cli/collection/start.ts";
import { OutsideError, UserError } from "../../../lib/base/errors.ts";
import type { Outcome, Runner, Started } from "../../../lib/runner/runner.ts";
import { contextWith, pipedOutput } from "../../fakes/context.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";
import { QuickClock } from "../../fakes/quick_clock.ts";

/** A context without a terminal, and what is said in it. */
function contextOf({ clock, signal }: Pick<Context, "clock" | "signal">) {
  const said: string[] = [];
  const output = pipedOutput((text) => said.push(text));
  return { context: contextWith({ output, clock, signal }), said };
}

/** Waits for a harvest of which each look finds the next of these; the last one stays. */
async function waited(
  { outcomes = [null], awaits = [null], ...more }: {
    outcomes?: (Outcome | null)[];
    awaits?: (string | null)[];
    withdraw?: () => Promise<void>;
    signal?: AbortSignal;
  },
) {
  const clock = new QuickClock();
  const { signal = new AbortController().signal, withdraw } = more;
  const { context, said } = contextOf({ clock, signal });
  const next = <T>(list: T[]) => () => {
    const [first] = list;
    assert.ok(first !== undefined);
    if (list.length > 1) list.shift();
    return Promise.resolve(first);
  };
  const started: Started = {
    collectionId: "find",
    bucket: "tweets",
    status: "PENDING",
    outcome: next(outcomes),
    awaitedStep: next(awaits),
    ...(withdraw ? { withdraw } : {}),
  };
  const failure = await untilBegun(started, { pace: 5_000 }, context).then(() => null, (e) => e);
  return { failure, said: said.join(""), slept: clock.slept };
}

Deno.test("it has begun when the harvester has the lease, and until then it is shown what is awaited", async () => {
  const { failure, said, slept } = await waited({
    awaits: ["its task is PROVISIONING", "its task is PENDING", null],
  });
  assert.equal(failure, null);
  assert.match(said, /^find: its task is PROVISIONING\n/);
  assert.deepEqual(slept, [1_000, 1_000]);
});

Deno.test("a harvest that has ended well between two looks had begun", async () => {
  const { failure } = await waited({
    outcomes: [null, { exitCode: 0 }],
    awaits: ["its task is RUNNING"],
  });
  assert.equal(failure, null);
});

Deno.test("what fails as it begins is taken back, and fails with its reason, also where that cannot be done", async () => {
  const outcomes = [null, { exitCode: 3, message: "The task could not start: no image" }];
  let taken = 0;
  const withdraw = () => Promise.resolve(void taken++);
  const { failure } = await waited({ outcomes: [...outcomes], awaits: ["it"], withdraw });
  assert.ok(failure instanceof OutsideError);
  assert.equal(failure.message, "The task could not start: no image");
  assert.equal(taken, 1);
  const refusal = () => Promise.reject(new UserError("AWS does not allow it"));
  const left = await waited({ outcomes: [...outcomes], awaits: ["it"], withdraw: refusal });
  assert.equal(left.failure.message, "The task could not start: no image");
  assert.match(left.said, /could not be stopped: AWS does not allow it/);
});

Deno.test("keys that are refused are the person's to change", async () => {
  const { failure } = await waited({ outcomes: [{ exitCode: 1, message: "Bad keys" }] });
  assert.ok(failure instanceof UserError);
});

Deno.test("what does not begin within a quarter of an hour fails with what is awaited, and goes on trying", async () => {
  const withdraw = () => assert.fail("It may begin yet");
  const { failure, slept } = await waited({
    awaits: ["it has no task yet: no capacity"],
    withdraw,
  });
  assert.ok(failure instanceof OutsideError);
  assert.match(failure.message, /has not begun after 15 minutes: it has no task yet: no capacity$/);
  assert.match(failure.hint ?? "", /collection filter-stop find/);
  assert.ok(slept.length <= 902);
});

Deno.test("who goes first is shown how to stop what goes on starting", async () => {
  const { failure, said } = await waited({ awaits: ["it"], signal: AbortSignal.abort("gone") });
  assert.equal(failure, "gone");
  assert.match(
    said,
    /It keeps starting\. Stop it with: twarc-cloud collection stop --now find\n$/,
  );
});

Deno.test("a stop that takes more than a second says what it waits for and since when, also while no answer comes", async () => {
  const clock = new ManualClock();
  const { context, said } = contextOf({ clock, signal: new AbortController().signal });
  let say: ((awaited: string) => void) | undefined;
  const stopped = Promise.withResolvers<void>();
  const stop: Runner["stop"] = (_, options) => {
    say = options?.say;
    return stopped.promise;
  };
  const stopping = stopHarvest({ stop, info: () => Promise.resolve(null) }, "find", context);
  await clock.advance(2_000);
  const first = "find: waiting since 2026-01-02T03:04:05.000Z for its harvester to be found\n";
  assert.deepEqual(said, [first]);
  say?.("its task to end");
  // Without a terminal a line comes every ten seconds at most, by the system's clock.
  stopped.resolve();
  await stopping;
  assert.equal(clock.sleepers, 0);
});

Deno.test("who leaves a stop is told that it may go on, and how to wait for its end", async () => {
  const left = new AbortController();
  const clock = new ManualClock();
  const { context, said } = contextOf({ clock, signal: left.signal });
  const stop: Runner["stop"] = (_, options) =>
    new Promise((_, reject) => {
      options?.signal?.addEventListener("abort", () => reject(options.signal?.reason));
    });
  const stopping = stopHarvest({ stop, info: () => Promise.resolve(null) }, "find", context);
  await clock.advance(1_000);
  left.abort("gone");
  assert.equal(await stopping.then(() => null, (error) => error), "gone");
  assert.equal(said.at(-1), "find may still be stopping: the same command waits for its end.\n");
});
