import assert from "node:assert/strict";
import {
  detectShell,
  makePrivate,
  mayBeShared,
  pathCommands,
  processCommands,
  setting,
  shWord,
  temporaryVariable,
} from "../../lib/base/shell.ts";

Deno.test("writes what is to be typed for the shell that it is typed in", () => {
  const typed = (env: Record<string, string>, os: string) =>
    setting(detectShell({ env, os }), "TWITTER_API_URL", "http://127.0.0.1:1/");
  assert.equal(typed({}, "linux"), "export TWITTER_API_URL=http://127.0.0.1:1/");
  assert.equal(typed({}, "windows"), '$env:TWITTER_API_URL = "http://127.0.0.1:1/"');
  assert.equal(typed({ PROMPT: "$P$G" }, "windows"), "set TWITTER_API_URL=http://127.0.0.1:1/");
  assert.equal(
    typed({ PROMPT: "$P$G", SHELL: "/usr/bin/bash" }, "windows"),
    "export TWITTER_API_URL=http://127.0.0.1:1/",
  );
});

Deno.test("names the commands and variables that the system has", () => {
  assert.deepEqual(processCommands(7, "linux"), { see: "ps -p 7 -o user,args", end: "kill 7" });
  assert.deepEqual(processCommands(7, "windows"), {
    see: 'tasklist /v /fi "PID eq 7"',
    end: "taskkill /pid 7 /f",
  });
  assert.deepEqual(["linux", "windows"].map(temporaryVariable), ["TMPDIR", "TEMP"]);
});

Deno.test("names the person in the words of the shell in which they close a file to others", () => {
  const typed = (env: Record<string, string>, os = "windows") =>
    makePrivate("D:\\a b", { env, os });
  const icacls = 'icacls "D:\\a b" /inheritance:r /grant:r';
  assert.equal(typed({}), `${icacls} "\${env:USERNAME}:F"`);
  assert.equal(typed({ PROMPT: "$P$G" }), `${icacls} "%USERNAME%:F"`);
  assert.equal(typed({ SHELL: "/usr/bin/bash" }), `MSYS_NO_PATHCONV=1 ${icacls} "$USERNAME:F"`);
  assert.equal(makePrivate("/a", { env: {}, os: "darwin" }), "chmod 600 /a");
  const path = "/Users/o'x/Library/Application Support/key";
  assert.equal(
    makePrivate(path, { env: {}, os: "darwin" }),
    "chmod 600 '/Users/o'\\''x/Library/Application Support/key'",
  );
});

Deno.test("takes a file outside of the person's own folder for one that others may read, on Windows", () => {
  const typist = { env: { USERPROFILE: "C:\\Users\\x" }, os: "windows" };
  assert.equal(mayBeShared("C:\\Users\\X\\.twarc", typist), false);
  assert.equal(mayBeShared("D:\\keys\\.twarc", typist), true);
  assert.equal(mayBeShared("/srv/.twarc", { env: {}, os: "linux" }), false);
});

Deno.test("what is shown for sh means the same path there, whatever it has in it", {}, async () => {
  const ran = async (line: string, env: Record<string, string> = {}) => {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", line], env }).output();
    return new TextDecoder().decode(stdout);
  };
  for (const path of ["/a", "/Library/Application Support", "/o'x/$HOME/`id`", '/a"b\\c & (d)']) {
    assert.equal(await ran(`printf %s ${shWord(path)}`), path);
    assert.equal(await ran(`${setting("sh", "A", path)}; printf %s "$A"`), path);
    const { now, always } = pathCommands(path, { env: {}, os: "linux" });
    const shown = 'printf "%s" "$PATH"';
    assert.equal(await ran(`PATH=/bin; ${now}; ${shown}`), `${path}:/bin`);
    const home = await Deno.makeTempDir();
    try {
      assert.equal(
        await ran(`${always}; PATH=/bin; . ~/.profile; ${shown}`, { HOME: home }),
        `${path}:/bin`,
      );
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  }
});

Deno.test("names the file that the person's shell reads when they log in", () => {
  const file = (SHELL: string | undefined, os: string) =>
    pathCommands("/a", { env: { SHELL }, os }).always.split(" >> ")[1];
  assert.equal(file("/bin/zsh", "darwin"), "~/.zprofile");
  assert.equal(file(undefined, "darwin"), "~/.zprofile");
  assert.equal(file("/bin/bash", "darwin"), "~/.profile");
  assert.equal(file("/bin/bash", "linux"), "~/.profile");
});
