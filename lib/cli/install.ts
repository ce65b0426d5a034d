/** The command `twarc-cloud install`: puts a command `twarc-cloud` into the PATH, while there is no binary. */

import type { Command } from "@commander-js/extra-typings";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { readTextFile, removeFile, renameFile } from "../base/in_use.ts";
import { errorMessage, UserError } from "../base/errors.ts";
import { stateFolder } from "../base/folders.ts";
import { pathCommands } from "../base/shell.ts";
import { launcherText, MARK } from "../runner/local/launcher.ts";
import { example } from "./options.ts";
import type { Context } from "./context.ts";

/** The path of a Deno that npm has cached, and may remove. */
const OF_NPM = /[\\/]node_modules[\\/]/;

/** Completes the command. */
export function fillInstall(command: Command, context: Context): void {
  command
    .description(
      "Writes a small program twarc-cloud that starts this one from its source, from any folder. Run " +
        "it again after you have moved the source.",
    )
    .option("--folder <path>", "folder for it (default: ~/.local/bin)")
    .addHelpText("after", example("install"))
    .action(async ({ folder }) => {
      const { output, env, self } = context;
      const [deno = "", ...args] = self;
      if (args.length === 0) {
        throw new UserError("This is the binary: there is nothing to install", {
          hint: `Copy it into a folder of your PATH: ${deno}`,
        });
      }
      const isWindows = Deno.build.os === "windows";
      const target = resolve(folder ?? join(homedir(), ".local", "bin"));
      const path = join(target, isWindows ? "twarc-cloud.cmd" : "twarc-cloud");
      await checkOurs(path);
      const kept = OF_NPM.test(deno) ? await keptDeno(deno, stateFolder({ env })) : deno;
      await write(path, launcherText([kept, ...args], { isWindows }));
      output.line(`Installed: ${path}`);
      if (env.PATH?.split(delimiter).map((one) => resolve(one)).includes(target)) {
        return output.line("Try it: twarc-cloud demo");
      }
      if (isWindows) {
        return output.line(
          `Add ${target} to your PATH (Settings, "Edit environment variables"), and open a new terminal.`,
        );
      }
      const { now, always } = pathCommands(target, { env });
      output.line("That folder is not in your PATH yet. To add it, for this terminal:");
      output.line(`  ${now}`);
      output.line("and for each one after you log in again:");
      output.line(`  ${always}`);
      output.line("Then try it: twarc-cloud demo");
    });
}

/** Checks that a file was written by this command. @throws UserError if not. */
async function checkOurs(path: string): Promise<void> {
  const found = await readTextFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (found === null || found.includes(MARK)) return;
  throw new UserError(`${path} already exists, and was not written by this command`, {
    hint: "Move it away, or choose another folder with --folder.",
  });
}

/** Returns a Deno that survives npm's cleanup: a hard link, or a copy on another disk. */
async function keptDeno(deno: string, folder: string): Promise<string> {
  const path = join(
    folder,
    `deno-${Deno.version.deno}${Deno.build.os === "windows" ? ".exe" : ""}`,
  );
  await Deno.mkdir(folder, { recursive: true });
  const made = `${path}.${crypto.randomUUID()}`;
  await Deno.link(deno, made).catch(() => Deno.copyFile(deno, made));
  await renameFile(made, path);
  return path;
}

/** Writes a program, completely or not at all. @throws UserError if the folder is not writable. */
async function write(path: string, text: string): Promise<void> {
  const made = `${path}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    await Deno.writeTextFile(made, text, { mode: 0o755 });
    await renameFile(made, path);
  } catch (cause) {
    await removeFile(made).catch(() => {});
    throw new UserError(`${path} cannot be written: ${errorMessage(cause)}`, {
      cause,
      hint: "Choose another folder with --folder.",
    });
  }
}
