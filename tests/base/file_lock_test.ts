import assert from "node:assert/strict";
import { join } from "node:path";
import { releaseFile } from "../../lib/base/file_lock.ts";
import { SpoolFolder } from "../../lib/harvest/spool_folder.ts";
import { withFolder } from "../fakes/folder.ts";

/** Runs while this process starts one program after the other. */
async function whileStarting(act: () => Promise<void>): Promise<void> {
  let isOver = false;
  const command = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" });
  const starting = [1, 2, 3, 4].map(async () => {
    while (!isOver) await command.output();
  });
  try {
    await act();
  } finally {
    isOver = true;
    await Promise.all(starting);
  }
}

Deno.test("a file that was locked is free at once, whatever programs this process is starting", () =>
  withFolder((folder) =>
    whileStarting(async () => {
      const path = join(folder, "lock");
      for (let i = 0; i < 150; i++) {
        const file = await Deno.open(path, { create: true, write: true });
        await file.lock(true);
        // Lets a program be started.
        await new Promise((resolve) => setTimeout(resolve, 1));
        await releaseFile(file);
        const next = await Deno.open(path, { write: true });
        assert.equal(await next.tryLock(true), true, `${i}`);
        await releaseFile(next);
      }
    })
  ));

Deno.test("what a harvester leaves is there for the next one at once, whatever programs this process is starting", () =>
  withFolder((parent) =>
    whileStarting(async () => {
      for (let i = 0; i < 80; i++) {
        const path = join(parent, `${i}`);
        const folder = await SpoolFolder.make(path);
        await new Promise((resolve) => setTimeout(resolve, 1));
        assert.equal(await SpoolFolder.isHeld(path), true);
        await folder.leave();
        assert.equal(await SpoolFolder.isHeld(path), false, `${i}`);
        // To look is not to hold.
        assert.equal(await SpoolFolder.isHeld(path), false, `${i}`);
      }
    })
  ));
