import assert from "node:assert/strict";
import { z } from "zod";
import { listMissing, readTweets, readUsers } from "../../../lib/twitter/v2/answers.ts";
import { twitterData } from "../../twitter_data.ts";

const TYPES = "https://api.twitter.com/2/problems/";
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The body of a recorded answer, null where recordings are not here. */
async function recorded(name: string): Promise<Uint8Array | null> {
  const text = await twitterData("v2", "errors", name);
  const schema = z.object({ body: z.string() });
  return text === null ? null : new TextEncoder().encode(schema.parse(JSON.parse(text)).body);
}

Deno.test("each tweet that is not given is told with the reason: deleted, suspended, protected, or none", () => {
  const about = (id: string) => ({ value: id, resource_id: id, parameter: "ids" });
  const answer = bytes({
    data: [{ id: "1" }],
    errors: [
      { ...about("2"), title: "Not Found Error", type: `${TYPES}resource-not-found` },
      { ...about("3"), title: "Forbidden", type: `${TYPES}resource-not-found` },
      { ...about("4"), title: "Authorization Error", type: `${TYPES}not-authorized-for-resource` },
      { ...about("1"), title: "Not Found Error", type: `${TYPES}resource-not-found` },
    ],
  });
  assert.deepEqual(
    listMissing(readTweets(answer), ["1", "2", "3", "4", "5"]).map(({ id, why }) => [id, why]),
    [["2", "not_found"], ["3", "suspended"], ["4", "protected"], ["5", "not_told"]],
  );
});

Deno.test("what is told of tweets that others refer to is no reason for a tweet that was asked for", () => {
  const answer = bytes({
    errors: [{
      resource_id: "7",
      parameter: "referenced_tweets.id",
      title: "Not Found Error",
      type: `${TYPES}resource-not-found`,
    }],
  });
  assert.deepEqual(listMissing(readTweets(answer), ["7"]), [{ id: "7", why: "not_told" }]);
});

Deno.test("recorded answers: one that has errors only, and one whose errors have no parameter", async () => {
  const only = await recorded("200-tweet-not-authorized-only-errors.json");
  const partial = await recorded("200-partial-doc.json");
  if (!only || !partial) return;
  assert.deepEqual(listMissing(readTweets(only), ["1581070980906045440"]), [{
    id: "1581070980906045440",
    why: "protected",
    detail: "Sorry, you are not authorized to see the Tweet with ids: [1581070980906045440].",
  }]);
  assert.deepEqual(
    listMissing(readTweets(partial), ["123", "456"]).map(({ id, why }) => [id, why]),
    [
      ["456", "not_found"],
    ],
  );
});

Deno.test("a user who was asked for and did not come is not found, whether errors name them or not", () => {
  const answer = bytes({
    data: [{ id: "1", username: "One" }],
    errors: [
      { value: "2", title: "Forbidden", type: `${TYPES}resource-not-found` },
      { value: "4", title: "Internal Error", type: `${TYPES}internal-error` },
      { value: "9", parameter: "pinned_tweet_id", title: "Not Found Error" },
    ],
  });
  assert.deepEqual(
    readUsers(answer, "id", ["1", "2", "3", "4"]).map(({ asked, state }) => [asked, state]),
    [["1", "found"], ["2", "suspended"], ["3", "not_found"]],
    "Of the fourth nothing is known",
  );
  const named = bytes({ data: [{ id: "1", username: "One" }] });
  assert.deepEqual(
    readUsers(named, "screen_name", ["ONE", "Two"]).map(({ asked, state }) => [asked, state]),
    [["ONE", "found"], ["Two", "not_found"]],
  );
});

Deno.test("of users who did not come because the API failed, nothing is known", () => {
  const failed = bytes({ errors: [{ title: "Service Unavailable", type: "about:blank" }] });
  assert.deepEqual(readUsers(failed, "id", ["1", "2"]), []);
});

Deno.test("a page with good posts is read whatever stands beside them", () => {
  const data = [{ id: "1" }, { id: "2" }];
  const problem = { resource_id: "3", title: "Forbidden", type: `${TYPES}resource-not-found` };
  for (
    const includes of ["odd", [1], { users: "odd" }, { users: [null, 7, {}] }, { tweets: 7 }, null]
  ) {
    for (const errors of ["odd", [null, "odd"], [problem, null], {}, undefined]) {
      const page = readTweets(bytes({ data, includes, errors, meta: { result_count: 2 } }), "7");
      assert.deepEqual(
        [page.ids, page.author],
        [["1", "2"], undefined],
        JSON.stringify({ includes, errors }),
      );
    }
  }
  const { problems } = readTweets(bytes({ data, errors: [null, problem] }));
  assert.deepEqual(problems, [problem], "What one problem is does not hide another");
});

Deno.test("an odd user, or problem, among those that were looked up takes nobody out, and hides nobody", () => {
  const users = (answer: unknown) =>
    readUsers(bytes(answer), "id", ["1", "2"]).map(({ asked, state }) => [asked, state]);
  const one = { id: "1", username: "One" };
  assert.deepEqual(users({ data: [one, { id: "2" }] }), [["1", "found"]]);
  assert.deepEqual(users({ data: [one], errors: ["odd"] }), [["1", "found"]]);
  assert.deepEqual(users({ data: [one], errors: "odd" }), [["1", "found"]]);
  assert.deepEqual(users({ data: [one] }), [["1", "found"], ["2", "not_found"]]);
});
