import assert from "node:assert/strict";
import { diskError } from "../../lib/base/disk_error.ts";

Deno.test("a place for temporary files that this program may not write is named without Deno's flags", () => {
  const cause = new Deno.errors.NotCapable(
    'Requires all access to "/x", run again with the --allow-all flag',
  );
  const { exitCode, message, hint } = diskError(cause, "/x");
  assert.equal(exitCode, 1);
  assert.match(message, /cannot be written \(\/x\): this program may not write there$/);
  assert.match(hint ?? "", /--spool or TWARC_CLOUD_SPOOL/);
});

Deno.test("what is gone was never there where nothing was made in it, and is the person's to change", () => {
  const cause = new Deno.errors.NotFound("No such file or directory (os error 2): mkdir '/proc/x'");
  Object.assign(cause, { code: "ENOENT" });
  assert.equal(diskError(cause, "/proc/x", { isNew: true }).exitCode, 1);
  assert.equal(diskError(cause, "/proc/x").exitCode, 3);
});

Deno.test("a harvest resumes on another disk, named in its own way; what else is broken off is started again", () => {
  const full = Object.assign(new Error("No space left on device"), { code: "ENOSPC" });
  const ofHarvest = diskError(full, "/x").hint ?? "";
  assert.match(
    ofHarvest,
    /with --spool or TWARC_CLOUD_SPOOL, and start it again: the harvest resumes\.$/,
  );
  const ofOthers = diskError(full).hint ?? "";
  assert.match(ofOthers, /, or set (TMPDIR|TMP|TEMP) to another disk, and start it again\.$/);
});
