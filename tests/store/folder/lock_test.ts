import assert from "node:assert/strict";
import { ConflictError } from "../../../lib/base/errors.ts";
import { systemDisk } from "../../../lib/store/folder/disk.ts";
import { LocalStore } from "../../../lib/store/folder/store.ts";
import { storeContract } from "../../contract/store.ts";
import { inTurns } from "../../fakes/turns.ts";
import { asOnWindows } from "../../fakes/windows.ts";
import {
  claim,
  countUp,
  EXFAT_OF_WINDOWS,
  keysOf,
  OWN,
  startProcess,
  temporary,
  withFolder,
  WITHOUT_ANY,
  WITHOUT_LINKS,
  WITHOUT_LOCKS,
} from "../bucket_folder.ts";

const bytes = new TextEncoder().encode("0");

for (
  const [what, disk] of [
    ["a disk without links", WITHOUT_LINKS],
    ["a disk without locks", WITHOUT_LOCKS],
    ["a disk without either", WITHOUT_ANY],
  ] as const
) {
  storeContract(what, async () => {
    const { folder, close } = await temporary();
    return { store: await LocalStore.open(`${folder}/bucket`, { disk }), close };
  });
}

for (const disk of inTurns(["WITHOUT_LINKS", "WITHOUT_LOCKS", "WITHOUT_ANY"], 0, 3)) {
  Deno.test(`processes on a disk ${disk} lose no step, and of those that want absence one wins`, () =>
    withFolder(async (folder) => {
      const store = await LocalStore.open(folder);
      await store.put("n", bytes);
      const act = `${countUp(15)} ${claim(25)}`;
      const processes = Array.from({ length: 3 }, () => startProcess(folder, act, { disk }));
      const outputs = await Promise.all(processes.map((process) => process.output()));
      const won = outputs.map(({ stdout }) => Number(new TextDecoder().decode(stdout)));
      assert.equal(won.reduce((sum, n) => sum + n), 25);
      assert.equal(new TextDecoder().decode((await store.get("n"))?.bytes), "45");
      const left = (await Array.fromAsync(Deno.readDir(`${folder}/${OWN}`)))
        .filter(({ name }) => name.startsWith("lock"));
      assert.ok(left.length <= 5, "what is over is cleared");
    }));
}

Deno.test("a bucket on exFAT under Windows, which has an incorrect function for a link and a lock", () =>
  withFolder((folder) =>
    asOnWindows(async () => {
      const store = await LocalStore.open(`${folder}/bucket`, { disk: EXFAT_OF_WINDOWS });
      const version = await store.put("a/new", bytes, { ifAbsent: true });
      await assert.rejects(store.put("a/new", bytes, { ifAbsent: true }), ConflictError);
      await store.put("a/new", bytes, { ifVersion: version });
      await assert.rejects(store.put("a/new", bytes, { ifVersion: version }), ConflictError);
      await store.delete("a/new");
      assert.deepEqual(await keysOf(store), []);
    })
  ));

Deno.test("a turn that another one has taken over, after a long pause, writes nothing", () =>
  withFolder(async (folder) => {
    const store = await LocalStore.open(folder, {
      disk: {
        ...WITHOUT_LOCKS,
        // While this one, which has the first turn, is between looking and writing.
        sync: async () => {
          if (!await Deno.stat(`${folder}/${OWN}/lock-1`).catch(() => null)) return;
          await Deno.writeTextFile(`${folder}/${OWN}/lock-1000`, "");
        },
      },
    });
    await assert.rejects(store.put("a/b", bytes), { name: "OutsideError", message: /suspended/ });
    assert.deepEqual(await keysOf(store), []);
  }));

Deno.test("a lock whose file was removed while it was waited for is none: the next file is locked", () =>
  withFolder(async (folder) => {
    const path = `${folder}/${OWN}/lock`;
    let locked = 0;
    const store = await LocalStore.open(folder, {
      disk: {
        ...systemDisk,
        lock: async (file) => {
          await systemDisk.lock(file);
          if (++locked === 1) await Deno.remove(path);
        },
      },
    });
    await store.put("a", bytes);
    assert.equal(locked, 2);
    assert.ok((await Deno.lstat(path)).isFile);
  }));
