import assert from "node:assert/strict";
import { join } from "node:path";
import { defaultKeysPath, readProfile, writeProfile } from "../../lib/twitter/keys.ts";

const KEYS = {
  consumer_key: "a",
  consumer_secret: "b",
  access_token: "c",
  access_token_secret: "d",
};

async function inFile(text: string | null, use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    if (text !== null) await Deno.writeTextFile(join(folder, ".twarc"), text, { mode: 0o644 });
    await use(join(folder, ".twarc"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const TWO =
  "[main]\nconsumer_key = 1\nconsumer_secret = 2\naccess_token = 3\naccess_token_secret = 4\n\n" +
  "[other]\nconsumer_key=x==\nconsumer_secret=5\naccess_token=6\naccess_token_secret=7\nunknown = kept\n";

Deno.test("twarc's file is read: main, or the profile that is named", () =>
  inFile(TWO, async (path) => {
    assert.deepEqual(await readProfile(path), {
      consumer_key: "1",
      consumer_secret: "2",
      access_token: "3",
      access_token_secret: "4",
    });
    assert.equal((await readProfile(path, "other")).consumer_key, "x==");
  }));

Deno.test("the only profile is used whatever its name is", () =>
  inFile(TWO.slice(TWO.indexOf("[other]")), async (path) => {
    assert.equal((await readProfile(path)).access_token, "6");
  }));

Deno.test("a profile that is not there, or not whole, is named with those that are", () =>
  inFile(TWO.replace("access_token_secret=7\n", ""), async (path) => {
    await assert.rejects(
      readProfile(path, "third"),
      (error: { hint?: string }) => /main, other/.test(error.hint ?? ""),
    );
    await assert.rejects(readProfile(path, "other"), /has no access_token_secret/);
  }));

Deno.test("a missing file leads to configure", () =>
  inFile(null, async (path) => {
    await assert.rejects(readProfile(path), (error: { hint?: string }) =>
      /twarc-cloud configure/.test(error.hint ?? ""));
  }));

Deno.test("a profile is written beside the others, for the person alone", () =>
  inFile(TWO, async (path) => {
    await writeProfile(path, "other", KEYS);
    await writeProfile(path, "new", { bearer_token: "t" });
    assert.deepEqual(await readProfile(path, "other"), KEYS);
    assert.equal((await readProfile(path, "main")).consumer_key, "1");
    assert.deepEqual(await readProfile(path, "new"), { bearer_token: "t" });
    assert.match(await Deno.readTextFile(path), /unknown = kept/);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assert.equal((await Array.fromAsync(Deno.readDir(join(path, "..")))).length, 1);
  }));

Deno.test("the file lies in the person's home", () => {
  assert.equal(defaultKeysPath({ HOME: "/home/x" }), "/home/x/.twarc");
  assert.throws(() => defaultKeysPath({}), /home/);
});
