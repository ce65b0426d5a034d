import assert from "node:assert/strict";
import { join } from "node:path";
import { exportBag } from "../../../lib/cli/collection/export_bag.ts";
import { contextWith } from "../../fakes/context.ts";
import { namesIn, withFolder } from "../../fakes/folder.ts";
import { originalBuckets, placeIn } from "../../fakes/original_bucket.ts";

Deno.test("a bag that is interrupted while it is copied leaves nothing", () =>
  withFolder(async (folder) => {
    const [[, objects] = ["", new Map<string, Uint8Array>()]] = await originalBuckets();
    const bucket = join(folder, "bucket");
    await placeIn(bucket, objects);
    const before = new Set(await namesIn(folder));
    for (const output of ["bag", "bag.tar"]) {
      const controller = new AbortController();
      // The clock is looked at after each part: so much was written by then.
      const { clock } = contextWith({});
      const context = contextWith({
        env: { HOME: folder },
        signal: controller.signal,
        clock: {
          ...clock,
          now: () => clock.now(),
          monotonic: () => {
            controller.abort(new Error("Interrupted"));
            return clock.monotonic();
          },
        },
      });
      const request = { ids: ["people"], bucket, output: join(folder, output), json: false };
      await assert.rejects(exportBag(request, context), /Interrupted/);
      const made = (await namesIn(folder)).filter((name) => !before.has(name));
      assert.deepEqual(made.filter((name) => !/^(\.cache|Library|AppData)$/.test(name)), []);
    }
  }));
