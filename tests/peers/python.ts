/** The Python programs that our files are checked with, in a virtual environment that is made once. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Exact versions; twarc-csv 0.7.2 warns with a newer pandas. */
const REQUIREMENTS = ["twarc==2.14.0", "twarc-csv==0.7.2", "pandas==2.0.3", "numpy==1.26.4"];
const PEERS = fileURLToPath(new URL("../../.peers", import.meta.url));

/** The path of twarc2 with twarc-csv. Fails where Python is missing, with what to install. */
export async function twarc2(): Promise<string> {
  const folder = join(PEERS, "twarc");
  const done = join(folder, "requirements.txt");
  await Deno.mkdir(PEERS, { recursive: true });
  // Tests run side by side: one makes it, the others wait.
  using lock = await Deno.open(join(PEERS, "lock"), { create: true, write: true });
  await lock.lock(true);
  const wanted = REQUIREMENTS.join("\n");
  if (await Deno.readTextFile(done).catch(() => null) !== wanted) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    const help = "install Python 3 with venv (on Debian: apt-get install python3-venv)";
    await run("python3", ["-m", "venv", folder], help);
    const pip = join(folder, "bin", "pip");
    const options = ["install", "--quiet", "--disable-pip-version-check"];
    await run(
      pip,
      [...options, ...REQUIREMENTS],
      "look whether the Python package index can be reached",
    );
    await Deno.writeTextFile(done, wanted);
  }
  return join(folder, "bin", "twarc2");
}

async function run(command: string, args: string[], help: string): Promise<void> {
  const options = { args, stdin: "null", stdout: "piped", stderr: "piped" } as const;
  const said = await new Deno.Command(command, options).output()
    .catch((error) => ({ success: false, stderr: new TextEncoder().encode(`${error}`) }));
  const text = new TextDecoder().decode(said.stderr);
  assert.ok(said.success, `${command} ${args.join(" ")} failed: ${help}\n${text}`);
}
