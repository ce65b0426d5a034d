import assert from "node:assert/strict";
import { errorCode } from "../../lib/base/system_error.ts";

Deno.test("names an error by its code, or by its number as the system counts", () => {
  assert.equal(errorCode(Object.assign(new Error("full"), { code: "ENOSPC" })), "ENOSPC");
  const numbered = (number: number) => new Error(`It failed (os error ${number})`);
  assert.equal(errorCode(numbered(27), "linux"), "EFBIG");
  assert.equal(errorCode(numbered(112), "windows"), "ENOSPC");
  assert.equal(errorCode(numbered(1295), "windows"), "EDQUOT");
  assert.equal(errorCode(numbered(32), "windows"), "EBUSY");
  // 27 is "sector not found" there, and no full disk.
  assert.equal(errorCode(numbered(27), "windows"), "");
  assert.equal(errorCode("no error", "windows"), "");
});

Deno.test("goes by the number on Windows, where Deno's code for it means another thing", () => {
  const incorrect = Object.assign(new Error("Incorrect function. (os error 1)"), {
    code: "EISDIR",
  });
  assert.equal(errorCode(incorrect, "windows"), "ENOTSUP");
  assert.equal(errorCode(incorrect, "linux"), "EISDIR");
  // A number that the table does not have, and none at all.
  const unknown = Object.assign(new Error("It failed (os error 4)"), { code: "EMFILE" });
  assert.equal(errorCode(unknown, "windows"), "EMFILE");
  assert.equal(errorCode(Object.assign(new Error("no"), { code: "ENOENT" }), "windows"), "ENOENT");
});
