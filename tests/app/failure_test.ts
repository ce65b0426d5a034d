import assert from "node:assert/strict";
import { reportingFailure } from "../../lib/app/failure.ts";
import { LockedError, OutsideError } from "../../lib/base/errors.ts";
import { Settings } from "../../lib/base/settings.ts";
import { withApiStub } from "../fakes/api_stub.ts";

Deno.test("reportingFailure() reports what failed, without secrets, and fails with the same", async () => {
  const settings = await Settings.load({ env: {}, bucket: "data" });
  await withApiStub(() => ({ status: 201, body: {} }), async ({ url, asked }) => {
    const env = { HONEYBADGER_API_KEY: "hb-key-0001", HONEYBADGER_ENDPOINT: url.href };
    const failing = { collectionId: "c", settings, env, secrets: [] };
    const fails = (error: Error, options: object = {}) =>
      assert.rejects(
        reportingFailure({ ...failing, ...options }, () => Promise.reject(error)),
        (thrown) => thrown === error,
      );
    await fails(new OutsideError("The API is away"));
    assert.deepEqual(asked.map(({ path }) => path), ["/v1/notices"]);
    await fails(new LockedError("Somebody else harvests it"));
    await fails(new OutsideError("The API is away"), { env: {} });
    await reportingFailure(failing, () => Promise.resolve());
    assert.equal(
      asked.length,
      1,
      "A lock, a harvest that went well, and nobody's key report nothing",
    );
  });
});
