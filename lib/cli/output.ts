/** Prints and asks: the only place that knows the terminal. */

import process from "node:process";
import type { Writable } from "node:stream";
import { InterruptedError, UsageError } from "../base/errors.ts";
import { oneLine, visible } from "../base/visible.ts";
import { withBucket, withConfigFile } from "./named_bucket.ts";
import { fitLine, wrapText } from "./text/fit.ts";

/** Number of names that are shown of many. */
export const FEW = 5;

/** The terminal, with its input and output. */
export interface Terminal {
  /** Writes results to standard output. */
  out: (text: string) => void;
  /** Writes binary data to standard output. */
  outBytes?: (bytes: Uint8Array) => void;
  /** Writes everything else to standard error. */
  err: (text: string) => void;
  /** Whether a person can be asked. */
  isInteractive: boolean;
  /** Whether standard error is a terminal, which can show progress. */
  isTerminal: boolean;
  /** Whether standard output is a terminal. */
  isOutTerminal?: boolean;
  /** Whether to use colours. */
  color: boolean;
  /** Current width of the terminal; 0 if unknown. */
  columns?: () => number;
  /** Reads a line of standard input that is not a terminal; null if none comes soon. */
  pipedLine?: () => Promise<string | null>;
}

/** Live progress of a long operation. */
export interface Progress {
  /** Shows a state; without a terminal only now and then, a line each. */
  show(text: string): void;
  /** Prints a line that stays. */
  note(text: string): void;
  /** Ends the progress, with a last line. */
  end(text?: string): void;
}

/** Milliseconds between two lines of progress without a terminal. */
const LINE_EVERY_MS = 10_000;

/** Columns of a terminal of unknown width. */
const USUAL = 80;

/** Prints and asks. */
export class Output {
  readonly #terminal: Terminal;
  /** The bucket that the person named, to be named in suggested commands too. */
  bucket: string | undefined;
  /** The configuration file that the person named, likewise. */
  configFile: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** Current width of the terminal. */
  get columns(): number {
    const { isTerminal, isOutTerminal, columns } = this.#terminal;
    return isTerminal || isOutTerminal ? columns?.() || USUAL : USUAL;
  }

  /** Prints a line of the result. */
  line(text: string): void {
    const { out, isOutTerminal = false } = this.#terminal;
    const line = oneLine(this.#complete(text));
    out(`${isOutTerminal ? wrapText(line, this.columns) : line}\n`);
  }

  /** Prints a line on what goes on; a failure to write it is ignored. */
  report(text: string): void {
    try {
      this.line(text);
    } catch {
      // Nobody reads it, or the disk is full.
    }
  }

  /** Prints a block of a file, with control characters escaped on a terminal. */
  data(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    this.#terminal.out(this.#terminal.isOutTerminal ? visible(text) : text);
  }

  /** Writes a block of a binary file. @throws UsageError if standard output is a terminal */
  binary(bytes: Uint8Array): void {
    const { isOutTerminal, outBytes } = this.#terminal;
    if (!isOutTerminal && outBytes) return outBytes(bytes);
    throw new UsageError("A terminal cannot show this file", {
      hint: "Redirect it to a file or a program: `> FILE`, `| PROGRAM`.",
    });
  }

  /** Prints the result as JSON. */
  json(value: unknown): void {
    this.#terminal.out(`${visible(JSON.stringify(value, null, 2))}\n`);
  }

  /** Prints a note. */
  note(text: string): void {
    this.#terminal.err(`${this.#fitErr(visible(this.#complete(text)))}\n`);
  }

  /** Prints an error, in red if colours are used. */
  error(text: string): void {
    const line = this.#fitErr(`Error: ${oneLine(this.#complete(text))}`);
    this.#terminal.err(this.#terminal.color ? `\u001b[31m${line}\u001b[39m\n` : `${line}\n`);
  }

  /** Begins to show progress. */
  async progress(): Promise<Progress> {
    if (!this.#terminal.isTerminal) return this.#lines();
    const { SingleBar } = await import("cli-progress");
    const bar = new SingleBar({
      format: "{text}",
      clearOnComplete: true,
      hideCursor: true,
      linewrap: false,
      fps: 4,
    });
    bar.start(1, 0, { text: "" });
    return {
      show: (text) => {
        bar.update(0, { text: fitLine(oneLine(text), this.columns) });
      },
      note: (text) => {
        bar.stop();
        this.note(text);
        bar.start(1, 0, { text: "" });
      },
      end: (text) => {
        bar.stop();
        if (text) this.note(text);
      },
    };
  }

  /** Whether a person can be asked. */
  get canAsk(): boolean {
    return this.#terminal.isInteractive;
  }

  /**
   * Asks a yes/no question; null if nobody can be asked.
   * @param options.piped Accepts a piped line as the answer, as in `echo y
   * twarc-cloud ...`.
   * @param options.initial The answer to Enter.
   * @throws InterruptedError if the person leaves the question: what it is about is not done.
   */
  async confirm(
    message: string,
    { piped = false, initial = false } = {},
  ): Promise<boolean | null> {
    if (!this.#terminal.isInteractive) {
      const line = piped ? await this.#terminal.pipedLine?.() ?? null : null;
      if (line !== null) this.note(`${message} ${line}`);
      return line === null ? null : /^y(es)?$/i.test(line.trim());
    }
    const prompts = await loadPrompts();
    const shown = { message: visible(message), output: this.#promptsTo() };
    const answer = await prompts.confirm({ ...shown, initialValue: initial });
    if (prompts.isCancel(answer)) throw new InterruptedError("Interrupted: nothing was changed");
    return answer;
  }

  /**
   * Asks for a text, without echo if it is secret; null if nobody can be asked, or answers.
   * @throws InterruptedError if the person leaves the question.
   */
  async ask(message: string, { secret = false } = {}): Promise<string | null> {
    if (!this.#terminal.isInteractive) return null;
    const prompts = await loadPrompts();
    const shown = { message: visible(message), output: this.#promptsTo() };
    const answer = await (secret ? prompts.password(shown) : prompts.text(shown));
    if (prompts.isCancel(answer)) throw new InterruptedError("Interrupted: nothing was stored");
    return answer?.trim() || null;
  }

  #complete(text: string): string {
    const named = this.configFile === undefined ? text : withConfigFile(text, this.configFile);
    return this.bucket === undefined ? named : withBucket(named, this.bucket);
  }

  #fitErr(text: string): string {
    return this.#terminal.isTerminal ? wrapText(text, this.columns) : text;
  }

  /** Returns the stream for prompts: a terminal that reports no columns gets the usual width. */
  #promptsTo(): Writable {
    const columns = this.#terminal.columns?.() || USUAL;
    return Object.create(process.stdout, { columns: { value: columns } });
  }

  #lines(): Progress {
    let last = -Infinity;
    let lastText = "";
    return {
      show: (text) => {
        if (performance.now() - last < LINE_EVERY_MS || text === lastText) return;
        last = performance.now();
        lastText = text;
        this.note(text);
      },
      note: (text) => this.note(text),
      end: (text) => {
        if (text) this.note(text);
      },
    };
  }
}

/** Loads the prompts, which are left by Ctrl-D as well: it would end the input, and the prompt would wait for ever. */
async function loadPrompts() {
  const prompts = await import("@clack/prompts");
  prompts.updateSettings({ aliases: { "\u0004": "cancel" } });
  return prompts;
}

/** Formats bytes as the documents do: `855K`, `15MB`, `3GB`. */
export function size(bytes: number): string {
  for (
    const [unit, name] of [[2 ** 40, "TB"], [2 ** 30, "GB"], [2 ** 20, "MB"], [
      2 ** 10,
      "K",
    ]] as const
  ) {
    if (bytes >= unit) return `${Math.floor(bytes / unit)}${name}`;
  }
  return `${Math.floor(bytes)}B`;
}

/** Formats a count with commas: `2,140`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** Formats a number of things: `1 file`, `2 files`. */
export function many(n: number, name: string): string {
  return `${count(n)} ${name}${n === 1 ? "" : "s"}`;
}

/** Returns a text with a capital first letter. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns the first few names, and the number of the others. */
export function shortenList(names: string[]): string {
  const shown = names.slice(0, FEW).join(", ");
  return names.length > FEW ? `${shown} and ${count(names.length - FEW)} more` : shown;
}
