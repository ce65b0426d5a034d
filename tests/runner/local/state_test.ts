import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { stateFolder } from "../../../lib/base/folders.ts";
import { UserError } from "../../../lib/base/errors.ts";
import { localFolder } from "../../../lib/runner/local/state.ts";
import { localSecret } from "../../../lib/secrets/control_secret.ts";
import type { AwsAccess } from "../../../lib/base/aws.ts";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { personEnv } from "../../shipped.ts";
import { WITHOUT_LINKS } from "../../store/bucket_folder.ts";

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
    const secret = await localSecret(folder);
    assert.match(secret, /^[0-9a-f]{64}$/);
    assert.equal(await localSecret(folder), secret);
    const { mode } = await Deno.stat(join(folder, "runner", "secret"));
    assert.equal((mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("of many who want a folder's first secret all get the same, and nothing else is left", () =>
  inFolder(async (folder) => {
    const secrets = await Promise.all(Array.from({ length: 20 }, () => localSecret(folder)));
    assert.equal(new Set(secrets).size, 1);
    const names = await Array.fromAsync(Deno.readDir(join(folder, "runner")), ({ name }) => name);
    assert.deepEqual(names, ["secret"]);
  }));

Deno.test("on a disk without links too all get the same", () =>
  inFolder(async (folder) => {
    const secrets = await Promise.all(
      Array.from({ length: 20 }, () => localSecret(folder, WITHOUT_LINKS)),
    );
    assert.equal(new Set(secrets).size, 1);
    assert.match(secrets[0] ?? "", /^[0-9a-f]{64}$/);
    assert.equal(await localSecret(folder), secrets[0]);
    const names = await Array.fromAsync(Deno.readDir(join(folder, "runner")), ({ name }) => name);
    assert.deepEqual(names, ["secret"]);
  }));

Deno.test("a secret is neither read nor written through a link", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "others"));
    await Deno.mkdir(join(folder, "bucket"));
    await Deno.symlink("../others", join(folder, "bucket", "runner"));
    const says = { name: "UserError", message: /runner is a link/ };
    await assert.rejects(localSecret(join(folder, "bucket")), says);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, "others"))), []);
    await Deno.writeTextFile(join(folder, "others", "secret"), "known to others");
    await assert.rejects(localSecret(join(folder, "bucket")), says);
  }));

Deno.test("a secret that cannot be used is told, with where it is", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "runner", "secret"), { recursive: true });
    await assert.rejects(localSecret(folder), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(error.message, /runner\/secret cannot be used/);
      return true;
    });
  }));

Deno.test("a bucket has one folder in the person's state, whatever links lead to it, and no other bucket's", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "news"));
    await Deno.symlink("news", join(folder, "link"));
    const env = personEnv(join(folder, "home"));
    const place = (text: string, aws: AwsAccess = {}) =>
      localFolder({ bucket: parseBucket(text), aws, env });
    const here = await place(join(folder, "news"));
    assert.equal(dirname(here), join(stateFolder({ env }), "buckets"));
    assert.match(basename(here), /^news-[0-9a-f]{12}$/);
    assert.equal(
      await place(join(folder, "link")).then((path) => path.slice(-12)),
      here.slice(-12),
    );
    const s3 = await place("news");
    assert.equal(await place("s3://news/"), s3);
    assert.equal(await place("news", { endpoint: "https://s3.eu-central-1.amazonaws.com" }), s3);
    const mine = await place("news", { storeEndpoint: "http://127.0.0.1:9000" });
    assert.equal(await place("news", { storeEndpoint: "http://127.0.0.1:9000/" }), mine);
    assert.equal(new Set([here, s3, mine]).size, 3);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(folder)).then((all) => all.length), 2);
  }));

Deno.test("a state that others may write to is not used", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "b"));
    await Deno.chmod(join(folder, "b"), 0o777);
    await assert.rejects(localSecret(join(folder, "b")), {
      name: "UserError",
      message: /secret cannot be used: .* other users may write to it/,
    });
  }));
