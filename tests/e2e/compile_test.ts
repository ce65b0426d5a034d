import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { selfCommand } from "../../lib/runner/local/self.ts";
import { ROOT, sources } from "../sources.ts";

Deno.test("every module, also those that are imported lazily, is in the graph that compile embeds", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", "deno.json", "main.ts"],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  const embedded = new Set(modules.map(({ specifier }: { specifier: string }) => specifier));
  const missing = (await sources(`${ROOT}lib`)).filter((path) =>
    !embedded.has(pathToFileURL(path).href)
  );
  assert.deepEqual(missing, []);
});

Deno.test("compile embeds the program, with any binary as its base runtime", async () => {
  // The base runtime can be had from the network only; that step is the same for every program. What is
  // this program's own is what is embedded, which any file can stand under.
  const folder = await Deno.makeTempDir();
  try {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "compile",
        // Types are looked at by the gate.
        "--no-check",
        "--exclude-unused-npm",
        "--config",
        "deno.json",
        "--output",
        join(folder, "twarc-cloud"),
        "main.ts",
      ],
      cwd: ROOT,
      env: { DENORT_BIN: Deno.execPath(), NO_COLOR: "1" },
    }).output();
    const said = new TextDecoder().decode(stderr);
    assert.equal(code, 0, said);
    for (const name of ["main.ts", "harvester.ts", "lib/", "twitter-api-v2", "jose", "deno.json"]) {
      assert.ok(said.includes(name), `${name} is not embedded: ${said}`);
    }
    for (const name of ["fast-check", "iam-simulate"]) {
      assert.ok(!said.includes(name), `${name}, which only tests use, is embedded: ${said}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a program from source starts Deno with its own source and permissions, a binary starts itself", () => {
  const options = { execPath: "/bin/it", root: "/src", permissions: ["--allow-net"] };
  assert.deepEqual(selfCommand({ ...options, isStandalone: true }), ["/bin/it"]);
  const fromSource = selfCommand({ ...options, isStandalone: false });
  assert.deepEqual(fromSource.slice(0, 2), ["/bin/it", "run"]);
  assert.equal(fromSource.at(-1), join("/src", "main.ts"));
  assert.ok(fromSource.includes("--allow-net"));
});
