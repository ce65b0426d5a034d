/**
 * Runs the demo and every test file with Deno's Windows binary, under Wine 10 or later, each by itself: `deno task
 * test-windows [test files]`. DENO_WINDOWS names a deno.exe; without it `npm pack` brings one.
 */

import { join } from "node:path";
import { denoFolder } from "../../lib/base/folders.ts";
import { startMoto } from "../peers/moto.ts";
import { ROOT, sources } from "../sources.ts";

const encoder = new TextEncoder();
const print = (line: string) => Deno.stdout.writeSync(encoder.encode(`${line}\n`));

/** Runs a command to its end. @returns Whether it went well, and what it printed. */
async function ran(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args,
      cwd,
      env,
      stdin: "null",
      // A detached child of Wine keeps a pipe open.
      stderr: "null",
    }).output();
    return { success, text: new TextDecoder().decode(stdout) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { success: false, text: "" };
    throw error;
  }
}

/** Gets a deno.exe of this Deno's version. */
async function denoForWindows(folder: string): Promise<string> {
  const named = Deno.env.get("DENO_WINDOWS");
  if (named) return named;
  const name = `@deno/win32-x64@${Deno.version.deno}`;
  const packed = await ran("npm", ["pack", "--silent", name], folder);
  const unpacked = packed.success && await ran("tar", ["xzf", packed.text.trim()], folder);
  if (unpacked && unpacked.success) return join(folder, "package", "deno.exe");
  print(`${name} cannot be fetched with npm: name a deno.exe with DENO_WINDOWS.`);
  Deno.exit(1);
}

const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-wine-" });
try {
  const { text: version } = await ran("wine", ["--version"], folder);
  if (Number(/^wine-(\d+)/.exec(version)?.[1]) >= 10) await main(await denoForWindows(folder));
  else {print(
      `Wine 10 or later is wanted: ${version.trim() || "there is no wine"}. Nothing was run.`,
    );}
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Lists every test file, by its path from the project's folder; each of them alone, not in its group. */
async function testFiles(): Promise<string[]> {
  return (await sources(`${ROOT}tests`)).map((path) => path.slice(ROOT.length))
    .filter((path) => path.endsWith("_test.ts") && !path.startsWith("tests/together/")).toSorted();
}

async function main(deno: string): Promise<void> {
  // Python is outside of Wine.
  const moto = await startMoto();
  try {
    await runAll(deno, moto.url);
  } finally {
    await moto.close();
  }
}

async function runAll(deno: string, moto: string): Promise<void> {
  const env = {
    WINEDEBUG: "-all",
    // The packages that are there are the same for every system.
    DENO_DIR: `Z:${denoFolder({ env: Deno.env.toObject() }).replaceAll("/", "\\")}`,
    NO_COLOR: "1",
    TWARC_CLOUD_TEST_WINE: "1",
    TWARC_CLOUD_TEST_MOTO: moto,
  };
  const wine = (...args: string[]) => ran("wine", [deno, ...args], ROOT, env);
  let failed = 0;
  if (Deno.args.length === 0) {
    const demo = await wine(
      "run",
      "--cached-only",
      "--allow-all",
      "main.ts",
      "demo",
      "--folder",
      folder + "/demo",
    );
    const last = demo.text.trimEnd().split("\n").at(-1) ?? "";
    print(demo.success ? "ok: the demo" : `FAILED: the demo, after: ${last}`);
    if (!demo.success) failed++;
  }
  const options = [
    "--no-check",
    "--preload=tests/bounds.ts",
    "--allow-all",
    "--quiet",
    "--cached-only",
  ];
  for (const file of Deno.args.length > 0 ? Deno.args : await testFiles()) {
    const { success, text } = await wine("test", ...options, file);
    print(`${success ? "ok" : "FAILED"}: ${file} ${/^(?:ok|FAILED) \|.*$/m.exec(text)?.[0] ?? ""}`);
    for (const line of text.match(/^.* \.\.\. FAILED.*$/gm) ?? []) print(`  ${line}`);
    if (!success) failed++;
  }
  print(failed === 0 ? "Everything holds." : `${failed} failed.`);
  if (failed > 0) Deno.exitCode = 1;
}
