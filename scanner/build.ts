// deno-lint-ignore-file no-console
/**
 * Makes `lib/twitter/bytes/scan.wasm` of `scan.ts`, and `tidy.wasm` there of `tidy.ts` and its parts: `deno task
 * build-scanner`; with `--check` it only compares. The compiler comes from npm, at the version that `deno.json` here
 * pins, so that the same source makes the same bytes.
 */

import asc from "assemblyscript/asc";

/** 64 KiB each. A longer text than 32 MiB, and one with as many values, is left to a parser. */
const MOST_PAGES = 512;

/** What is made, by the name of the module, and of which sources, the one with the exports first. */
const MODULES: Record<string, string[]> = {
  "scan.wasm": ["scan.ts", "bytes.ts"],
  "tidy.wasm": ["tidy.ts", "tidy_names.ts", "tidy_tokens.ts", "bytes.ts"],
};

for (const [name, files] of Object.entries(MODULES)) {
  const target = new URL(`../lib/twitter/bytes/${name}`, import.meta.url);
  const sources = new Map<string, string>();
  for (const file of files) {
    sources.set(file, await Deno.readTextFile(new URL(file, import.meta.url)));
  }
  const all = new TextEncoder().encode([...sources.values()].join(""));
  const made = signed(await compiled(name, sources), await crypto.subtle.digest("SHA-256", all));
  if (!Deno.args.includes("--check")) {
    await Deno.writeFile(target, made);
    console.log(`lib/twitter/bytes/${name} was written: ${made.length} bytes.`);
  } else if (!isSame(made, await Deno.readFile(target))) {
    console.error(
      `Error: lib/twitter/bytes/${name} is not what scanner/${
        files[0]
      } makes. Run: deno task build-scanner`,
    );
    Deno.exit(1);
  }
}

/** Compiles sources. @throws Error with what is wrong in them */
async function compiled(name: string, sources: Map<string, string>): Promise<Uint8Array> {
  let made: Uint8Array | undefined;
  const options = ["--outFile", name, "-O3", "--noAssert", "--runtime", "stub"];
  const limits = ["--enable", "simd", "--maximumMemory", `${MOST_PAGES}`];
  const [first = ""] = sources.keys();
  const { error, stderr } = await asc.main([first, ...options, ...limits], {
    readFile: (file) => sources.get(file) ?? null,
    writeFile: (_name, content) => {
      if (typeof content !== "string") made = content;
    },
    listFiles: () => null,
  });
  if (error || !made) throw new Error(`${first} was not compiled: ${stderr.toString()}`);
  return made;
}

/** Adds a section with the checksum of the source, so that a test finds a source that was changed since. */
function signed(code: Uint8Array, checksum: ArrayBuffer): Uint8Array {
  const name = new TextEncoder().encode("source");
  const content = Uint8Array.of(name.length, ...name, ...new Uint8Array(checksum));
  return Uint8Array.of(...code, 0, content.length, ...content);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, i) => byte === other[i]);
}
