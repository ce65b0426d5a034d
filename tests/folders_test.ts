import assert from "node:assert/strict";
import { cacheFolder, stateFolder } from "../lib/folders.ts";

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
