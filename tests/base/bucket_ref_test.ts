import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { bucketLocation, parseBucket } from "../../lib/base/bucket_ref.ts";
import { UserError } from "../../lib/base/errors.ts";

Deno.test("one folder is one bucket, however its name is written", () => {
  const here = Deno.cwd();
  const url = pathToFileURL(here).href;
  for (
    const text of ["./news", "./x/../news/", `${here}/news`, `${here}/news/`, `${url}/news`]
      .concat(`${url}/news/`, `file:${here}/news`)
  ) {
    const bucket = parseBucket(text);
    assert.deepEqual(bucket, { kind: "folder", path: `${here}/news`, name: "news", text });
  }
  assert.equal(parseBucket("file:///with%20space").name, "with space");
  assert.equal(parseBucket("/").name, "bucket");
});

Deno.test("a name with a drive or a backslash in it is a folder's, as Windows writes them", () => {
  for (
    const text of ["C:\\data", "C:/data", "C:data", "\\\\server\\share\\x", "\\data", "store\\sub"]
  ) {
    assert.equal(parseBucket(text).kind, "folder", text);
  }
});

Deno.test("s3:// and a bare name mean S3", () => {
  for (const text of ["tweets", "s3://tweets", "s3://tweets/"]) {
    assert.deepEqual(parseBucket(text), { kind: "s3", name: "tweets", text });
  }
});

Deno.test("what S3 cannot have as a name is refused, with how a folder is written", () => {
  for (const text of ["Tweets", "a", "a_b", "s3://", "a/b"]) {
    assert.throws(() => parseBucket(text), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /is not a valid name of an S3 bucket/);
      assert.match(error.hint ?? "", /A folder is written with \.\/ or \/ in front/);
      return true;
    });
  }
});

Deno.test("a file URL of another machine, or of no place, is refused", () => {
  for (const text of ["file://other/x", "file:./x", "file:x"]) {
    assert.throws(() => parseBucket(text), {
      name: "UserError",
      message: /is not a folder of this machine/,
    });
  }
});

Deno.test("where a bucket is is said as other programs open it", () => {
  const said = ["./data/", "/data", "file:///data", "tweets", "s3://tweets/"].map((text) =>
    bucketLocation(parseBucket(text))
  );
  assert.deepEqual(said, ["./data", "/data", "/data", "s3://tweets", "s3://tweets"]);
});
