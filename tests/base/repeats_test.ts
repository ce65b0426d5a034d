import assert from "node:assert/strict";
import { temporaryVariable } from "../../lib/base/shell.ts";
import { UserError } from "../../lib/base/errors.ts";
import { Repeats } from "../../lib/base/repeats.ts";

async function found(repeats: Repeats): Promise<Map<string, number[]>> {
  const all = await Array.fromAsync(repeats.findRepeats());
  return new Map(all.map(({ id, groups }) => [id, groups]));
}

Deno.test("an id that comes more than once is found with the groups that it came in", async () => {
  const repeats = new Repeats();
  for (const [id, group] of [["7", 1], ["8", 1], ["7", 2], ["9", 3], ["9", 3]] as const) {
    await repeats.add(id, group);
  }
  assert.deepEqual(await found(repeats), new Map([["7", [1, 2]], ["9", [3, 3]]]));
  await repeats.close();
});

Deno.test("ids that only a rounded number would confuse are not the same", async () => {
  const repeats = new Repeats();
  await repeats.add("9007199254740992", 0);
  await repeats.add("9007199254740993", 0);
  assert.equal((await found(repeats)).size, 0);
  await assert.rejects(repeats.add(`${2n ** 64n}`, 0), SyntaxError);
  await repeats.close();
});

Deno.test("a million ids go to the disk, and are found there; nothing is left of it", async () => {
  const parent = await Deno.makeTempDir();
  try {
    const repeats = new Repeats(parent);
    const start = 1_000_000_000_000_000_000n;
    // As ids of tweets are: the last 22 bits are mostly 0.
    for (let i = 0n; i < 1_000_000n; i++) await repeats.add(`${start + (i << 22n)}`, 1);
    for (const i of [0n, 123_456n, 999_999n]) await repeats.add(`${start + (i << 22n)}`, 2);
    const [folder] = await Array.fromAsync(Deno.readDir(parent));
    const spilled = await Array.fromAsync(Deno.readDir(`${parent}/${folder?.name}`));
    assert.ok(spilled.length > 200, "Ids come into all parts alike");
    assert.deepEqual(
      [...(await found(repeats)).values()],
      [[1, 2], [1, 2], [1, 2]],
    );
    await repeats.close();
    assert.deepEqual(await Array.fromAsync(Deno.readDir(parent)), []);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
});

Deno.test("a folder for temporary files that is not there, or may not be written, is the person's to change", async () => {
  for (const parent of ["/nowhere/tmp", "/proc"]) {
    const repeats = new Repeats(parent);
    const filling = async () => {
      for (let i = 0; i < 1_024; i++) await repeats.add("7", 1);
    };
    await assert.rejects(filling(), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /^The disk for temporary files cannot be written: /);
      assert.match(error.hint ?? "", new RegExp(`set ${temporaryVariable()} to another disk`));
      return true;
    });
    await repeats.close();
  }
});
