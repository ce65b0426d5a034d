import assert from "node:assert/strict";
import { join } from "node:path";
import { UserError } from "../../lib/errors.ts";
import { folderSecret } from "../../lib/runner/secret.ts";
import { WITHOUT_LINKS } from "../store/bucket_folder.ts";

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a folder's secret is long, and the person's own", () =>
  inFolder(async (folder) => {
    const secret = await folderSecret(folder);
    assert.match(secret, /^[0-9a-f]{64}$/);
    assert.equal(await folderSecret(folder), secret);
    const { mode } = await Deno.stat(join(folder, "runner", "secret"));
    assert.equal((mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("of many who want a folder's first secret all get the same, and nothing else is left", () =>
  inFolder(async (folder) => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => folderSecret(folder)));
    assert.equal(new Set(secrets).size, 1);
    const names = await Array.fromAsync(Deno.readDir(join(folder, "runner")), ({ name }) => name);
    assert.deepEqual(names, ["secret"]);
  }));

Deno.test("on a disk without links too all get the same", () =>
  inFolder(async (folder) => {
    const secrets = await Promise.all(
      Array.from({ length: 20 }, () => folderSecret(folder, WITHOUT_LINKS)),
    );
    assert.equal(new Set(secrets).size, 1);
    assert.match(secrets[0] ?? "", /^[0-9a-f]{64}$/);
    assert.equal(await folderSecret(folder), secrets[0]);
    const names = await Array.fromAsync(Deno.readDir(join(folder, "runner")), ({ name }) => name);
    assert.deepEqual(names, ["secret"]);
  }));

Deno.test("a secret is neither read nor written through a link", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "others"));
    await Deno.mkdir(join(folder, "bucket"));
    await Deno.symlink("../others", join(folder, "bucket", "runner"));
    const says = { name: "UserError", message: /runner is a link/ };
    await assert.rejects(folderSecret(join(folder, "bucket")), says);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "others"))), []);
    await Deno.writeTextFile(join(folder, "others", "secret"), "known to others");
    await assert.rejects(folderSecret(join(folder, "bucket")), says);
  }));

Deno.test("a secret that cannot be used is told, with where it is", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "runner", "secret"), { recursive: true });
    await assert.rejects(folderSecret(folder), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /runner\/secret cannot be used/);
      return true;
    });
  }));
