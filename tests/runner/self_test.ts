import assert from "node:assert/strict";
import { narrowed } from "../../lib/runner/self.ts";

const ALL = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-run"];

Deno.test("reading and writing are kept to some places, and what is written can be read", () => {
  assert.deepEqual(narrowed(ALL, { read: ["/home/a/.twarc"], write: ["/data", "/spool"] }), [
    "--allow-net",
    "--allow-read=/home/a/.twarc,/data,/spool",
    "--allow-write=/data,/spool",
    "--allow-env",
    "--allow-run",
  ]);
});

Deno.test("a path with a comma, which no flag can have, leaves all places open", () => {
  assert.deepEqual(narrowed(ALL, { read: ["/a,b"], write: ["/data"] }), [
    "--allow-net",
    "--allow-read",
    "--allow-write=/data",
    "--allow-env",
    "--allow-run",
  ]);
});
