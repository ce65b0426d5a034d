import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { until } from "../fakes/until.ts";

const SCRIPT = fileURLToPath(new URL("../fakes/endless.ts", import.meta.url));

/** A process that listens for signals, started by `sh` after `before`. */
class Listening {
  readonly #process: Deno.ChildProcess;
  #said = "";
  readonly #read: Promise<void>;

  constructor(before: string) {
    const run = [Deno.execPath(), "run", "--quiet", "--no-check", "--allow-run=cat,ps", SCRIPT];
    this.#process = new Deno.Command("sh", {
      args: ["-c", `${before} exec "$@"`, "sh", ...run],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#read = this.#listen();
  }

  async #listen(): Promise<void> {
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      this.#said += text;
    }
  }

  /** Waits until it has said something `times` times since `from`. */
  async says(what: string, times = 1): Promise<void> {
    const from = this.#said.length;
    const has = (text: string) => text.split(what).length > times;
    const text = () => what === "alive" ? this.#said.slice(from) : this.#said;
    await until(() => Promise.resolve(has(text())));
  }

  kill(signal: Deno.Signal): void {
    this.#process.kill(signal);
  }

  get said(): string {
    return this.#said;
  }

  async ended(): Promise<Deno.CommandStatus> {
    const status = await this.#process.status;
    await this.#read;
    return status;
  }
}

async function listening(use: (process: Listening) => Promise<void>, before = ""): Promise<void> {
  const process = new Listening(before);
  try {
    await process.says("begun");
    await use(process);
  } finally {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await process.ended();
  }
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`${signal} asks the process to end, which it does in its own time`, () =>
    listening(async (process) => {
      process.kill(signal);
      await process.says("asked to end");
      await process.says("alive", 2);
    }));
}

Deno.test("one Ctrl-C that arrives twice, as from `deno task`, is one; another one ends the process at once", () =>
  listening(async (process) => {
    process.kill("SIGINT");
    await process.says("asked to end");
    process.kill("SIGINT");
    await process.says("alive", 22);
    process.kill("SIGINT");
    assert.equal((await process.ended()).code, 130);
  }));

Deno.test("what nohup started outlives its terminal, and ends by SIGTERM", () =>
  listening(async (process) => {
    process.kill("SIGHUP");
    await process.says("alive", 4);
    assert.doesNotMatch(process.said, /asked/);
    process.kill("SIGTERM");
    await process.says("asked to end");
  }, "trap '' HUP;"));
