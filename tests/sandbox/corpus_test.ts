import assert from "node:assert/strict";
import { madeStatus, madeUser, userJson } from "../../lib/sandbox/corpus.ts";

Deno.test("whatever a user is called, what the sandbox serves of them is JSON", () => {
  const screenName = 'a\u0001"\\\n\u2603';
  const user = { ...madeUser(1, "open"), screenName };
  assert.equal(JSON.parse(userJson(user)).screen_name, screenName);
  const status = madeStatus(user, { ms: Date.UTC(2026, 0, 2), sequence: 1 });
  const read = JSON.parse(new TextDecoder().decode(status.bytes()));
  assert.equal(read.user.screen_name, screenName);
  assert.equal(read.entities.user_mentions[0].screen_name, screenName);
});
