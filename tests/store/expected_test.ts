import assert from "node:assert/strict";
import { join } from "node:path";
import { DamagedError } from "../../lib/base/errors.ts";
import { readBlocks, readWhole } from "../../lib/store/expected.ts";

const MIB = 1 << 20;

async function withFile(bytes: number, act: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const path = join(folder, "segment.gz");
    await Deno.writeTextFile(path, "the beginning");
    await Deno.truncate(path, bytes);
    await act(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a file that is read for an upload leaves no more behind than a small one", async () => {
  await withFile(32 * MIB, async (path) => {
    const before = Deno.memoryUsage().external;
    let [bytes, most] = [0, 0];
    for await (const block of readBlocks(path, { bytes: 32 * MIB })) {
      bytes += block.length;
      most = Math.max(most, Deno.memoryUsage().external - before);
    }
    assert.equal(bytes, 32 * MIB);
    assert.ok(most < 2 * MIB, `${most} bytes`);
  });
});

Deno.test("a file is read in one piece, whether or not its length is known", async () => {
  await withFile(MIB + 1, async (path) => {
    const content = await Deno.readFile(path);
    for (const size of [0, 1, MIB + 1, 2 * MIB]) {
      assert.deepEqual(await readWhole(path, { size }), content);
    }
  });
});

Deno.test("a file that is longer or shorter than it was is damaged, also in one piece", async () => {
  await withFile(MIB, async (path) => {
    for (const bytes of [MIB - 1, MIB + 1]) {
      await assert.rejects(readWhole(path, { size: bytes, expected: { bytes } }), DamagedError);
    }
  });
});
