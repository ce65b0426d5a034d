import assert from "node:assert/strict";
import { importsOf, ROOT, sources } from "./sources.ts";

/** Ranks of the architecture, and of the few files that stand between two of them. */
const RANKS: Record<string, number> = {
  errors: 0,
  clock: 0,
  direct: 0,
  certificates: 0.5,
  ending: 0,
  body: 0,
  bucket_ref: 0.5,
  waits: 0,
  json: 0.5,
  json_bytes: 0,
  json_object: 0.75,
  numbers: 0,
  visible: 0,
  typed_ids: 0,
  log: 0.5,
  network: 0.5,
  outage: 0.5,
  proxy: 0.5,
  report: 1,
  retry_after: 0,
  version: 0,
  api_keys: 0,
  fields: 0,
  collection: 1,
  settings: 1,
  folders: 0,
  own_folder: 0.5,
  system_error: 0.25,
  aws_profile: 0.5,
  aws: 1,
  store: 2,
  twitter: 2,
  control: 2,
  secrets: 2.5,
  control_server: 2.5,
  bucket: 3,
  harvest: 4,
  runner: 4,
  cli: 5,
  ui: 5,
  sandbox: 5,
  "harvester.ts": 6,
  "main.ts": 7,
};

/** The part of the house that a file belongs to: `twitter`, `errors`, `main.ts`. */
function partOf(path: string): string {
  const [top = "", next = ""] = path.slice(ROOT.length).split("/");
  return top === "lib" ? next.replace(/\.ts$/, "") : top;
}

async function files(): Promise<{ path: string; text: string }[]> {
  const paths = [...await sources(`${ROOT}lib`), `${ROOT}main.ts`, `${ROOT}harvester.ts`];
  return await Promise.all(
    paths.map(async (path) => ({ path, text: await Deno.readTextFile(path) })),
  );
}

Deno.test("every file sees lower ranks and its own folder only", async () => {
  for (const { path, text } of await files()) {
    const part = partOf(path);
    for (const specifier of importsOf(text)) {
      if (specifier.endsWith("deno.json")) continue;
      const other = partOf(new URL(specifier, `file://${path}`).pathname);
      const rank = RANKS[part] ?? assert.fail(`${part} has no rank`);
      const below = RANKS[other] ?? assert.fail(`${other} has no rank`);
      assert.ok(part === other || below < rank, `${path.slice(ROOT.length)} imports ${specifier}`);
    }
  }
});

Deno.test("no imports go in a circle, however long, lazy ones and those of types included", async () => {
  const imports = new Map((await files()).map(({ path, text }) => [
    path,
    importsOf(text).filter((specifier) => !specifier.endsWith("deno.json"))
      .map((specifier) => new URL(specifier, `file://${path}`).pathname),
  ]));
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

Deno.test("collection and twitter do not know each other, and commands do not know harvests", async () => {
  const forbidden: Record<string, RegExp> = {
    collection: /\.\.\/(store|twitter|bucket)\/|Deno\.|fetch\(/,
    twitter: /\.\.\/collection\//,
    cli: /\.\.\/harvest\/|harvester\.ts/,
    ui: /\.\.\/harvest\/|harvester\.ts/,
  };
  for (const { path, text } of await files()) {
    const pattern = forbidden[partOf(path)];
    if (pattern) assert.doesNotMatch(text, pattern, path);
  }
});

Deno.test("only main and the output know the terminal, and only main exits", async () => {
  for (const { path, text } of await files()) {
    const name = path.slice(ROOT.length);
    if (name === "main.ts") continue;
    assert.doesNotMatch(text, /Deno\.exit|process\.exit/, name);
    if (name !== "lib/cli/output.ts") {
      assert.doesNotMatch(text, /console\.|Deno\.std(out|err)/, name);
    }
  }
});

Deno.test("what --help loads is neither the AWS SDK nor twitter-api-v2", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", "--config", `${ROOT}deno.json`, `${ROOT}main.ts`],
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
  load(new URL("../main.ts", import.meta.url).href);
  assert.ok([...loaded].some((name) => name.includes("/cli/program.ts")));
  const heavy = [...loaded].filter((name) =>
    /aws-sdk|twitter-api-v2|npm:.*zod|logtape|jose/.test(name)
  );
  assert.deepEqual(heavy, []);
});

Deno.test("the port of all APIs has nothing of one version's own, and what is wanted of a stream has no lease in it", async () => {
  const text = await Deno.readTextFile(`${ROOT}lib/twitter/api.ts`);
  assert.doesNotMatch(text, /"\.\/(bill|compliance|paid_api)\.ts"/);
  const [, wanted = ""] = /interface StreamWanted \{(.*?)\n\}/s.exec(text) ?? [];
  assert.match(wanted, /filter: Filter/);
  assert.doesNotMatch(wanted, /Promise/);
});
