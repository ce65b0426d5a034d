import assert from "node:assert/strict";
import { join } from "node:path";
import { launcherText, MARK } from "../../../lib/runner/local/launcher.ts";

/** A folder's name with what `cmd` reads otherwise outside of quotes, and in another code page. */
const NAME = "Jürgen Łuczak's main (1) & 100% ^!";

Deno.test("a launcher for cmd names each path within quotes only, outside of blocks, in lines that are read as UTF-8", () => {
  const command = ["C:\\deno.exe", "run", `C:\\${NAME}\\main.ts`];
  const lines = launcherText(command, { isWindows: true }).split("\r\n");
  const gone = "no longer exists. In the folder of twarc-cloud's source, run: " +
    `npx -y deno@${Deno.version.deno} task install 1>&2 & exit /b 1`;
  const chcp = '"%SystemRoot%\\System32\\chcp.com"';
  assert.deepEqual(lines, [
    "@echo off",
    `rem ${MARK}.`,
    "setlocal DisableDelayedExpansion",
    `for /f "tokens=2 delims=:." %%p in ('${chcp}') do set "_page=%%p"`,
    `${chcp} 65001 >nul`,
    'set "_0=C:\\deno.exe"',
    'set "_1=run"',
    `set "_2=C:\\Jürgen Łuczak's main (1) & 100%% ^!\\main.ts"`,
    `${chcp} %_page% >nul`,
    `if not exist "%_0%" echo Error: "%_0%" ${gone}`,
    `if not exist "%_2%" echo Error: "%_2%" ${gone}`,
    '"%_0%" "%_1%" "%_2%" %*',
    "",
  ]);
});

Deno.test("a launcher for cmd leaves the code page alone where all is ASCII", () => {
  const text = launcherText(["C:\\deno.exe", "run", "C:\\a & b\\main.ts"], { isWindows: true });
  assert.doesNotMatch(text, /chcp/);
});

for (const [name, kind] of [[NAME, "in other letters"], ["main (1) & 100% ^!", "in ASCII"]]) {
  Deno.test(
    `a launcher for cmd starts the program in a folder ${kind}, and says where it is gone`,
    { ignore: Deno.build.os !== "windows" },
    () => starts(name ?? ""),
  );
}

/** Starts a program in a folder by its launcher, removes the program, and starts it again. */
async function starts(name: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, name));
    const main = join(folder, name, "main.ts");
    await Deno.writeTextFile(main, "console.log(JSON.stringify(Deno.args)); Deno.exit(3);");
    const path = join(folder, "launcher.cmd");
    const command = [Deno.execPath(), "run", "--quiet", "--no-config", main];
    await Deno.writeTextFile(path, launcherText(command, { isWindows: true }));
    const ran = async () => {
      const args = ["/c", path, "a b", "c"];
      const { code, stdout, stderr } = await new Deno.Command("cmd", { args }).output();
      const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
      return { code, out: out.trim(), err: err.trim() };
    };
    const { code, out, err } = await ran();
    assert.equal(err, "");
    assert.equal(code, 3);
    assert.equal(out, '["a b","c"]');
    await Deno.remove(main);
    const gone = await ran();
    assert.equal(gone.code, 1);
    assert.equal(gone.out, "");
    assert.match(
      gone.err,
      /^Error: ".*main \(1\) & 100% \^!\\main\.ts" no longer exists\. .*install$/,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
