import assert from "node:assert/strict";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheFolder, denoFolder, settleHome, stateFolder } from "../../lib/base/folders.ts";

const home = "/home/p";

Deno.test("a person's folders are where their system has them", () => {
  for (
    const [os, env, cache, state] of [
      ["linux", {}, "/home/p/.cache/twarc-cloud", "/home/p/.local/state/twarc-cloud"],
      ["linux", { XDG_CACHE_HOME: "/c", XDG_STATE_HOME: "/s" }, "/c/twarc-cloud", "/s/twarc-cloud"],
      // The specification has relative paths ignored.
      [
        "linux",
        { XDG_CACHE_HOME: "c", XDG_STATE_HOME: "" },
        "/home/p/.cache/twarc-cloud",
        "/home/p/.local/state/twarc-cloud",
      ],
      [
        "darwin",
        { XDG_CACHE_HOME: "/c" },
        "/home/p/Library/Caches/twarc-cloud",
        "/home/p/Library/Application Support/twarc-cloud",
      ],
      [
        "windows",
        { LOCALAPPDATA: "/local" },
        "/local/twarc-cloud/cache",
        "/local/twarc-cloud/state",
      ],
    ] as const
  ) {
    const person = { env, os, home };
    assert.deepEqual([cacheFolder(person), stateFolder(person)], [cache, state], os);
  }
});

Deno.test("Deno's own folder is where Deno looks for it", () => {
  const folders = ([
    ["linux", {}],
    ["linux", { XDG_CACHE_HOME: "/c" }],
    ["darwin", { XDG_CACHE_HOME: "/c" }],
    ["windows", { LOCALAPPDATA: "/local" }],
    ["linux", { DENO_DIR: "/d" }],
  ] as const).map(([os, env]) => denoFolder({ env, os, home }));
  assert.deepEqual(folders, [
    "/home/p/.cache/deno",
    "/c/deno",
    "/home/p/Library/Caches/deno",
    "/local/deno",
    "/d",
  ]);
});

Deno.test("who has no home has folders where temporary files are, or where they say", () => {
  const nowhere = { env: {}, os: "linux", home: null };
  assert.equal(cacheFolder(nowhere), join(tmpdir(), "twarc-cloud-cache"));
  assert.equal(stateFolder(nowhere), join(tmpdir(), "twarc-cloud-state"));
  const named = { ...nowhere, env: { XDG_CACHE_HOME: "/c", XDG_STATE_HOME: "/s" } };
  assert.deepEqual([cacheFolder(named), stateFolder(named)], ["/c/twarc-cloud", "/s/twarc-cloud"]);
});

Deno.test("a home that is there stays, and one that is not is named for the AWS SDK", () => {
  const env = new Map([["HOME", "/h"]]);
  const settled = () => {
    settleHome({ get: (name) => env.get(name), set: (name, value) => void env.set(name, value) });
    return env.get("HOME");
  };
  assert.equal(settled(), "/h");
  env.delete("HOME");
  assert.match(settled() ?? "", /^\//);
});
