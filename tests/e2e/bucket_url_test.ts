import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { filesBelow, inOneProcess, until } from "./program.ts";

Deno.test("a harvester that was started by hand on a file: URL is stopped by the same secret, which is nowhere else", () =>
  inOneProcess(async (place) => {
    const [user = ""] = place.sandbox.world.users.keys();
    await place.add({ id: "tl", type: "user_timeline", users: { [user]: {} } });
    const bucket = pathToFileURL(place.path("twarc-cloud-data")).href;
    const child = place.spawn(["harvest", "run", "--bucket", bucket, "tl"]);
    try {
      const state = async () =>
        (await place.running("tl").catch(() => ({ state: undefined }))).state;
      await until(async () => await state() === "stopped");
      await place.ok("collection", "stop", "--now", "--bucket", bucket, "tl");
      const { code, stderr } = await child.output();
      assert.equal(code, 0, new TextDecoder().decode(stderr));
    } catch (error) {
      child.kill("SIGKILL");
      await child.output();
      throw error;
    }
    const secrets: string[] = [];
    for await (const file of filesBelow(place.folder)) {
      if (/secret$/.test(file)) secrets.push(file);
    }
    assert.equal(secrets.length, 1, secrets.join(", "));
  }));
