import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { importsOf, pathOf, ROOT, sources } from "./sources.ts";

/** The floors of docs/architecture.md. */
const FLOORS: Record<string, number> = {
  base: 0,
  billing: 0.5,
  format: 0.5,
  collection: 1,
  twitter: 1,
  control: 2,
  estimate: 2,
  store: 2,
  bucket: 3,
  secrets: 3,
  archive: 4,
  export: 4,
  runner: 4,
  source: 4,
  cli: 5,
  harvest: 5,
  app: 6.5,
  sandbox: 6,
  "harvester.ts": 6,
  "main.ts": 7,
};

/** Returns the room that a file belongs to: `twitter`, `main.ts`. */
function roomOf(path: string): string {
  const [top = "", next = ""] = path.slice(ROOT.length).split("/");
  return top === "lib" ? next : top;
}

async function files(): Promise<{ path: string; text: string }[]> {
  const paths = [...await sources(`${ROOT}lib`), `${ROOT}main.ts`, `${ROOT}harvester.ts`];
  return await Promise.all(
    paths.map(async (path) => ({ path, text: await Deno.readTextFile(path) })),
  );
}

/** Maps each file to those of ours that it imports, lazily or for types as well. */
async function graph(): Promise<Map<string, string[]>> {
  return new Map((await files()).map(({ path, text }) => [
    path,
    importsOf(text).filter((specifier) => !specifier.endsWith("deno.json"))
      .map((specifier) => pathOf(new URL(specifier, pathToFileURL(path)))),
  ]));
}

Deno.test("a file imports lower floors and its own room only", async () => {
  for (const [path, imported] of await graph()) {
    const room = roomOf(path);
    const floor = FLOORS[room] ?? assert.fail(`${room} has no floor`);
    for (const other of imported) {
      const below = FLOORS[roomOf(other)] ?? assert.fail(`${roomOf(other)} has no floor`);
      const name = other.slice(ROOT.length);
      assert.ok(
        roomOf(other) === room || below < floor,
        `${path.slice(ROOT.length)} imports ${name}`,
      );
    }
  }
});

Deno.test("no imports go in a circle, however long", async () => {
  const imports = await graph();
  const done = new Set<string>();
  const look = (path: string, way: string[]) => {
    const at = way.indexOf(path);
    const circle = [...way.slice(at), path].map((one) => one.slice(ROOT.length));
    assert.ok(at < 0, `A circle: ${circle.join(" -> ")}`);
    if (done.has(path)) return;
    for (const other of imports.get(path) ?? []) look(other, [...way, path]);
    done.add(path);
  };
  for (const path of imports.keys()) look(path, []);
});

Deno.test("collections are pure, and commands do not know harvests: main hands them in", async () => {
  for (const [path, imported] of await graph()) {
    if (roomOf(path) !== "cli") continue;
    for (const other of imported) {
      assert.doesNotMatch(other.slice(ROOT.length), /^lib\/harvest\/|^harvester\.ts/, path);
    }
  }
  for (const { path, text } of await files()) {
    if (roomOf(path) === "collection") assert.doesNotMatch(text, /Deno\.|fetch\(/, path);
  }
});

Deno.test("only collection/types/ and source/ name a type of collection: everybody else asks for its traits", async () => {
  const named = /(?:[=!]==?\s*|case\s+|type:\s*|[[(,]\s*)"(?:user_timeline|search|filter|hydrate)"/;
  for (const { path, text } of await files()) {
    const name = path.slice(ROOT.length);
    if (/^lib\/(collection\/types|source|sandbox)\//.test(name)) continue;
    assert.doesNotMatch(text.replaceAll(/\.command\("\w+"\)/g, ""), named, name);
  }
});

Deno.test("the engine knows no API: where tweets come from is handed in", async () => {
  for (const [path, imported] of await graph()) {
    const name = path.slice(ROOT.length);
    if (!/^(harvester\.ts|lib\/harvest\/[^/]+\.ts)$/.test(name)) continue;
    for (const other of imported.map((one) => one.slice(ROOT.length))) {
      assert.doesNotMatch(other, /^lib\/(twitter\/(?!api\.ts)|source\/x\.ts)/, name);
    }
  }
});

Deno.test("only the room of formats knows how a tweets file is named and packed", async () => {
  for (const { path, text } of await files()) {
    if (["format", "sandbox"].includes(roomOf(path))) continue;
    const code = text.replaceAll(/\/\*\*.*?\*\/|^\s*\/\/.*$/gms, "");
    assert.doesNotMatch(
      code,
      /\btweets-[$\\[]|[`"/}]tweets-[`"]|jsonl\\?\.gz|deflateRaw|\bgunzipSync/,
      path,
    );
  }
});

Deno.test("only the output and the terminal's own file know the terminal, and only main and app/exit.ts exit", async () => {
  for (const { path, text } of await files()) {
    const name = path.slice(ROOT.length);
    if (!["main.ts", "lib/app/exit.ts"].includes(name)) {
      assert.doesNotMatch(text, /Deno\.exit|process\.exit/, name);
    }
    if (!["lib/app/terminal.ts", "lib/cli/output.ts"].includes(name)) {
      assert.doesNotMatch(text, /console\.|Deno\.std(out|err)/, name);
    }
  }
});

/** What files load before they begin, beyond what they come to need, with all that these load. */
async function loadedBy(...roots: string[]): Promise<Set<string>> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", "deno.json", "main.ts"],
    cwd: ROOT,
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  type Module = {
    specifier: string;
    dependencies?: { code?: { specifier: string }; isDynamic?: boolean; specifier: string }[];
  };
  const byName = new Map<string, Module>(
    modules.map((module: Module) => [module.specifier, module]),
  );
  const loaded = new Set<string>();
  const load = (specifier: string) => {
    if (loaded.has(specifier)) return;
    loaded.add(specifier);
    for (const { isDynamic, code } of byName.get(specifier)?.dependencies ?? []) {
      if (!isDynamic && code) load(code.specifier);
    }
  };
  for (const root of roots) load(new URL(`../${root}`, import.meta.url).href);
  return loaded;
}

Deno.test("what --help loads is small: no package, no command, and little of Node.js", async () => {
  const loaded = await loadedBy("main.ts");
  assert.ok([...loaded].some((name) => name.includes("/cli/outline.ts")));
  const heavy = [...loaded].filter((name) => /^npm:|\/cli\/program\.ts$/.test(name));
  assert.deepEqual(heavy, []);
  // Others, such as node:fs, take longer to load than Deno takes to begin.
  const ofNode = [...loaded].filter((name) => name.startsWith("node:"));
  assert.deepEqual(ofNode.toSorted(), ["node:os", "node:path"]);
});

Deno.test("what every command loads is commander, and none of the commands", async () => {
  const loaded = [...await loadedBy("lib/app/command_line.ts")];
  assert.ok(loaded.some((name) => name.endsWith("/cli/program.ts")));
  const packages = loaded.filter((name) => name.startsWith("npm:"));
  assert.deepEqual(packages.filter((name) => !name.includes("commander")), []);
  const commands = loaded.filter((name) =>
    /\/cli\/(?:\w+\/(?:group|scheduler)|configure|install)\.ts$|\/sandbox\//.test(name)
  );
  assert.deepEqual(commands, []);
});

Deno.test("what a harvest into a folder loads are three packages, and what signs of a fourth", async () => {
  const loaded = await loadedBy(
    "main.ts",
    "lib/app/command_line.ts",
    "lib/cli/harvest/group.ts",
    "harvester.ts",
    "lib/base/settings.ts",
    "lib/secrets/credentials.ts",
    "lib/store/folder/store.ts",
    ...["filter", "hydrate", "search", "user_timeline"].map((type) => `lib/source/${type}.ts`),
    ...["http/signer", "http/transport", "v1/api", "v2/api"].map((name) =>
      `lib/twitter/${name}.ts`
    ),
  );
  const packages = [...loaded].filter((name) => name.startsWith("npm:"))
    .map((name) => name.replace(/^npm:\/?|@\d[^/]*/g, "")).sort();
  assert.deepEqual(packages, [
    "@commander-js/extra-typings",
    "@logtape/logtape",
    "twitter-api-v2/dist/esm/client-mixins/oauth1.helper.js",
    "zod",
  ]);
});

Deno.test("what harvests imports no part of the program after it has begun: its source may be another by then", async () => {
  const rooms = /^(base|bucket|collection|control|format|harvest|secrets|source|store|twitter)$/;
  const lazy = (await files()).filter(({ path, text }) =>
    rooms.test(roomOf(path)) && /(?<!typeof )import\(\s*"\.\.?\//.test(text)
  );
  // Each of them at the beginning, by what the configuration, the settings or the keys ask for.
  assert.deepEqual(lazy.map(({ path }) => path.slice(ROOT.length)).sort(), [
    "lib/secrets/credentials.ts",
    "lib/source/x.ts",
    "lib/store/open.ts",
    "lib/twitter/open.ts",
  ]);
});

Deno.test("the port of all APIs has nothing of one version's own, and what is wanted of a stream has no lease in it", async () => {
  const text = await Deno.readTextFile(`${ROOT}lib/twitter/api.ts`);
  assert.doesNotMatch(text, /"\.\/(bill|compliance|paid_api)\.ts"/);
  const [, wanted = ""] = /interface StreamWanted \{(.*?)\n\}/s.exec(text) ?? [];
  assert.match(wanted, /filter: Filter/);
  assert.doesNotMatch(wanted, /Promise/);
});
