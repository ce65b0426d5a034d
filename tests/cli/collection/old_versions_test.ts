import assert from "node:assert/strict";
import { dayAfter, tellPurged } from "../../../lib/cli/collection/old_versions.ts";
import { Output } from "../../../lib/cli/output.ts";
import type { Purged } from "../../../lib/store/store.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

function told(purged: Purged): string {
  let said = "";
  const err = (text: string) => void (said += text);
  const terminal = { out: err, err, isInteractive: false, isTerminal: false, color: false };
  tellPurged(purged, { output: new Output(terminal), clock: new ManualClock() });
  return said;
}

Deno.test("older versions that were deleted are counted; where there were none, nothing is said", () => {
  assert.equal(told({ deleted: 0, left: null }), "");
  assert.equal(
    told({ deleted: 1_200, left: null }),
    "1,200 older versions of such files were deleted, too.\n",
  );
});

Deno.test("of those that may stay it is said until when, and how to end it", () => {
  for (
    const [days, says] of [
      [30, /^S3 may keep older versions of them until 2026-02-02, by the bucket's rules: /],
      [
        null,
        /^S3 may keep .* for as long as the bucket's rules say, which is 30 days with infra\/: /,
      ],
      [Infinity, /^S3 may keep .* for ever: no rule of the bucket deletes them: /],
    ] as const
  ) {
    const said = told({ deleted: 0, left: { days } });
    assert.match(said, says);
    assert.match(said, /s3:ListBucketVersions, s3:DeleteObjectVersion.*run this command again/);
  }
});

Deno.test("S3 counts whole days, and deletes at the midnight that follows", () => {
  assert.equal(dayAfter(3, Date.UTC(2026, 0, 1, 10, 30)), "2026-01-05");
});
