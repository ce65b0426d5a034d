import assert from "node:assert/strict";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { inOneProcess } from "./program.ts";
import { withTwoFiles } from "./two_harvests.ts";

for (const api of ["1.1", "2"]) {
  Deno.test(`dehydrate prints every tweet's id once, of every harvest, with version ${api}`, () =>
    inOneProcess(async (place) => {
      await place.add({ id: "find", type: "search", api, search: { query: "sandbox" } });
      assert.equal(await place.ok("collection", "dehydrate", "find"), "");
      await place.harvest("find");
      const [user = ""] = place.sandbox.world.users.keys();
      place.sandbox.world.post(user, 3);
      await place.harvest("find");
      const ids = (await place.ok("collection", "dehydrate", "find")).trimEnd().split("\n");
      const wanted = place.sandbox.world.search("sandbox", { count: 1_000 }).map((status) =>
        `${status.id}`
      );
      assert.deepEqual(ids.toSorted(), wanted.toSorted());
    }, { world: World.create({ clock: systemClock, users: 3, tweetsPerUser: 80 }) }));
}

const refused = (says: string) =>
  new RegExp(
    `^Error: .*${says}.* Check it with \`twarc-cloud collection verify find\`\\.\\n$`,
  );

Deno.test("a file that is damaged is named by dehydrate, after the ids of the others", () =>
  withTwoFiles(async (place, [file]) => {
    const whole = await Deno.readFile(file);
    const damages = [
      whole.slice(0, 100),
      gzipSync("\0\0\n"),
      gzipSync('{"id":1}\n{"no":"id"}\n'),
      new Uint8Array(),
    ];
    for (const damaged of damages) {
      await Deno.writeFile(file, damaged);
      const { code, out, err } = await place.run("collection", "dehydrate", "find");
      assert.match(err, refused(`${basename(file)} cannot be read`));
      assert.equal(code, 3);
      assert.equal(out.split("\n").filter((id) => id.length > 5).length, 3);
    }
    await Deno.remove(file);
    const { code, err } = await place.run("collection", "dehydrate", "find");
    assert.match(err, refused(`${basename(file)} is listed in its manifest but missing`));
    assert.equal(code, 3);
  }));

Deno.test("files that are damaged are told in one line", () =>
  withTwoFiles(async (place, files) => {
    for (const file of files) await Deno.writeTextFile(file, "rubbish");
    const { code, out, err } = await place.run("collection", "dehydrate", "find");
    const [first, second] = files.map((file) => basename(file));
    assert.match(err, refused(`2 files cannot be read: .*${first}, .*${second}`));
    assert.deepEqual({ code, out }, { code: 3, out: "" });
  }));
