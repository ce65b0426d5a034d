import assert from "node:assert/strict";
import { writeProfile } from "../../lib/secrets/twarc_files.ts";
import { filesBelow, inPlace, type Place } from "./program.ts";

/** Runs a command as somebody whose files everybody may read and write, and that has to work. */
async function openly(place: Place, ...args: string[]): Promise<void> {
  const { code, stderr } = await place.spawn(args, {}, "umask 000").output();
  assert.equal(code, 0, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

/** Puts a query into the configuration file, as an editor does: its mode stays. */
async function search(place: Place, query: string): Promise<void> {
  const path = place.path("collection.json");
  const config = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...config, search: { query } }));
}

Deno.test({
  name:
    "what has a key or the control secret in it can be read by the person alone, whatever the umask is",
  // Modes are for systems that have them.
  fn: () =>
    inPlace(async (place) => {
      await writeProfile(place.path(".twarc"), "main", place.sandbox.keys);
      const template = ["template", "search", "--id", "find", "--api", "1.1", "--yes"];
      await openly(place, "collection-config", ...template);
      await openly(place, "collection-config", "keys");
      await search(place, "sandbox");
      await openly(place, "collection", "add");
      await openly(place, "collection", "once", "find", "--wait");
      await openly(place, "collection-config", "download", "find");
      await search(place, "sandbox -nothing");
      await openly(place, "collection-config", "update");
      await openly(place, "collection", "download", "find");
      const secret = await Deno.readTextFile(await place.runnerPath("secret"));
      const secrets = [...Object.values(place.sandbox.keys), secret.trim()];
      const open: string[] = [];
      const closed: string[] = [];
      for await (const path of filesBelow(place.folder)) {
        const { mode } = await Deno.stat(path);
        const text = await Deno.readTextFile(path).catch(() => "");
        if (!secrets.some((one) => one && text.includes(one))) continue;
        ((mode ?? 0) & 0o077 ? open : closed).push(path.slice(place.folder.length));
      }
      assert.deepEqual(open, []);
      const kept = ["/.twarc", "/twarc-cloud-data/collections/find/collection.json"];
      const own = (await place.runnerPath("secret")).slice(place.folder.length);
      for (const name of [...kept, own, "/collection.json"]) {
        assert.ok(closed.includes(name), `${name} has none`);
      }
    }),
});
