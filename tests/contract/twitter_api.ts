/** What every version of the API does behind its port, run against the sandbox. */

import assert from "node:assert/strict";
import type { Clock } from "../../lib/base/clock.ts";
import { systemClock } from "../../lib/base/clock.ts";
import { type Sandbox, startSandbox } from "../../lib/sandbox/server.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { Page, PageAt, TwitterApi, UserAnswer } from "../../lib/twitter/api.ts";
import { QuickClock } from "../fakes/quick_clock.ts";

const never = new AbortController().signal;

/** A version of the API to run the tests on. */
export interface ApiVersion {
  name: string;
  open: (sandbox: Sandbox, clock: Clock) => Promise<TwitterApi>;
  /** The ids of the tweets in a page's lines, in their order. */
  idsIn: (page: Page) => string[];
  /** What a request to a timeline has in its path. */
  timelinePath: string;
  /** Tweets that a timeline's page holds. */
  timelinePage: number;
}

/** Registers the tests of the port for one version. */
export function twitterApiContract(
  { name, open, idsIn, timelinePath, timelinePage }: ApiVersion,
): void {
  const test = (title: string, use: (api: TwitterApi, sandbox: Sandbox) => Promise<void>) =>
    Deno.test(`${name}: ${title}`, async () => {
      const world = World.create({ clock: systemClock, users: 30, tweetsPerUser: 450 });
      const sandbox = startSandbox({ world });
      try {
        await use(await open(sandbox, new QuickClock()), sandbox);
      } finally {
        await sandbox.close();
      }
    });

  /** Every page from a place on. */
  async function pages(ask: (at: PageAt) => Promise<Page | string>, at: PageAt): Promise<Page[]> {
    const found: Page[] = [];
    for (let next = at;;) {
      const page = await ask(next);
      assert.ok(typeof page === "object", `${page}`);
      found.push(page);
      if (!page.next) return found;
      next = { ...at, next: page.next, untilId: page.oldestId ?? "" };
    }
  }

  function idsOf(sandbox: Sandbox, userId: string): string[] {
    return sandbox.world.timeline(userId, { count: 3_200 }).map((status) => `${status.id}`);
  }

  test(
    "a timeline is paged down to its end, newest first, each tweet once",
    async (api, sandbox) => {
      const [user = ""] = sandbox.world.users.keys();
      const found = await pages((at) => api.timeline(user, at, never), {});
      assert.deepEqual(found.flatMap(idsIn), idsOf(sandbox, user));
      assert.equal(found[0]?.count, timelinePage);
      for (const page of found.filter((page) => page.count > 0)) {
        assert.equal(page.count, idsIn(page).length);
        assert.equal(page.newestId, idsIn(page)[0]);
        assert.equal(page.oldestId, idsIn(page).at(-1));
      }
    },
  );

  test("only what is newer than since_id comes", async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    const all = idsOf(sandbox, user);
    const found = await pages((at) => api.timeline(user, at, never), { sinceId: all[243] ?? "" });
    assert.deepEqual(found.flatMap(idsIn), all.slice(0, 243));
    const nothing = await pages((at) => api.timeline(user, at, never), { sinceId: all[0] ?? "" });
    assert.deepEqual(nothing.map((page) => [page.count, page.lines.length]), [[0, 0]]);
  });

  test("what is there is left out, and pages of nothing else are no end", async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    const all = idsOf(sandbox, user);
    const there = new Set(all.slice(5, 405));
    const at = { isThere: (id: string) => there.has(id) };
    const found = await pages((more) => api.timeline(user, { ...more, ...at }, never), at);
    assert.deepEqual(found.flatMap(idsIn), [...all.slice(0, 5), ...all.slice(405)]);
    const name = sandbox.world.users.get(user)?.screenName;
    const search = await pages((more) => api.search(`from:${name}`, { ...more, ...at }, never), at);
    assert.deepEqual(search.flatMap(idsIn), [...all.slice(0, 5), ...all.slice(405)]);
  });

  test("a walk goes on from the oldest id where no token is known", async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    const all = idsOf(sandbox, user);
    const found = await pages((at) => api.timeline(user, at, never), { untilId: all[99] ?? "" });
    assert.deepEqual(found.flatMap(idsIn), all.slice(100));
  });

  test("a search is paged like a timeline, and a limit narrows a page", async (api, sandbox) => {
    const user = [...sandbox.world.users.values()][0];
    const found = await pages((at) => api.search(`from:${user?.screenName}`, at, never), {});
    assert.deepEqual(found.flatMap(idsIn), idsOf(sandbox, user?.id ?? ""));
    assert.equal((await api.search("sandbox", { limit: 17 }, never)).count, 17);
  });

  test("a timeline that cannot be read tells why", async (api, sandbox) => {
    const users = [...sandbox.world.users.keys()];
    assert.equal(await api.timeline(users[9] ?? "", {}, never), "protected");
    // A 404 of version 1.1 says nothing of a user: whoever is gone is found by a look-up.
    const gone = api.timeline(users[29] ?? "", {}, never);
    if (api.tellsAuthors) assert.equal(await gone, "not_found");
    else await assert.rejects(gone, { name: "ApiError", status: 404 });
  });

  test("users are told apart: found, protected, suspended, not found", async (api, sandbox) => {
    const asked = [
      ...sandbox.world.users.keys(),
      ...Array.from({ length: 120 }, (_, i) => `${i + 1}`),
    ];
    const answers: UserAnswer[] = (await Array.fromAsync(api.users("id", asked, never))).flat();
    assert.deepEqual(answers.map((answer) => answer.asked).toSorted(), asked.toSorted());
    const count = (state: string) => answers.filter((answer) => answer.state === state).length;
    assert.deepEqual(["found", "protected", "suspended", "not_found"].map(count), [27, 1, 1, 121]);
    for (const answer of answers) {
      if ("id" in answer) {
        assert.match(new TextDecoder().decode(answer.line), new RegExp(`"${answer.id}"`));
      }
    }
  });

  test("names are asked for in any case", async (api, sandbox) => {
    const [[answer] = []] = await Array.fromAsync(api.users("screen_name", ["ADA_quill_0"], never));
    assert.ok(answer && "id" in answer);
    assert.equal(answer.id, [...sandbox.world.users.keys()][0]);
    assert.deepEqual([answer.asked, answer.screenName], ["ADA_quill_0", "ada_quill_0"]);
  });

  test("an answer that is cut is asked for again", async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    for (const kind of ["cut", "truncate", "html", "503"] as const) {
      sandbox.troubles.add({ kind, path: timelinePath });
      const page = await api.timeline(user, {}, never);
      assert.ok(typeof page === "object");
      assert.deepEqual(idsIn(page), idsOf(sandbox, user).slice(0, timelinePage));
    }
    assert.equal(sandbox.requests.length, 8);
  });

  test("a stop ends a request that is under way", async (api, sandbox) => {
    const [user = ""] = sandbox.world.users.keys();
    sandbox.troubles.add({ kind: "stall", path: timelinePath });
    const stop = new AbortController();
    const asked = api.timeline(user, {}, stop.signal);
    setTimeout(() => stop.abort(), 20);
    await assert.rejects(asked, (error) => error === stop.signal.reason);
  });
}
