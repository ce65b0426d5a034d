import assert from "node:assert/strict";
import { environment } from "../../lib/base/environment.ts";

Deno.test("a variable is found by its name in capitals on Windows, however that is written there", () => {
  const env = { Path: "C:\\tools", http_proxy: "http://p", HOME: "C:\\h" };
  assert.deepEqual(environment(env, "windows"), {
    PATH: "C:\\tools",
    HTTP_PROXY: "http://p",
    HOME: "C:\\h",
  });
  assert.deepEqual(environment(env, "linux"), env);
});

Deno.test("this process's environment has where programs are", () => {
  assert.equal(environment().PATH, Deno.env.get("PATH"));
});
