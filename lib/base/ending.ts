/** Handles the signals that ask this process to end. */

import process from "node:process";

/** Milliseconds in which a second SIGINT is the same Ctrl-C: `deno task` and `npx` forward the terminal's as well. */
const SAME_PRESS_MS = 1_000;

/** Ends the process gracefully for a command that uses its signal; for any other it ends at once. */
export class Ending {
  readonly #ending = new AbortController();
  readonly #exit: () => void;
  #isWanted = false;
  #outlives: boolean | undefined;
  /** Time of the first SIGINT, by the monotonic clock. */
  #pressed: number | undefined;

  /** @param exit Ends the process at once, without storing anything. */
  constructor(exit: () => void) {
    this.#exit = exit;
  }

  /**
   * Checks whether SIGHUP is ignored. Call it before anything listens, as Deno then handles every signal, and while
   * this process may still start programs.
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
        // Also Ctrl-Break, and closing the window: Windows ends the process when Deno's handler returns, mostly before
        // our code runs. The next harvest recovers what was not stored.
        for (const name of ["SIGHUP", "SIGBREAK"] as const) {
          Deno.addSignalListener(name, () => this.#ending.abort());
        }
      } else {
        process.on("SIGHUP", () => this.#outlives || this.#ending.abort());
      }
    }
    return this.#ending.signal;
  }

  /** Returns whether an error only reports that the process was asked to end. */
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
 * Returns whether this process was started to outlive its terminal, as by `nohup`: it and its children ignore SIGHUP.
 * False if unknown.
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
