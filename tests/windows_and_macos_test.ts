import assert from "node:assert/strict";
import { parseBucket } from "../lib/base/bucket_ref.ts";
import { ROOT } from "./sources.ts";

/** The code of a language in the page on Windows and macOS. */
async function codeIn(language: string): Promise<string> {
  const text = await Deno.readTextFile(`${ROOT}docs/windows-and-macos.md`);
  const fenced = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, "gm");
  return [...text.matchAll(fenced)].map(([, code]) => code).join("");
}

Deno.test("the task that is shown for Windows goes on for months, on battery, and after a failure", async () => {
  const code = await codeIn("powershell");
  assert.match(code, /^Register-ScheduledTask .*-Settings \$settings$/m);
  const [settings = ""] = /^\$settings = New-ScheduledTaskSettingsSet .*$/m.exec(code) ?? [];
  for (
    const flag of [
      "-ExecutionTimeLimit 0",
      "-AllowStartIfOnBatteries",
      "-DontStopIfGoingOnBatteries",
      "-RestartCount 999",
      "-RestartInterval ",
    ]
  ) assert.ok(settings.includes(flag), flag);
  assert.doesNotMatch(code, /schtasks/, "it cannot set these");
});

Deno.test("the agent that is shown for macOS is started again, and keeps what it prints", async () => {
  const plist = await codeIn("xml");
  assert.match(plist, /<key>KeepAlive<\/key>\s*<true \/>/);
  for (const name of ["StandardOutPath", "StandardErrorPath"]) {
    assert.match(plist, new RegExp(`<key>${name}</key>\\s*<string>/.+\\.log</string>`));
  }
});

Deno.test("the smoke test of PowerShell collects the ids that it has written in UTF-16", async () => {
  const text = await Deno.readTextFile(`${ROOT}tests/elsewhere/smoke.ps1`);
  const written = text.indexOf("> ids.txt");
  assert.ok(written > 0 && text.indexOf("Run collection hydrate ids.txt", written) > written);
});

Deno.test("whatever names a folder is named where a bucket is explained", async () => {
  const help = (await Deno.readTextFile(`${ROOT}tests/snapshots/help.txt`)).replaceAll(/\s+/g, " ");
  const readme = await Deno.readTextFile(`${ROOT}README.md`);
  for (const text of [help, readme.replaceAll(/\s+/g, " ")]) {
    assert.match(text, /begins with `?\.`? or `?\/`?, or has a drive letter or a backslash/);
  }
  for (const folder of ["./a", "/a", "C:\\a", "C:a", "a\\b"]) {
    assert.equal(parseBucket(folder).kind, "folder", folder);
  }
});
