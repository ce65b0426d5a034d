// deno-lint-ignore-file no-console
/**
 * Makes `lib/twitter/bytes/scan.wasm` of `scan.ts`: `deno task build-scanner`; with `--check` it only compares. The compiler comes from
 * npm, at the version that `deno.json` here pins, so that the same source makes the same bytes.
 */

import asc from "assemblyscript/asc";

/** 64 KiB each. A longer text than 32 MiB, and one with as many values, is left to a parser. */
const MOST_PAGES = 512;

const target = new URL("../lib/twitter/bytes/scan.wasm", import.meta.url);
const source = await Deno.readTextFile(new URL("scan.ts", import.meta.url));
const made = signed(
  await compiled(source),
  await crypto.subtle.digest("SHA-256", new TextEncoder().encode(source)),
);
if (!Deno.args.includes("--check")) {
  await Deno.writeFile(target, made);
  console.log(`lib/twitter/bytes/scan.wasm was written: ${made.length} bytes.`);
} else if (!isSame(made, await Deno.readFile(target))) {
  console.error(
    "Error: lib/twitter/bytes/scan.wasm is not what scanner/scan.ts makes. Run: deno task build-scanner",
  );
  Deno.exit(1);
}

/** Compiles a source. @throws Error with what is wrong in it */
async function compiled(source: string): Promise<Uint8Array> {
  let made: Uint8Array | undefined;
  const options = ["--outFile", "scan.wasm", "-O3", "--noAssert", "--runtime", "stub"];
  const limits = ["--enable", "simd", "--maximumMemory", `${MOST_PAGES}`];
  const { error, stderr } = await asc.main(["scan.ts", ...options, ...limits], {
    readFile: (name) => name === "scan.ts" ? source : null,
    writeFile: (_name, content) => {
      if (typeof content !== "string") made = content;
    },
    listFiles: () => null,
  });
  if (error || !made) throw new Error(`scan.ts was not compiled: ${stderr.toString()}`);
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
