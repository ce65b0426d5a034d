import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { World } from "../../../lib/sandbox/world.ts";
import { errorSentence, LockedError } from "../../../lib/base/errors.ts";
import { startStream } from "../../../lib/cli/collection/attach.ts";
import type { HarvestInfo } from "../../../lib/collection/harvest_info.ts";
import type { Runner, Started } from "../../../lib/runner/runner.ts";
import { inOneProcess, type Place, until } from "../../e2e/program.ts";
import { contextWith } from "../../fakes/context.ts";
import { recording } from "../../runner/scheduling.ts";

const INFO: HarvestInfo = {
  collection_id: "live",
  harvest_timestamp: "2026-01-02T03:04:05.000Z",
  tweets: 7,
  files: 1,
  file_bytes: 100,
  state: "harvesting",
};

const world = () => World.create({ clock: systemClock, users: 1, tweetsPerUser: 150 });

/** A search that waits for its rate limit after the first page. */
async function harvesting(place: Place): Promise<void> {
  await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
  await place.ok("collection", "once", "find");
  await until(async () => (await place.running("find")).tweets === 100);
}

/** A command that follows, and what it has printed so far. */
function following(place: Place, ...args: string[]) {
  const child = place.spawn(args);
  let said = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) said += text;
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  return {
    child,
    said: () => said,
    ended: async () => {
      const { code } = await child.status;
      await reading;
      return code;
    },
  };
}

Deno.test("a harvest that another command started is followed to its end, with its outcome, by either command", () =>
  inOneProcess(async (place) => {
    await harvesting(place);
    const busy = await place.run("collection", "once", "find");
    assert.equal(busy.code, 1);
    assert.match(
      busy.err,
      /find is being harvested by .* since \S+: 100 tweets, .*running --follow find\n$/,
    );
    assert.doesNotMatch(busy.err, /unlock/);

    const followers = [
      following(place, "harvest", "running", "find", "--follow"),
      following(place, "collection", "once", "find", "--wait"),
    ];
    for (const { said } of followers) {
      await until(() => Promise.resolve(/find: .*100 tweets/.test(said())));
    }
    assert.match(
      followers[1]?.said() ?? "",
      /find is already being harvested, since \S+: attached to/,
    );
    await place.ok("collection", "stop", "--now", "find");
    for (const { said, ended } of followers) {
      assert.equal(await ended(), 3, said());
      // Of standard output and standard error whichever comes first.
      for (
        const part of [
          /^find: stopped\. 100 tweets/m,
          /^Files are in /m,
          /^Error: .* stopped before it was done/m,
        ]
      ) assert.match(said(), part);
    }
  }, { world: world(), limit: 1 }));

Deno.test("a followed harvest whose harvester is gone ends the following with that, and one that is left goes on", () =>
  inOneProcess(async (place) => {
    await harvesting(place);
    const left = following(place, "harvest", "running", "find", "--follow");
    await until(() => Promise.resolve(left.said().includes("100 tweets")));
    left.child.kill("SIGINT");
    assert.equal(await left.ended(), 130);
    assert.match(
      left.said(),
      /The harvest continues\. Stop it with: twarc-cloud collection stop --now find/,
    );

    const follower = following(place, "harvest", "running", "find", "--follow");
    await until(() => Promise.resolve(follower.said().includes("100 tweets")));
    const lock = JSON.parse(
      await Deno.readTextFile(
        place.path("twarc-cloud-data", "collections", "find", "lock.json"),
      ),
    );
    Deno.kill(lock.pid, "SIGKILL");
    assert.equal(await follower.ended(), 3, follower.said());
    assert.match(follower.said(), /The harvester of find has gone before .*harvest logs find\n$/);
  }, { world: world(), limit: 1 }));

Deno.test("who leaves a stream that is followed is told the command that ends a stream", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "live", type: "filter", filter: { track: "sandbox" } });
    await place.ok("collection", "filter-start", "live");
    const left = following(place, "harvest", "running", "live", "--follow");
    await until(() => Promise.resolve(left.said().includes("live: ")));
    left.child.kill("SIGINT");
    assert.equal(await left.ended(), 130);
    assert.match(
      left.said(),
      /The harvest continues\. Stop it with: twarc-cloud collection filter-stop live\n$/,
    );
    await place.ok("collection", "filter-stop", "live");
  }, { world: world() }));

Deno.test("who joins a harvest that runs already is neither asked what it costs, nor is that counted", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", api: "2", search: { query: "sandbox" } });
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nask_above = 0.1\n");
    await place.ok("collection", "once", "find", "--yes");
    await until(async () => (await place.running("find")).tweets === 100);
    const refused = await place.run("collection", "once", "find");
    assert.match(refused.err, /^Error: Collection find is being harvested by /);
    const follower = following(place, "collection", "once", "find", "--wait");
    await until(() => Promise.resolve(/find: .*100 tweets/.test(follower.said())));
    await place.ok("collection", "stop", "--now", "find");
    assert.equal(await follower.ended(), 3, follower.said());
    const counted = place.sandbox.requests.filter(({ path }) => path.includes("counts"));
    assert.deepEqual(counted, []);
  }, { world: world(), limit: 1 }));

Deno.test("a harvest that fails shows who follows it what came and where, and who has to act: the one who started it and the one who joined", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    place.sandbox.troubles.add({ kind: "401", path: "search", after: 1, times: 1_000 });
    const starter = following(
      place,
      "collection",
      "once",
      "find",
      "--wait",
      "--patience-secs",
      "8",
    );
    await until(() => Promise.resolve(/find: 100 tweets/.test(starter.said())));
    const joined = following(place, "harvest", "running", "find", "--follow");
    const came = /find: failed\. 100 tweets[^]*Files are in [^]*\nError: /;
    for (const { ended, said } of [starter, joined]) {
      assert.equal(await ended(), 1, said());
      assert.match(said(), came);
    }
    assert.match(starter.said(), /401: .*collection keys find/);
    assert.match(
      joined.said(),
      /401: .*`twarc-cloud harvest logs find`\. What was collected is safe/,
    );
  }, { world: world() }));

Deno.test("of those who start a harvest at the same moment one does, and the others follow it", () =>
  inOneProcess(async (place) => {
    await place.add({ id: "find", type: "search", search: { query: "sandbox" } });
    const all = [1, 2, 3].map(() => following(place, "collection", "once", "find", "--wait"));
    for (const { said } of all) await until(() => Promise.resolve(/find: .*100 tw/.test(said())));
    await place.ok("collection", "stop", "--now", "find");
    for (const { said, ended } of all) assert.equal(await ended(), 3, said());
    const started = all.filter(({ said }) => /^Started$/m.test(said()));
    const attached = all.filter(({ said }) => /^find is already being harvested, /m.test(said()));
    assert.deepEqual([started.length, attached.length], [1, 2]);
    for (const { said } of all) assert.match(said(), /^find: stopped\. 100 tweets/m);
  }, { world: world(), limit: 1 }));

Deno.test("a start that comes a moment after another says what runs, in full, and where that has ended begins again", async () => {
  const message =
    "Collection live is being harvested by here (process 7) since 2026-01-02T03:04:05.000Z. " +
    "Follow it with: twarc-cloud harvest running --follow live.";
  const job = { collectionId: "live", flags: {} };
  let starts = 0;
  const lost: Started = {
    collectionId: "live",
    bucket: "b",
    status: "RUNNING",
    outcome: () => Promise.resolve(starts === 2 ? null : { exitCode: 1, message }),
  };
  const start = () => Promise.resolve({ ...lost, n: ++starts });
  const busy: Runner = { ...recording([]), start, info: () => Promise.resolve(INFO) };
  const failure = await startStream(busy, job, contextWith({})).then(() => null, (e) => e);
  assert.ok(failure instanceof LockedError);
  assert.equal(
    errorSentence(failure),
    "Collection live is being harvested by here (process 7) since 2026-01-02T03:04:05.000Z: " +
      "7 tweets, 1 file (100B). Follow it with: twarc-cloud harvest running --follow live",
  );
  assert.equal(starts, 1);
  const open = { ...INFO, streaming: true };
  const looks = [null, open];
  const free: Runner = { ...busy, info: () => Promise.resolve(looks.shift() ?? open) };
  assert.equal(await startStream(free, job, contextWith({})), null);
  assert.equal(starts, 2);
});
