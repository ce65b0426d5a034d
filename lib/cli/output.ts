/** What the program prints, and what it asks: the only place that knows the terminal. */

import process from "node:process";
import type { Writable } from "node:stream";
import { UsageError } from "../base/errors.ts";
import { oneLine, visible } from "../base/visible.ts";
import { withBucket } from "./named_bucket.ts";
import { fitted, wrapped } from "./text/fit.ts";

/** Names that are shown of many. */
export const FEW = 5;

/** Where output goes and what the terminal is like. */
export interface Terminal {
  /** Writes to standard output: only what was asked for. */
  out: (text: string) => void;
  /** Writes bytes that are no text to standard output. */
  outBytes?: (bytes: Uint8Array) => void;
  /** Writes to standard error: everything else. */
  err: (text: string) => void;
  /** Whether a person can be asked. */
  isInteractive: boolean;
  /** Whether standard error is a terminal, on which progress can be drawn. */
  isTerminal: boolean;
  /** Whether standard output is a terminal. */
  isOutTerminal?: boolean;
  /** Whether colours are wanted. */
  color: boolean;
  /** How wide the terminal is at the moment; 0 where it does not say. */
  columns?: () => number;
  /** A line that standard input has, where that is no terminal; null where none comes soon. */
  pipedLine?: () => Promise<string | null>;
}

/** Live progress of something that takes long. */
export interface Progress {
  /** Shows a state; without a terminal only now and then, a line each. */
  show(text: string): void;
  /** Shows a line that stays. */
  note(text: string): void;
  /** Ends it, with a last line. */
  end(text?: string): void;
}

/** Milliseconds between two lines of progress without a terminal. */
const LINE_EVERY_MS = 10_000;

/** Columns of a terminal that does not say how many it has. */
const USUAL = 80;

/** Prints and asks. */
export class Output {
  readonly #terminal: Terminal;
  /** The bucket that the person named: the commands that are shown name it as well. */
  bucket: string | undefined;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** How wide the terminal is at the moment. */
  get columns(): number {
    const { isTerminal, isOutTerminal, columns } = this.#terminal;
    return isTerminal || isOutTerminal ? columns?.() || USUAL : USUAL;
  }

  /** A line of what was asked for. */
  line(text: string): void {
    const { out, isOutTerminal = false } = this.#terminal;
    const line = oneLine(this.#complete(text));
    out(`${isOutTerminal ? wrapped(line, this.columns) : line}\n`);
  }

  /** A line of what goes on, for whoever looks on: that it cannot be written ends nothing. */
  report(text: string): void {
    try {
      this.line(text);
    } catch {
      // Nobody looks on, or their disk is full.
    }
  }

  /** A block of a file that was asked for, as it is; a terminal is not steered by it. */
  data(bytes: Uint8Array): void {
    const text = new TextDecoder().decode(bytes);
    this.#terminal.out(this.#terminal.isOutTerminal ? visible(text) : text);
  }

  /** A block of a file that is no text. @throws UsageError where it would go to a terminal */
  binary(bytes: Uint8Array): void {
    const { isOutTerminal, outBytes } = this.#terminal;
    if (!isOutTerminal && outBytes) return outBytes(bytes);
    throw new UsageError("A terminal cannot show this file", {
      hint: "Send it to a file or a program: `> FILE`, `| PROGRAM`.",
    });
  }

  /** What was asked for as JSON. */
  json(value: unknown): void {
    this.#terminal.out(`${visible(JSON.stringify(value, null, 2))}\n`);
  }

  /** Something to know besides. */
  note(text: string): void {
    this.#terminal.err(`${this.#fitErr(visible(this.#complete(text)))}\n`);
  }

  /** An error, in red where colours are wanted. */
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
        bar.update(0, { text: fitted(oneLine(text), this.columns) });
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

  /** Whether somebody is there to be asked. */
  get canAsk(): boolean {
    return this.#terminal.isInteractive;
  }

  /**
   * Asks a question that is answered by yes or no; null where nobody can be asked.
   * @param options.piped Takes a line that is piped in for the answer, as in `echo y | twarc-cloud ...`.
   */
  async confirm(message: string, { piped = false } = {}): Promise<boolean | null> {
    if (!this.#terminal.isInteractive) {
      const line = piped ? await this.#terminal.pipedLine?.() ?? null : null;
      if (line !== null) this.note(`${message} ${line}`);
      return line === null ? null : /^y(es)?$/i.test(line.trim());
    }
    const prompts = await import("@clack/prompts");
    const shown = { message: visible(message), output: this.#promptsTo() };
    const answer = await prompts.confirm({ ...shown, initialValue: false });
    return prompts.isCancel(answer) ? false : answer;
  }

  /** Asks for a text, a secret one without showing it; null where nobody can be asked, or answers. */
  async ask(message: string, { secret = false } = {}): Promise<string | null> {
    if (!this.#terminal.isInteractive) return null;
    const prompts = await import("@clack/prompts");
    const shown = { message: visible(message), output: this.#promptsTo() };
    const answer = await (secret ? prompts.password(shown) : prompts.text(shown));
    return prompts.isCancel(answer) || !answer ? null : answer.trim();
  }

  #complete(text: string): string {
    return this.bucket === undefined ? text : withBucket(text, this.bucket);
  }

  #fitErr(text: string): string {
    return this.#terminal.isTerminal ? wrapped(text, this.columns) : text;
  }

  /** Returns where questions are drawn: a terminal that says it has no columns gets as many as most have. */
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

/** Bytes as the documents write them: `855K`, `15MB`, `3GB`. */
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

/** Returns a count with commas: `2,140`. */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** Returns a number of things: `1 file`, `2 files`. */
export function many(n: number, name: string): string {
  return `${count(n)} ${name}${n === 1 ? "" : "s"}`;
}

/** Returns a text whose first letter is a capital one. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Returns the first few of some names, and how many more there are. */
export function someOf(names: string[]): string {
  const shown = names.slice(0, FEW).join(", ");
  return names.length > FEW ? `${shown} and ${count(names.length - FEW)} more` : shown;
}
