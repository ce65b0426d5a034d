// deno-lint-ignore-file no-console
/**
 * Checks infra/*.tf against the schema of Terraform's AWS provider, without Terraform's registry: every resource and
 * data source, every argument and block, and every resource that another one refers to, has to exist. The schema
 * is that of the types which the provider's own bindings are published with.
 */

import { parse } from "@cdktf/hcl2json";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const INFRA = fileURLToPath(new URL("..", import.meta.url));
const PROVIDER = dirname(
  createRequire(import.meta.url).resolve("@cdktf/provider-aws/package.json"),
);
/** Arguments that Terraform gives to every resource. */
const META = new Set(["count", "for_each", "depends_on", "lifecycle", "provider"]);

type Value = unknown;
/** The arguments of an interface: their types by their names, in lower case and without underscores. */
type Shape = Map<string, string>;
type Block = Record<string, Value>;

const faults: string[] = [];
const declared = new Set<string>();
const schemas = new Map<string, Map<string, Shape>>();

const files = [...Deno.readDirSync(INFRA)].map(({ name }) => name).filter((name) =>
  name.endsWith(".tf")
).sort();
const parsed = new Map<string, Block>();
for (const file of files) {
  parsed.set(file, await parse(file, await Deno.readTextFile(join(INFRA, file))));
}
for (const [, hcl] of parsed) {
  for (const { type, name, prefix } of blocksOf(hcl)) declared.add(`${prefix}${type}.${name}`);
}
let checked = 0;
for (const [file, hcl] of parsed) {
  for (const { type, name, prefix, body } of blocksOf(hcl)) {
    const place = `${file}: ${prefix}${type}.${name}`;
    const folder = `${prefix === "" ? "" : "data-"}${type.replace(/^aws_/, prefix ? "aws_" : "")}`
      .replaceAll("_", "-");
    const shapes = shapesOf(folder);
    if (!shapes) {
      faults.push(`${place}: the provider has no ${type}`);
      continue;
    }
    const config = [...shapes.keys()].find((name) => /Config$/.test(name)) ?? "";
    checkBlock(body, config, { shapes, place, isTop: true });
    checked++;
  }
  for (const reference of referencesIn(JSON.stringify(hcl))) {
    if (!declared.has(reference)) faults.push(`${file}: there is no ${reference}`);
  }
}

const formatted = await new Deno.Command("terraform", { args: ["fmt", "-check", INFRA] }).output()
  .catch(() => null);
if (!formatted) console.log("Terraform is not here: whether infra/ is formatted was not looked at");
else if (!formatted.success) faults.push("Not formatted: run terraform fmt infra");

for (const fault of faults) console.error(fault);
console.log(
  `${files.length} files, ${checked} resources and data sources, ${faults.length} faults`,
);
process.exit(faults.length > 0 ? 1 : 0);

interface Found {
  type: string;
  name: string;
  /** `data.` for a data source. */
  prefix: string;
  body: Block;
}

/** The resources and data sources of a file. */
function* blocksOf(hcl: Block): Generator<Found> {
  for (const [kind, prefix] of [["resource", ""], ["data", "data."]] as const) {
    for (const [type, named] of entriesOf(hcl[kind])) {
      for (const [name, bodies] of entriesOf(named)) {
        for (const body of listOf(bodies)) yield { type, name, prefix, body: objectOf(body) };
      }
    }
  }
}

/** The interfaces that a resource's types have. */
function shapesOf(folder: string): Map<string, Shape> | null {
  const known = schemas.get(folder);
  if (known) return known;
  const shapes = new Map<string, Shape>();
  try {
    for (const path of typesBelow(join(PROVIDER, "lib", folder))) {
      const text = Deno.readTextFileSync(path);
      for (
        const [, name = "", body = ""] of text.matchAll(
          /export interface (\w+)(?: extends [\w.]+)? \{([\s\S]*?)\n\}/g,
        )
      ) {
        const properties = [...body.matchAll(/readonly (\w+)\??: ([^;]+);/g)];
        shapes.set(name, new Map(properties.map(([, key = "", type = ""]) => [plain(key), type])));
      }
    }
  } catch {
    return null;
  }
  schemas.set(folder, shapes);
  return shapes;
}

function* typesBelow(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* typesBelow(join(folder, name));
    else if (name.endsWith(".d.ts")) yield join(folder, name);
  }
}

function checkBlock(
  body: Block,
  shapeName: string,
  { shapes, place, isTop }: { shapes: Map<string, Shape>; place: string; isTop: boolean },
): void {
  const shape = shapes.get(shapeName);
  if (!shape) return void faults.push(`${place}: its schema is not found`);
  for (const [name, value] of Object.entries(body)) {
    if (isTop && META.has(name)) continue;
    if (name === "dynamic") continue;
    const type = shape.get(plain(name));
    if (type === undefined) {
      faults.push(`${place}: there is no argument ${name}`);
      continue;
    }
    const inner = [...type.matchAll(/\b([A-Z]\w+)\b/g)].map(([, word = ""]) => word)
      .find((word) => shapes.has(word));
    if (!inner) continue;
    for (const part of listOf(value)) {
      if (typeof part === "object" && part !== null) {
        checkBlock(objectOf(part), inner, { shapes, place: `${place}.${name}`, isTop: false });
      }
    }
  }
}

/** What expressions refer to: `aws_vpc.main`, `data.aws_partition.current`. */
function referencesIn(json: string): Set<string> {
  const found = json.matchAll(/(?<![\w.])((?:data\.)?aws_[a-z0-9_]+\.[a-z0-9_]+)/g);
  return new Set([...found].map(([, reference = ""]) => reference));
}

function plain(name: string): string {
  return name.replaceAll("_", "").toLowerCase();
}

function listOf(value: Value): Value[] {
  return Array.isArray(value) ? value : [value];
}

function objectOf(value: Value): Block {
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

function entriesOf(value: Value): [string, Value][] {
  return Object.entries(objectOf(value));
}
