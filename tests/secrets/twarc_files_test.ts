import assert from "node:assert/strict";
import { join } from "node:path";
import {
  defaultKeysPath,
  keysPaths,
  listProfiles,
  readProfile,
  writeProfile,
} from "../../lib/secrets/twarc_files.ts";

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
    assert.deepEqual(await readProfile([path]), {
      consumer_key: "1",
      consumer_secret: "2",
      access_token: "3",
      access_token_secret: "4",
    });
    assert.equal((await readProfile([path], "other")).consumer_key, "x==");
  }));

Deno.test("the only profile is used whatever its name is", () =>
  inFile(TWO.slice(TWO.indexOf("[other]")), async (path) => {
    assert.equal((await readProfile([path])).access_token, "6");
  }));

Deno.test("a profile that is not there, or not whole, is named with those that are", () =>
  inFile(TWO.replace("access_token_secret=7\n", ""), async (path) => {
    await assert.rejects(
      readProfile([path], "third"),
      (error: { hint?: string }) => /main \(.*\.twarc\), other \(/.test(error.hint ?? ""),
    );
    await assert.rejects(readProfile([path], "other"), /has no access_token_secret/);
  }));

Deno.test("a missing file leads to configure", () =>
  inFile(null, async (path) => {
    await assert.rejects(readProfile([path]), (error: { hint?: string }) =>
      /twarc-cloud configure/.test(error.hint ?? ""));
  }));

Deno.test("a profile is written beside the others, for the person alone", () =>
  inFile(TWO, async (path) => {
    await writeProfile(path, "other", KEYS);
    await writeProfile(path, "new", { bearer_token: "t" });
    assert.deepEqual(await readProfile([path], "other"), KEYS);
    assert.equal((await readProfile([path], "main")).consumer_key, "1");
    assert.deepEqual(await readProfile([path], "new"), { bearer_token: "t" });
    assert.match(await Deno.readTextFile(path), /unknown = kept/);
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    assert.equal((await Array.fromAsync(Deno.readDir(join(path, "..")))).length, 1);
  }));

Deno.test("every line that is not a key of the profile stays as it is", () => {
  const odd = `# mine\n[a.b]\n${TWO.slice(7)}\n; end of it\n[z]\nk = x==#;\n`;
  return inFile(odd, async (path) => {
    await writeProfile(path, "other", KEYS);
    const lines = (text: string) =>
      text.split("\n").filter((line) => !/^(consumer|access)_/.test(line));
    const text = await Deno.readTextFile(path);
    assert.deepEqual(lines(text), lines(odd));
    assert.equal((await readProfile([path], "a.b")).consumer_key, "1");
    await writeProfile(path, "c.d", KEYS);
    assert.ok((await Deno.readTextFile(path)).startsWith(text.trimEnd()));
    assert.deepEqual(await readProfile([path], "c.d"), KEYS);
  });
});

Deno.test("a bearer token takes the place of the four keys", () =>
  inFile(TWO, async (path) => {
    await writeProfile(path, "main", { bearer_token: " t\n" });
    assert.deepEqual(await readProfile([path]), { bearer_token: "t" });
  }));

Deno.test("what would make another section or line is refused, and nothing is written", () =>
  inFile(TWO, async (path) => {
    for (const name of ["", " ", "a]b", "[a", "a\nb"]) {
      await assert.rejects(writeProfile(path, name, KEYS), /cannot be the name of a profile/);
    }
    const keys = { ...KEYS, access_token: "c\n[main]" };
    await assert.rejects(writeProfile(path, "new", keys), /access_token has more than one line/);
    assert.equal(await Deno.readTextFile(path), TWO);
  }));

Deno.test("a file that is a link stays one", () =>
  inFile(TWO, async (path) => {
    await Deno.rename(path, `${path}-elsewhere`);
    await Deno.symlink(`${path}-elsewhere`, path);
    await writeProfile(path, "main", KEYS);
    assert.ok((await Deno.lstat(path)).isSymlink);
    assert.deepEqual(await readProfile([path]), KEYS);
  }));

Deno.test("the file lies in the person's home", () => {
  assert.equal(defaultKeysPath({ env: { HOME: "/home/x" } }), "/home/x/.twarc");
  const env = { HOME: "/git/home", USERPROFILE: "/users/x" };
  assert.equal(defaultKeysPath({ env, os: "linux" }), "/git/home/.twarc");
  assert.equal(defaultKeysPath({ env, os: "windows" }), "/users/x/.twarc");
  assert.throws(() => defaultKeysPath({ env: {} }), /home/);
});

Deno.test("twarc2's file is found where its system keeps such files", () => {
  const at = (os: string, env: Record<string, string>) => keysPaths({ os, env })[1];
  assert.equal(at("linux", { HOME: "/home/x" }), "/home/x/.config/twarc/config");
  assert.equal(at("linux", { HOME: "/home/x", XDG_CONFIG_HOME: "/c" }), "/c/twarc/config");
  assert.equal(
    at("darwin", { HOME: "/Users/x", XDG_CONFIG_HOME: "/c" }),
    "/Users/x/Library/Application Support/twarc/config",
  );
  assert.equal(
    at("windows", { USERPROFILE: "/u", APPDATA: "/u/AppData/Roaming" }),
    "/u/AppData/Roaming/twarc/config",
  );
  assert.equal(keysPaths({ env: { HOME: "/home/x" } })[0], "/home/x/.twarc");
});

/** As `twarc2 configure` writes it: names and Python's texts, above any section. */
const TWARC2 = `consumer_key = 'k='\nconsumer_secret = "it's"\nbearer_token = 'AAA%3D#;x'\n`;

Deno.test("twarc2's keys are main where twarc has no profile of that name, and its sections are profiles", () =>
  inFile(TWO, async (path) => {
    const second = `${path}-2`;
    await Deno.writeTextFile(
      second,
      `${TWARC2}[other]\nbearer_token='o'\n[lab]\nbearer_token='l'\n`,
    );
    const both = [path, second];
    assert.equal((await readProfile(both)).access_token, "3", "~/.twarc wins");
    assert.equal((await readProfile(both, "other")).consumer_key, "x==");
    assert.deepEqual(await readProfile(both, "lab"), { bearer_token: "l" });
    assert.deepEqual(
      (await listProfiles(both)).map((one) => [one.name, one.path]),
      [["main", path], ["other", path], ["lab", second]],
    );
    await assert.rejects(
      readProfile(both, "third"),
      (error: { hint?: string }) => /main \(.*other \(.*lab \(.*-2\)/.test(error.hint ?? ""),
    );
    await Deno.remove(path);
    assert.deepEqual(await readProfile(both), {
      consumer_key: "k=",
      consumer_secret: "it's",
      bearer_token: "AAA%3D#;x",
    });
  }));

Deno.test("a consumer pair is a whole profile, and a user's keys that were begun have to be whole", () =>
  inFile("[main]\nconsumer_key=a\nconsumer_secret=b\n", async (path) => {
    assert.deepEqual(await readProfile([path]), { consumer_key: "a", consumer_secret: "b" });
    await Deno.writeTextFile(path, "access_token = c\n", { append: true });
    await assert.rejects(readProfile([path]), /has no access_token_secret$/);
  }));
