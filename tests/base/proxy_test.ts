import assert from "node:assert/strict";
import { UserError } from "../../lib/base/errors.ts";
import { readProxies, settleProxies } from "../../lib/base/proxy.ts";

const HERE = "localhost,127.0.0.0/8,127.0.0.1,::1";
const [A, B] = ["http://a:1", "http://b:2"];

for (
  const [env, proxies] of [
    [{}, {}],
    [{ NO_PROXY: "x" }, {}],
    [{ HTTP_PROXY: A }, { HTTP_PROXY: A, NO_PROXY: HERE }],
    [{ https_proxy: A, no_proxy: " x , .y" }, { HTTPS_PROXY: A, NO_PROXY: `x,.y,${HERE}` }],
    [{ HTTPS_PROXY: A, https_proxy: B }, { HTTPS_PROXY: A, NO_PROXY: HERE }],
    [{ ALL_PROXY: A, HTTP_PROXY: B }, { HTTP_PROXY: B, HTTPS_PROXY: A, NO_PROXY: HERE }],
    [{ HTTPS_PROXY: "me:pw@a:1" }, { HTTPS_PROXY: "http://me:pw@a:1", NO_PROXY: HERE }],
    [{ HTTPS_PROXY: A, NO_PROXY: "*" }, {}],
  ] as const
) {
  Deno.test(`proxies of ${JSON.stringify(env)}`, () => assert.deepEqual(readProxies(env), proxies));
}

Deno.test("a proxy that is no address is said so by its variable, without its password", () => {
  for (const value of ["http://", "ftp://a", "http://me:secret@", "a b"]) {
    assert.throws(() => readProxies({ ALL_PROXY: value }), (error) => {
      assert.ok(error instanceof UserError);
      assert.equal(error.message, "ALL_PROXY is not a valid proxy address");
      return true;
    });
  }
});

/** An environment with what was settled. */
function settled(before: Record<string, string>): Record<string, string> {
  const env = new Map(Object.entries(before));
  settleProxies({
    toObject: () => Object.fromEntries(env),
    set: (name, value) => void env.set(name, value),
    delete: (name) => void env.delete(name),
  });
  return Object.fromEntries(env);
}

Deno.test("an environment with proxies has them for everybody alike, and one without stays as it is", () => {
  assert.deepEqual(settled({ HOME: "/h", NO_PROXY: "x" }).HOME, "/h");
  assert.deepEqual(settled({ all_proxy: "a:1", no_proxy: "x" }), {
    all_proxy: "a:1",
    HTTP_PROXY: "http://a:1",
    http_proxy: "http://a:1",
    HTTPS_PROXY: "http://a:1",
    https_proxy: "http://a:1",
    NO_PROXY: `x,${HERE}`,
    no_proxy: `x,${HERE}`,
  });
  assert.deepEqual(settled({ HTTPS_PROXY: A, ALL_PROXY: A, NO_PROXY: "*" }), {});
  const once = settled({ HTTPS_PROXY: A });
  assert.deepEqual(settled(once), once);
});
