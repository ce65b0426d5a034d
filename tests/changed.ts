/**
 * Runs the tests that a change can reach: those that import, however indirectly, a file that differs from `main` or
 * is not committed, and those that start the program where it does. `deno task test-changed [commit]`.
 */

import { dependants, reached, ROOT } from "./sources.ts";

const print = (line: string) => Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));

/** Lists what differs from a commit, and what Git does not know yet, by paths from the project's folder. */
async function changedSince(commit: string): Promise<string[]> {
  const base = (await git("merge-base", commit, "HEAD")).trim();
  const lines = await git("diff", "--name-only", base) +
    await git("ls-files", "--others", "--exclude-standard");
  return lines.split("\n").filter((line) => line !== "");
}

async function git(...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command("git", { args, cwd: ROOT }).output();
  const decoder = new TextDecoder();
  if (!success) {
    print(decoder.decode(stderr).trim());
    Deno.exit(1);
  }
  return decoder.decode(stdout);
}

const changed = (await changedSince(Deno.args[0] ?? "main")).map((path) => `${ROOT}${path}`);
const tests = [...reached(changed, await dependants())]
  .filter((path) => path.endsWith("_test.ts") && !path.includes("/tests/together/"))
  .map((path) => path.slice(ROOT.length)).toSorted();
if (tests.length === 0) {
  print("No test can be reached by what changed.");
  Deno.exit(0);
}
print(`${tests.length} test files can be reached by what changed.`);
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "--no-check", "--parallel", "--preload=tests/bounds.ts", "--allow-all", ...tests],
  cwd: ROOT,
}).spawn().status;
Deno.exit(code);
