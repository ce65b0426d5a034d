import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import { ApiError, OutsideError } from "../../lib/base/errors.ts";
import { Packed } from "../../lib/base/packed.ts";
import type { TimelineUser } from "../../lib/source/user_facts.ts";
import { UserTimelineSource } from "../../lib/source/user_timeline.ts";
import { World } from "../../lib/sandbox/world.ts";
import type { Page, PageAt, TimelineState, UserAnswer } from "../../lib/twitter/api.ts";
import { WorldApi } from "../fakes/world_api.ts";

const never = new AbortController().signal;

/** An API whose timelines and look-ups say of users what a test wants. */
class SayingApi extends WorldApi {
  override readonly tellsAuthors: boolean;
  readonly asked: string[] = [];
  readonly #timelines: (id: string) => Page | TimelineState;
  readonly #lookUps: (id: string) => UserAnswer["state"];

  constructor(
    { timelines, lookUps, version = "2" }: {
      timelines: (id: string) => Page | TimelineState;
      lookUps: (id: string) => UserAnswer["state"];
      version?: "1.1" | "2";
    },
  ) {
    super(World.create({ clock: systemClock, users: 0, tweetsPerUser: 0 }));
    this.#timelines = timelines;
    this.#lookUps = lookUps;
    this.tellsAuthors = version === "2";
  }

  override timeline(id: string, _at: PageAt): Promise<Page | TimelineState> {
    this.asked.push(`timeline ${id}`);
    try {
      return Promise.resolve(this.#timelines(id));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  override async *users(_by: "id" | "screen_name", ids: string[]): AsyncGenerator<UserAnswer[]> {
    this.asked.push(...ids.map((id) => `user ${id}`));
    yield await Promise.resolve(ids.map((asked): UserAnswer => {
      const state = this.#lookUps(asked);
      if (state === "suspended" || state === "not_found") return { state, asked };
      return { state, asked, id: asked, screenName: `n${asked}`, line: new Uint8Array() };
    }));
  }
}

const NOTHING: Page = { lines: [], count: 0 };

/** The users whom a harvest of so many takes out. */
async function removed(api: SayingApi, many: number, deleteAtMost?: number): Promise<string[]> {
  const users = new Packed<TimelineUser>();
  for (let id = 1; id <= many; id++) users.set(`${id}`, {});
  const source = new UserTimelineSource(api, {
    users,
    deleteUsersFor: ["not_found", "suspended"],
    deleteAtMost,
    choice: {},
    lookUpEvery: 0,
    patienceMs: 0,
  }, systemClock);
  const gone: string[] = [];
  for await (const { update } of source.batches({}, never)) {
    for (const deletion of update?.delete ?? []) gone.push(JSON.stringify(deletion));
  }
  return gone;
}
const deletionOf = (id: number) => `{"users":["${id}"]}`;

Deno.test("who is gone by the timeline and by a look-up is taken out", async () => {
  const api = new SayingApi({
    timelines: (id) => id === "3" ? "not_found" : NOTHING,
    lookUps: (id) => id === "3" ? "not_found" : "found",
  });
  assert.deepEqual(await removed(api, 30), [deletionOf(3)]);
});

Deno.test("who is gone by one question only stays", async () => {
  for (
    const [timeline, lookUp] of [["not_found", "found"], ["found", "not_found"]] as const
  ) {
    const api = new SayingApi({
      timelines: (id) => id === "3" && timeline !== "found" ? timeline : NOTHING,
      lookUps: (id) => id === "3" ? lookUp : "found",
    });
    assert.deepEqual(await removed(api, 30), [], `${timeline}, ${lookUp}`);
    assert.ok(api.asked.filter((call) => call.endsWith(" 3")).length >= 2, "a second question");
  }
});

Deno.test("who is gone is taken out although a look-up with another one is refused", async () => {
  const api = new SayingApi({
    timelines: (id) => id === "3" || id === "7" ? "not_found" : NOTHING,
    lookUps: (id) => {
      if (id === "7") throw new ApiError("400", { status: 400 });
      return id === "3" ? "not_found" : "found";
    },
  });
  assert.deepEqual(await removed(api, 30), [deletionOf(3)]);
});

Deno.test("a 404 of a timeline takes nobody out", async () => {
  const api = new SayingApi({
    version: "1.1",
    timelines: (id) => {
      if (id === "3") throw new ApiError("404", { status: 404, code: 34 });
      return NOTHING;
    },
    lookUps: () => "found",
  });
  assert.deepEqual(await removed(api, 30), []);
});

Deno.test("more than ten, and than a tenth, are taken out by nobody but who allows it", async () => {
  const gone = (most: number) =>
    new SayingApi({
      timelines: (id) => Number(id) <= most ? "suspended" : NOTHING,
      lookUps: (id) => Number(id) <= most ? "suspended" : "found",
    });
  assert.equal((await removed(gone(10), 20)).length, 10, "ten of few");
  assert.equal((await removed(gone(20), 200)).length, 20, "a tenth of many");
  for (const [most, of] of [[11, 20], [21, 200]] as const) {
    await assert.rejects(removed(gone(most), of), (error) => {
      assert.ok(error instanceof OutsideError);
      assert.match(error.message, new RegExp(`${most} of ${of} users .* trouble of the API`));
      assert.match(error.hint ?? "", /delete_users_at_most/);
      return true;
    });
  }
  assert.equal((await removed(gone(150), 200, 150)).length, 150);
});
