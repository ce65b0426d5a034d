import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess, type Place, tweetsOf, until } from "./program.ts";

/** A world of ten users, one of each state among them, and a file with all of their ids. */
async function withIds(place: Place): Promise<{ open: string[]; gone: Record<string, string> }> {
  const { world } = place.sandbox;
  const states = ["protected", "suspended", "gone"] as const;
  const open: string[] = [];
  const gone: Record<string, string> = {};
  for (const [n, user] of [...world.users.values()].entries()) {
    const state = states[n];
    if (state) user.state = state;
    for (const status of world.timeline(user.id, { count: 1_000 })) {
      if (!state) open.push(`${status.id}`);
      else gone[`${status.id}`] = state === "gone" ? "not_found" : state;
    }
  }
  gone["42"] = "not_found";
  await Deno.writeTextFile(
    place.path("ids.txt"),
    `\ufeff${[...open, ...Object.keys(gone), ...open.slice(0, 3)].join("\r\n")}\r\n`,
  );
  await place.writeJson("keys.json", place.sandbox.keys);
  await Deno.writeTextFile(
    place.path(".twarc"),
    `[main]\n${
      Object.entries(place.sandbox.keys).map(([name, key]) => `${name} = ${key}`).join("\n")
    }\n`,
  );
  return { open, gone };
}

const small = { world: World.create({ clock: systemClock, users: 8, tweetsPerUser: 30 }) };
const world = () => ({ world: World.create({ clock: systemClock, users: 8, tweetsPerUser: 30 }) });

function idsOfAnswers(lines: string[]): string[] {
  return lines.flatMap((line) => JSON.parse(line).data.map((tweet: { id: string }) => tweet.id));
}

async function missingOf(place: Place, id: string): Promise<Record<string, string>> {
  const missing: Record<string, string> = {};
  for (const folder of await place.harvests(id)) {
    const text = await Deno.readTextFile(`${folder}/missing.jsonl`).catch(() => "");
    for (const line of text.split("\n").filter(Boolean)) {
      const { id, why } = JSON.parse(line);
      assert.ok(!(id in missing), `${id} is told twice`);
      missing[id] = why;
    }
  }
  return missing;
}

Deno.test("hydrate collects every id that is to be had, and accounts for every other one", () =>
  inOneProcess(async (place) => {
    const { open, gone } = await withIds(place);
    const hydrate = ["collection", "hydrate", "ids.txt", "--yes", "--wait"];
    const out = await place.ok(...hydrate, "--tweets-per-file", "60");
    assert.match(
      out,
      /^Collection added\.\nStarted\nids: complete\. 150 tweets, 3 files.*91 not available/,
    );
    assert.match(out, /^Ids that are not available: 30 suspended \(see missing\.jsonl\)$/m);
    assert.deepEqual(idsOfAnswers(await place.tweets("ids")).toSorted(), open.toSorted());
    const { ids, ids_done } = JSON.parse(await place.ok("harvest", "last", "ids", "--json"));
    assert.deepEqual([ids, ids_done], [241, 241]);
    assert.deepEqual(await missingOf(place, "ids"), gone);
    const last = JSON.parse(await place.ok("harvest", "last", "ids", "--json"));
    assert.deepEqual(last.missing, { protected: 30, suspended: 30, not_found: 31 });
    assert.equal(last.billed.posts, place.sandbox.ledger.totalBilled.posts);
    const told = await place.ok("harvest", "last", "ids");
    assert.match(told, /not available: 30 suspended \(see missing\.jsonl\)/);

    const asked = place.sandbox.requests.length;
    assert.match(
      await place.ok("collection", "hydrate", "ids.txt", "--wait"),
      /^Started\nids: complete\. 0 tweets/,
    );
    assert.equal(place.sandbox.requests.length, asked, "What was asked for is not asked for again");
    const dehydrated = await place.ok("collection", "dehydrate", "ids");
    assert.deepEqual(dehydrated.trimEnd().split("\n").toSorted(), open.toSorted());
  }, world()));

Deno.test("a hydration that was stopped, and one that was killed, goes on, and asks for no id twice", () =>
  inOneProcess(async (place) => {
    const { open, gone } = await withIds(place);
    const stalled = { kind: "stall", path: "/2/tweets", after: 1 } as const;
    place.sandbox.troubles.add(stalled);
    await place.ok("collection", "hydrate", "ids.txt", "--yes");
    await until(() => Promise.resolve(place.sandbox.requests.length === 2));
    await place.ok("collection", "stop", "--now", "ids");
    place.sandbox.troubles.add(stalled);
    const harvest = place.spawn(["harvest", "run", "--shutdown", "--flush-secs", "1", "ids"]);
    await until(async () => {
      const folder = (await place.harvests("ids"))[1];
      return folder && place.sandbox.requests.length === 4 &&
        await Deno.stat(`${folder}/manifest-sha1.txt`).catch(() => null);
    });
    await place.kill(harvest, "ids");
    await place.harvest("ids");
    assert.deepEqual(
      idsOfAnswers(await place.tweets("ids")).toSorted(),
      open.toSorted(),
    );
    assert.deepEqual(await missingOf(place, "ids"), gone);
    const asked = place.sandbox.requests.filter(({ status }) => status === 200);
    assert.equal(asked.length, 5, "Three calls, and the two that stalled once more");
  }, world()));

Deno.test("a budget ends a hydration before it is passed, and a higher one goes on", () =>
  inOneProcess(async (place) => {
    const { open } = await withIds(place);
    await Deno.writeTextFile(place.path("ids.txt"), open.join("\n"));
    await place.add({
      id: "ids",
      api: "2",
      type: "hydrate",
      hydrate: { ids: open.length },
      budget: { posts: 120, per: "month" },
    });
    await Deno.writeTextFile(
      place.path("twarc-cloud-data", "collections", "ids", "ids.txt"),
      open.toSorted().join("\n"),
    );
    const out = await place.ok("collection", "once", "ids", "--wait");
    assert.match(out, /stopped\. 120 tweets/);
    assert.equal(place.sandbox.ledger.totalBilled.posts, 120);
    await place.ok("collection-config", "download", "ids");
    const config = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    await place.writeJson("collection.json", { ...config, budget: undefined });
    await place.ok("collection-config", "update");
    assert.match(await place.ok("collection", "once", "ids", "--wait"), /complete\. 30 tweets/);
    const folders = await place.harvests("ids");
    const lines = (await Promise.all(folders.map((folder) => tweetsOf(folder)))).flat();
    assert.deepEqual(idsOfAnswers(lines).toSorted(), open.toSorted());
  }, world()));

Deno.test("what costs more than cents is asked for, and nothing is left behind where nobody answers", () =>
  inOneProcess(async (place) => {
    await withIds(place);
    const { code, err } = await place.run("collection", "hydrate", "ids.txt");
    assert.equal(code, 1);
    assert.match(err, /241 ids cost at most .*1\.2.*Continue with --yes\./);
    assert.equal(await Deno.stat(place.path("twarc-cloud-data")).catch(() => null), null);
  }, small));

for (
  const [what, line, says] of [
    ["a rounded id", "1.23457E+18", /"1\.23457E\+18" is an id that a spreadsheet has rounded/],
    ["a word", "hello", /bad\.txt, line 2: "hello" is not an id/],
    ["an id beyond 64 bits", "99999999999999999999", /has too many digits/],
    ["an id of next year", "9000000000000000000", /its time is in the future/],
  ] as const
) {
  Deno.test(`${what} in the file is told, and nothing is made of it`, () =>
    inOneProcess(async (place) => {
      await Deno.writeTextFile(place.path("bad.txt"), `12\n${line}\n`);
      const { code, err } = await place.run("collection", "hydrate", "bad.txt", "--strict");
      assert.equal(code, 1);
      assert.match(err, says);
      assert.match(err, /\nError: 1 line of 2 was left out.* Nothing was collected\./);
      assert.equal(await Deno.stat(place.path("twarc-cloud-data")).catch(() => null), null);
    }, small));
}

Deno.test("a bad line in a table of ids is left out, and the other tweets are collected", () =>
  inOneProcess(async (place) => {
    const { open } = await withIds(place);
    const rows = open.slice(0, 5).map((id, i) => `"a text, ${i}",${id}`);
    await Deno.writeTextFile(
      place.path("t.csv"),
      ["text,tweet_id", ...rows, "x,1.2E+18", ""].join("\r\n"),
    );
    const { code, out, err } = await place.run("collection", "hydrate", "t.csv", "--yes", "--wait");
    assert.equal(code, 1);
    assert.match(out, /t: complete\. 5 tweets/);
    assert.match(err, /t\.csv, line 7: "1\.2E\+18"[^]*Error: 1 line of 6 was left out/);
  }, world()));

Deno.test("addresses of tweets do as well, and other ids under a name that is taken are refused", () =>
  inOneProcess(async (place) => {
    const { open } = await withIds(place);
    const [one = "", two = ""] = open;
    await Deno.writeTextFile(
      place.path("few.txt"),
      `https://x.com/a/status/${one}?s=20\n"${two}"\n`,
    );
    await place.ok("collection", "hydrate", "few.txt", "--id", "few", "--wait");
    assert.deepEqual(idsOfAnswers(await place.tweets("few")).toSorted(), [one, two].toSorted());
    await Deno.writeTextFile(place.path("few.txt"), `${one}\n`);
    const { code, err } = await place.run("collection", "hydrate", "few.txt");
    assert.equal(code, 1);
    assert.match(err, /Collection few already exists in/);
    const ids = await Deno.readTextFile(
      place.path("twarc-cloud-data", "collections", "few", "ids.txt"),
    );
    assert.equal(ids.trimEnd().split("\n").length, 2);
  }, world()));
