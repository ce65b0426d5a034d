import assert from "node:assert/strict";
import { join } from "node:path";
import { makeDemoFolder, noteDemo } from "../../lib/sandbox/demo_folder.ts";
import { asOnWindows } from "../fakes/windows.ts";
import { age, treeOf, withFolder } from "../store/bucket_folder.ts";

const OURS = { name: "UserError", hint: /--folder/ };

/** A folder as a demo leaves it. */
async function withDemo(use: (folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (place) => {
    const folder = join(place, "twarc-cloud-demo");
    await makeDemoFolder(folder);
    await Deno.mkdir(join(folder, "data", "deep"), { recursive: true });
    // A name that Windows has not, and a link, which may need a right there.
    const isWindows = Deno.build.os === "windows";
    const name = isWindows ? "tweets ä.gz" : "tweets\nä.gz";
    await Deno.writeTextFile(join(folder, "data", "deep", name), "tweets");
    await Deno.writeTextFile(join(folder, "collection.json"), "{}");
    if (!isWindows) await Deno.symlink("collection.json", join(folder, "link"));
    await noteDemo(folder);
    await use(folder);
  });
}

Deno.test("what the demo has left is removed by the next one, if it is as it was left", () =>
  withDemo(async (folder) => {
    await makeDemoFolder(folder);
    assert.deepEqual(await treeOf(folder), { ".made-by-twarc-cloud-demo": "" });
    await makeDemoFolder(folder);
  }));

for (
  const [what, change] of [
    ["a file of the person's", (folder) => Deno.writeTextFile(join(folder, "notes.txt"), "mine")],
    ["a folder of the person's", (folder) => Deno.mkdir(join(folder, "data", "mine"))],
    ["a file that the person has changed", async (folder) => {
      await Deno.writeTextFile(join(folder, "collection.json"), "[]");
      await age(join(folder, "collection.json"), 1);
    }],
    ["a link of the person's", (folder) => Deno.symlink("/", join(folder, "data", "root"))],
    ["a link in the place of a folder", async (folder) => {
      await Deno.rename(join(folder, "data"), `${folder}-moved`);
      await Deno.symlink(`${folder}-moved`, join(folder, "data"));
    }],
  ] satisfies [string, (folder: string) => Promise<void>][]
) {
  Deno.test(`a demo's folder with ${what} is left as it is`, () =>
    withDemo(async (folder) => {
      await change(folder);
      const before = await treeOf(join(folder, ".."));
      await assert.rejects(makeDemoFolder(folder), {
        ...OURS,
        message: /has files that are not the demo's: /,
      });
      assert.deepEqual(await treeOf(join(folder, "..")), before);
    }));
}

Deno.test("a folder that the demo did not make is left as it is, also where only its mark is a link", () =>
  withDemo(async (folder) => {
    const others = `${folder}-others`;
    await Deno.mkdir(others);
    await Deno.symlink(
      join(folder, ".made-by-twarc-cloud-demo"),
      join(others, ".made-by-twarc-cloud-demo"),
    );
    for (const place of [others, join(folder, "data")]) {
      await assert.rejects(makeDemoFolder(place), {
        ...OURS,
        message: /was not created by the demo/,
      });
    }
    assert.ok(await Deno.lstat(join(folder, "data", "deep")));
  }));

Deno.test("a folder on a share of Windows is refused before anything is made", () =>
  asOnWindows(() =>
    assert.rejects(makeDemoFolder("\\\\srv\\share\\demo"), {
      ...OURS,
      message: /^The folder of the demo \\\\srv\\share\\demo is on a network share/,
    })
  ));
