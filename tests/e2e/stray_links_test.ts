import assert from "node:assert/strict";
import { inOneProcess } from "./program.ts";

Deno.test("links that lead out of a folder bucket hold up no command: they are named once, and not followed", () =>
  inOneProcess(async (place) => {
    const [user = ""] = place.sandbox.world.users.keys();
    await place.add({ id: "c", type: "user_timeline", users: { [user]: {} } });
    await place.harvest("c");
    const [harvest = ""] = await place.harvests("c");
    await Deno.mkdir(place.path("documents"));
    await Deno.writeTextFile(place.path("documents", "diary.json"), "SECRET");
    const bucket = place.path("twarc-cloud-data");
    const links = [
      `${bucket}/collections/a-link`,
      `${bucket}/collections/c/x`,
      `${bucket}/collections/c/compliance`,
      `${harvest}/notes`,
      `${bucket}/collections/c/harvests/2019`,
    ];
    for (const link of links) await Deno.symlink(place.path("documents"), link);
    const changes = `${bucket}/collections/c/changesets`;
    for (const name of ["change-x", "change-20190101000000"]) {
      await Deno.symlink(place.path("documents", "diary.json"), `${changes}/${name}.json`);
    }
    for (
      const [code, link, ...args] of [
        [0, "collections/a-link", "collection", "list"],
        [0, null, "collection", "once", "c", "--wait"],
        [0, "2019", "collection", "dehydrate", "c"],
        [0, "change-20190101000000.json", "collection-config", "changes", "c"],
        [1, "collections/a-link", "collection", "verify"],
        [1, "c/compliance", "collection", "verify", "c"],
        [1, "6 links lead out of the bucket: .* compliance", "collection", "download", "c"],
      ] as const
    ) {
      const { code: ended, out, err } = await place.run(...args);
      const name = `${args.join(" ")}: ${err}`;
      assert.equal(ended, code, name);
      assert.doesNotMatch(out + err, /SECRET/, name);
      if (link === null) continue;
      const named = new RegExp(
        `${link} (leads out of the bucket through a link, to [^ ]*documents|.not followed)`,
        "g",
      );
      assert.equal((out + err).match(named)?.length, 1, name);
    }
    assert.equal((await place.harvests("c")).length, 2);
  }));
