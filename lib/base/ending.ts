/** How the person or the system asks this process to end: by signals. */

import process from "node:process";

/** Milliseconds in which a second SIGINT is the same Ctrl-C: `deno task` and `npx` pass on what the terminal has sent as well. */
const SAME_PRESS_MS = 1_000;

/** Ends the process in good order, for a command that asks for it; any other ends at once. */
export class Ending {
  readonly #ending = new AbortController();
  readonly #exit: () => void;
  #isWanted = false;
  #outlives: boolean | undefined;
  /** When the first SIGINT came, by the monotonic clock. */
  #pressed: number | undefined;

  /** @param exit Ends the process at once, with nothing stored. */
  constructor(exit: () => void) {
    this.#exit = exit;
  }

  /**
   * Looks what this process was started for, where that was not done: before anything is listened for, as Deno then
   * takes every signal and ignores none, and while this process may start programs.
   */
  prepare(): void {
    this.#outlives ??= outlivesTerminal();
  }

  /** Aborted by SIGINT, SIGTERM or SIGHUP, on Windows by SIGBREAK too; a second Ctrl-C ends the process at once. */
  get signal(): AbortSignal {
    if (!this.#isWanted) {
      this.#isWanted = true;
      this.prepare();
      process.on("SIGINT", () => this.#press());
      process.on("SIGTERM", () => this.#ending.abort());
      if (Deno.build.os === "windows") {
        // Ctrl-Break, and closing the window, after which Windows ends the process when Deno's handler has returned:
        // mostly before anything here is run. What was not stored yet is found by the next harvest.
        for (const name of ["SIGHUP", "SIGBREAK"] as const) {
          Deno.addSignalListener(name, () => this.#ending.abort());
        }
      } else {
        process.on("SIGHUP", () => this.#outlives || this.#ending.abort());
      }
    }
    return this.#ending.signal;
  }

  /** Returns whether an error says no more than that the process was asked to end. */
  isOver(error: unknown): boolean {
    const { signal } = this.#ending;
    return signal.aborted && error === signal.reason;
  }

  #press(): void {
    const now = performance.now();
    this.#pressed ??= now;
    if (now - this.#pressed > SAME_PRESS_MS) this.#exit();
    this.#ending.abort();
  }
}

/**
 * Returns whether this process was started to outlive its terminal, as by `nohup`: it ignores SIGHUP, as do the processes
 * that it starts. False where that cannot be known.
 */
function outlivesTerminal(): boolean {
  const [command, ...args] = Deno.build.os === "linux"
    ? ["cat", "/proc/self/status"] as const
    : ["ps", "-o", "sigignore=", "-p", `${Deno.pid}`] as const;
  try {
    const { stdout } = new Deno.Command(command, { args, stderr: "null" }).outputSync();
    const mask = /^(?:SigIgn:)?\s*([0-9a-f]+)\s*$/m.exec(new TextDecoder().decode(stdout))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
