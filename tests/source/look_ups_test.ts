import assert from "node:assert/strict";
import { ApiError, UserError } from "../../lib/base/errors.ts";
import { LookUps } from "../../lib/source/look_ups.ts";
import type { UserAnswer } from "../../lib/twitter/api.ts";

const never = new AbortController().signal;
const refusal = (status: number) => new ApiError(`${status}`, { status });
const UNAUTHORIZED = new UserError("401", { cause: refusal(401) });

/** An API that knows everybody, unless `refuse` throws. */
function looking(refuse: (ids: string[]) => void) {
  const asked: string[][] = [];
  const lookUps = new LookUps({
    async *users(_by, ids) {
      asked.push(ids);
      refuse(ids);
      yield await Promise.resolve(
        ids.map((id): UserAnswer => ({
          state: "found",
          asked: id,
          id,
          screenName: `n${id}`,
          line: new Uint8Array(),
        })),
      );
    },
  });
  const found = async (ids: string[]) =>
    (await Array.fromAsync(lookUps.of(ids, never))).flat().map((answer) => answer.asked);
  return { asked, found };
}

const IDS = Array.from({ length: 250 }, (_, i) => `${i + 1}`);

Deno.test("one user whom the API refuses does not cost the others of the call", async () => {
  for (const [status, bad] of [[400, "1"], [403, "142"], [404, "250"]] as const) {
    const { asked, found } = looking((ids) => {
      if (ids.includes(bad)) throw refusal(status);
    });
    assert.deepEqual(await found(IDS), IDS.filter((id) => id !== bad));
    assert.ok(asked.length < 20, `${asked.length} calls`);
  }
});

Deno.test("one user for whom good keys are refused does not cost the others either", async () => {
  const { found } = looking((ids) => {
    if (ids.includes("142")) throw UNAUTHORIZED;
  });
  assert.deepEqual(await found(IDS), IDS.filter((id) => id !== "142"));
});

Deno.test("keys that are refused at first, and an API in trouble, are no matter of one user", async () => {
  for (const error of [UNAUTHORIZED, refusal(503), refusal(429), refusal(0)]) {
    const { asked, found } = looking(() => {
      throw error;
    });
    await assert.rejects(found(IDS), (thrown) => thrown === error);
    assert.equal(asked.length, 1);
  }
});

Deno.test("an API that refuses everybody is not asked for each", async () => {
  const { asked, found } = looking(() => {
    throw refusal(400);
  });
  await assert.rejects(found(IDS), { message: "400" });
  assert.ok(asked.length < 40, `${asked.length} calls`);
});
