/** Tries what a process with its permissions may do to the files of a folder; prints that as JSON. */

import { join } from "node:path";

const [folder = ""] = Deno.args;
const tried: Record<string, boolean> = {};

function attempt(what: string, act: () => unknown): void {
  try {
    act();
    tried[what] = true;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    tried[what] = false;
  }
}

for (const name of ["private", ".twarc", "twarc-cloud-data/collections/live/collection.json"]) {
  attempt(`read ${name}`, () => Deno.readTextFileSync(join(folder, name)));
}
for (const name of ["private", ".twarc", "twarc_cloud.ini", "twarc-cloud-data/tried"]) {
  attempt(`write ${name}`, () => Deno.openSync(join(folder, name), { create: true, append: true }));
}
attempt("ffi", () => Deno.dlopen("libc.so.6", {}));
attempt("run", () => new Deno.Command("true").outputSync());
// deno-lint-ignore no-console
console.log(JSON.stringify(tried));
