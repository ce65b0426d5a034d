/** The Python programs that our files are checked with, in a virtual environment that is made once. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PEERS = fileURLToPath(new URL("../../.peers", import.meta.url));

/** What has Python read and write UTF-8 on every system: on Windows it takes the code page otherwise. */
export const PYTHON_ENV = { PYTHONUTF8: "1" };

/** The path of twarc2 with twarc-csv. Fails where Python is missing, with what to install. */
export async function twarc2(): Promise<string> {
  // twarc-csv 0.7.2 warns with a newer pandas.
  const wanted = ["twarc==2.14.0", "twarc-csv==0.7.2", "pandas==2.0.3", "numpy==1.26.4"];
  return program(await environment("twarc", wanted), "twarc2");
}

/** The path of a Python that has twarc 1.6.3, which the original was built on. Fails where Python is missing. */
export async function twarc1(): Promise<string> {
  // It needs six, and does not say so.
  return program(await environment("twarc1", ["twarc==1.6.3", "six==1.17.0"]), "python");
}

/**
 * What Python's programs make of files, one answer a job: the kind of each, its path, and what else it takes (tests/peers/exports.py). All
 * is done by one process.
 */
export async function pythonReads(
  jobs: [kind: string, path: string, ...others: string[]][],
): Promise<unknown[]> {
  const wanted = [
    "twarc==2.14.0",
    "twarc-csv==0.7.2",
    "pandas==2.3.3",
    "numpy==2.4.6",
    "six==1.17.0",
    "pyarrow==26.0.1",
    "duckdb==2.0.1",
    "networkx==3.6.1",
    "bagit==1.9.0",
    "rocrate==0.16.0",
  ];
  const python = program(await environment("exports", wanted), "python");
  const child = new Deno.Command(python, {
    args: [fileURLToPath(new URL("exports.py", import.meta.url))],
    env: PYTHON_ENV,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(JSON.stringify(jobs)));
  await input.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** The path of a moto server of our own. Fails where Python is missing. */
export async function motoServer(): Promise<string> {
  return program(await environment("moto", ["moto[server]==5.2.1"]), "moto_server");
}

/** A virtual environment with exactly these packages. */
async function environment(name: string, requirements: string[]): Promise<string> {
  const folder = join(PEERS, name);
  const done = join(folder, "requirements.txt");
  await Deno.mkdir(PEERS, { recursive: true });
  // Tests run side by side: one makes it, the others wait.
  using lock = await Deno.open(join(PEERS, "lock"), { create: true, write: true });
  await lock.lock(true);
  const wanted = requirements.join("\n");
  if (await Deno.readTextFile(done).catch(() => null) !== wanted) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    const help = "install Python 3 with venv (on Debian: apt-get install python3-venv)";
    await run(Deno.build.os === "windows" ? "python" : "python3", ["-m", "venv", folder], help);
    const python = program(folder, "python");
    // What is not imported need not be compiled.
    const options = ["install", "--quiet", "--no-compile", "--disable-pip-version-check"];
    await run(
      python,
      ["-m", "pip", ...options, ...requirements],
      "look whether the Python package index can be reached",
    );
    await Deno.writeTextFile(done, wanted);
  }
  return folder;
}

/** The path of a program of a virtual environment. */
function program(folder: string, name: string): string {
  return Deno.build.os === "windows"
    ? join(folder, "Scripts", `${name}.exe`)
    : join(folder, "bin", name);
}

async function run(command: string, args: string[], help: string): Promise<void> {
  const options = { args, stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const said = await (async () => await new Deno.Command(command, options).output())()
    .catch((error) => ({ success: false, stderr: new TextEncoder().encode(`${error}`) }));
  const text = new TextDecoder().decode(said.stderr);
  assert.ok(said.success, `${command} ${args.join(" ")} failed: ${help}\n${text}`);
}
