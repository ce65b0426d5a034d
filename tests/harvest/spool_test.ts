import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { spoolFor } from "../../lib/harvest/spool.ts";

Deno.test("a bucket has one folder for temporary files, however its name is written, and no other bucket's", () => {
  const here = `${pathToFileURL(Deno.cwd())}`;
  const [folder, ...folders] = [
    "./news",
    `${here}/news`,
    "file:" + Deno.cwd() + "/news",
    "./x/../news/",
  ]
    .map((bucket) => spoolFor(bucket, "c").name);
  assert.deepEqual(new Set(folders), new Set([folder]));
  const [s3, ...others] = ["news", "s3://news", "s3://news/"].map((name) =>
    spoolFor(name, "c").name
  );
  assert.deepEqual(new Set(others), new Set([s3]));
  assert.notEqual(s3, folder);
});
