/** The program: gives the commands what they work with, runs one, and turns its error into an exit code. */

import { CommanderError } from "@commander-js/extra-typings";
import { resolve } from "node:path";
import type { Context, HarvestRun, RecoverRun } from "./lib/cli/context.ts";
import type { CollectionConfig } from "./lib/collection/types/registry.ts";
import type { Recovered } from "./lib/collection/recovered.ts";
import type { FolderRef } from "./lib/base/bucket_ref.ts";
import type { Settings } from "./lib/base/settings.ts";
import { Output } from "./lib/cli/output.ts";
import { credentialsMayRun, giveUp, narrow, PERMISSIONS } from "./lib/cli/permissions.ts";
import { buildProgram, groupOf, settle } from "./lib/cli/program.ts";
import { settleCertificates } from "./lib/base/certificates.ts";
import { systemClock } from "./lib/base/clock.ts";
import { Ending } from "./lib/base/ending.ts";
import { settleHome } from "./lib/base/folders.ts";
import { LockedError, messageOf, TwarcCloudError, UserError } from "./lib/base/errors.ts";
import { settleProxies } from "./lib/base/proxy.ts";
import { codeOf } from "./lib/base/system_error.ts";
import { VERSION } from "./lib/base/version.ts";
import { narrowed, type Places, selfCommand } from "./lib/runner/local/self.ts";
import { addDemo, addSandbox } from "./lib/sandbox/command.ts";

const USAGE = 2;
const BUG = 70;
const INTERRUPTED = 130;

/** Milliseconds between tries of a pipe that is full, and those that a harvest waits for a reader of its log. */
const [WAIT, MOST_WAIT] = [5, 1_000];
/** Milliseconds that an answer may take which is piped in. */
const PIPED_WAIT = 5_000;
/** Nothing ever wakes it. */
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

const encoder = new TextEncoder();
const TERMINAL = {
  out: writeOut,
  err: writeErr,
  ...(Deno.stdin.isTerminal() ? {} : { pipedLine }),
};

/**
 * Runs a command line, whose output goes to `write`; its exit code.
 * @param narrows Whether this process gives up what the command does not need: it cannot be had again.
 */
export async function run(args: string[], write = TERMINAL, narrows = false): Promise<number> {
  let env = Deno.env.toObject();
  const output = new Output({
    ...write,
    isInteractive: Deno.stdin.isTerminal() && Deno.stdout.isTerminal(),
    isTerminal: Deno.stderr.isTerminal(),
    isOutTerminal: Deno.stdout.isTerminal(),
    color: Deno.stderr.isTerminal() && !env.NO_COLOR,
    columns: () => Deno.consoleSize().columns,
  });
  try {
    settleProxies(Deno.env);
    // Harvesters that it starts settle their own.
    env = Deno.env.toObject();
    settleCertificates(Deno.env);
    settleHome(Deno.env);
  } catch (error) {
    return exitCodeOf(error, output, false);
  }
  const ending = new Ending(() => Deno.exit(INTERRUPTED));
  const endings: (() => void)[] = [];
  const atEnd = (act: () => void) => void endings.push(act);
  const context = contextOf({ output, ending, env, narrows, atEnd });
  const texts = { out: write.out, err: (text: string) => output.note(text.trimEnd()) };
  const program = buildProgram(context, texts);
  const playground = {
    print: (line: string) => output.line(line),
    get signal() {
      return ending.signal;
    },
    self: context.self,
    env,
  };
  addSandbox(program, playground);
  addDemo(program, playground);
  settle(program, texts);
  if (narrows) {
    program.hook("preAction", async (_, command) => {
      // While this process may still start programs.
      ending.prepare();
      await narrow(command, env);
    });
  }
  const group = groupOf(program, args);
  try {
    // What there is to type was asked for, in a way.
    if (group) return group.outputHelp(), USAGE;
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (ending.isOver(error)) return INTERRUPTED;
    const shown = error instanceof TwarcCloudError && error.cause !== undefined
      ? await (await import("./lib/cli/original.ts")).explained(error)
      : error;
    if (env.TWARC_CLOUD_LOG === "json" && shown instanceof TwarcCloudError) {
      const { fatalLine } = await import("./lib/base/log.ts");
      write.err(`${fatalLine(sentences(shown), systemClock.now())}\n`);
      return shown.exitCode;
    }
    return exitCodeOf(shown, output, args.includes("--debug"));
  } finally {
    for (const act of endings) act();
  }
}

/** What the commands work with. */
function contextOf(
  { output, ending, env, narrows, atEnd }: Pick<Context, "output" | "env" | "atEnd"> & {
    ending: Ending;
    narrows: boolean;
  },
): Context {
  const context: Context = {
    output,
    clock: systemClock,
    env,
    get signal() {
      return ending.signal;
    },
    self: selfWith(PERMISSIONS),
    harvester: async (settings, env) =>
      settings.bucket.kind === "folder"
        ? selfWith(narrowed(PERMISSIONS, await placesOf(settings.bucket, env)))
        : selfWith(PERMISSIONS),
    version: VERSION,
    harvest: (run) => harvestHere(run, context, narrows),
    atEnd,
    recover: (run) => recoverHere(run, context),
  };
  return context;
}

/** The command line that starts this program again, where it runs from its source with some permissions. */
function selfWith(permissions: readonly string[]): string[] {
  return selfCommand({
    isStandalone: Deno.build.standalone,
    execPath: Deno.execPath(),
    root: import.meta.dirname ?? ".",
    permissions,
  });
}

/** What a harvester of a folder bucket reads and writes: the bucket, its temporary files, keys and settings. */
async function placesOf({ path }: FolderRef, env: Context["env"]): Promise<Places> {
  const { spoolPlaces } = await import("./lib/harvest/recovery/spool_place.ts");
  const { keysPaths } = await import("./lib/secrets/twarc_files.ts");
  const { INI_FILE } = await import("./lib/base/settings.ts");
  const keys = env.HOME || env.USERPROFILE ? keysPaths({ env }) : [];
  const linked = await Deno.realPath(path).catch(() => path);
  return {
    read: [...keys, INI_FILE].map((path) => resolve(path)),
    write: [
      ...new Set([path, linked]),
      ...await spoolPlaces(env.TWARC_CLOUD_SPOOL || undefined, { env }),
    ],
  };
}

/** Harvests in this process: composes a harvest from the settings, and logs to standard error. */
async function harvestHere(
  { settings, collectionId, flags, shutdown, port, monitor, spool }: HarvestRun,
  { clock, env, signal }: Context,
  narrows: boolean,
): Promise<void> {
  const { openStore } = await import("./lib/store/open.ts");
  const { openApi } = await import("./lib/twitter/open.ts");
  const { X } = await import("./lib/source/x.ts");
  const { isProtectedWanted, keysOf } = await import("./lib/collection/config.ts");
  const { configuredLimits, limitsOf } = await import("./lib/collection/limits.ts");
  const { heldKeys } = await import("./lib/secrets/credentials.ts");
  const { holderIsGone, thisProcess } = await import("./lib/bucket/process.ts");
  const { openPlace } = await import("./lib/harvest/recovery/spool_place.ts");
  const { logForm, startLog } = await import("./lib/base/log.ts");
  const { localFolder } = await import("./lib/runner/local/state.ts");
  const { localSecret } = await import("./lib/secrets/control_secret.ts");
  const { harvest } = await import("./harvester.ts");
  const { bucket, twitterApiUrl, controlSecret } = settings;
  await startLog(TERMINAL.err, logForm(env));
  const folder = () => localFolder({ bucket, aws: settings.aws, env });
  const limitsFor = (collection: CollectionConfig) =>
    limitsOf({ ...configuredLimits(collection), ...flags });
  const secrets: string[] = [];
  const held = async (collection: CollectionConfig) => {
    const keys = await heldKeys(keysOf(collection), { ...settings.place, env });
    secrets.push(...Object.values(keys).filter((key) => key !== undefined));
    return keys;
  };
  await reported(collectionId, { settings, secrets, env }, async () =>
    await harvest({
      collectionId,
      store: await openStore(bucket, settings.aws),
      clock,
      limits: limitsOf(flags),
      limitsFor,
      openNetwork: async (collection, waits) => {
        const api = await openApi({
          version: collection.api ?? "1.1",
          keys: await held(collection),
          fields: collection.fields,
          words: collection.words,
          isProtectedWanted: isProtectedWanted(collection),
          clock,
          base: twitterApiUrl,
          waits,
          patienceMs: limitsFor(collection).patienceMs,
        });
        return new X(api, clock);
      },
      control: {
        hostname: env.TWARC_CLOUD_HOST ?? "127.0.0.1",
        port,
        // One that was started by hand is controlled like those that the runner starts.
        secret: async () => controlSecret ?? await localSecret(await folder()),
      },
      process: thisProcess(),
      isGone: holderIsGone,
      spool: await openPlace({
        bucket,
        collectionId,
        process: thisProcess(),
        folder: spool,
        secret: await noteSecret(settings, env),
        person: { env },
      }),
      shutdown,
      monitor,
      ended: async () => {
        const { OWN_SERVICE, restOwnService } = await import("./lib/runner/ecs/own_service.ts");
        return await restOwnService(env[OWN_SERVICE], settings.aws);
      },
      begun: async () => {
        if (narrows && !credentialsMayRun(settings, env)) await giveUp("run");
      },
      signal,
    }));
}

/** Brings in what harvesters left on this machine. */
async function recoverHere(
  { settings, spool, ...run }: RecoverRun,
  { clock, env, signal }: Context,
): Promise<Recovered> {
  const { thisProcess } = await import("./lib/bucket/process.ts");
  const { openPlace } = await import("./lib/harvest/recovery/spool_place.ts");
  const { recover } = await import("./lib/harvest/recovery/recover.ts");
  const { logForm, startLog } = await import("./lib/base/log.ts");
  await startLog(TERMINAL.err, logForm(env));
  const { bucket } = settings;
  const { collectionId } = run;
  const process = thisProcess();
  const place = await openPlace({
    bucket,
    collectionId,
    process,
    folder: spool,
    secret: await noteSecret(settings, env),
    person: { env },
  });
  return await recover({ ...run, clock, spool: place, process, signal });
}

/** Tells Honeybadger of a harvest that fails, where its key is set. A lock is no failure. */
async function reported(
  collectionId: string,
  { settings, secrets, env }: { settings: Settings; secrets: string[]; env: Context["env"] },
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    const apiKey = env.HONEYBADGER_API_KEY ?? settings.get("honeybadger_key");
    if (apiKey && !(error instanceof LockedError)) {
      const { report } = await import("./lib/app/honeybadger.ts");
      const { secretKey, sessionToken } = settings.aws;
      const known = [settings.controlSecret, secretKey, sessionToken, apiKey].filter((one) =>
        one !== undefined
      );
      await report(error, {
        apiKey,
        endpoint: env.HONEYBADGER_ENDPOINT,
        context: { collection_id: collectionId, bucket: settings.bucket.text, version: VERSION },
        secrets: [...secrets, ...known],
        hostname: Deno.hostname(),
        now: systemClock.now(),
      });
    }
    throw error;
  }
}

/** The secret that opens notes of harvesters in a bucket of S3: the control secret, from wherever they had it. */
async function noteSecret(
  { bucket, aws, controlSecret }: Settings,
  env: Context["env"],
): Promise<string | undefined> {
  if (bucket.kind === "folder") return undefined;
  const { localFolder } = await import("./lib/runner/local/state.ts");
  const { knownSecret } = await import("./lib/secrets/control_secret.ts");
  return controlSecret ?? await knownSecret(await localFolder({ bucket, aws, env })) ?? undefined;
}

/** Shows an error once: what happened, and what to do. */
function exitCodeOf(error: unknown, output: Output, debug: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  if (error instanceof TwarcCloudError) {
    output.error(sentences(error));
    if (debug) output.note(chainOf(error));
    return error.exitCode;
  }
  output.error(`${messageOf(error)}. This is a bug: please report it, with what follows.`);
  output.note(chainOf(error));
  return BUG;
}

/** What happened, and what to do. */
function sentences({ message, hint }: TwarcCloudError): string {
  return `${ended(message)}${hint ? ` ${hint}` : ""}`;
}

/** A sentence with its full stop. */
function ended(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** An error's stack and those of its causes. */
function chainOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${chainOf(error.cause)}`;
}

/** The first line of standard input; null where it has none within some seconds, as one that nobody writes to. */
async function pipedLine(): Promise<string | null> {
  const reader = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).getReader();
  const timer = setTimeout(() => reader.cancel().catch(() => {}), PIPED_WAIT);
  let text = "";
  try {
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
  const [line = ""] = text.split(/\r?\n/);
  return line === "" ? null : line;
}

/** @throws UserError where it cannot be written, or nobody reads any more: not all that was asked for is there. */
function writeOut(text: string): void {
  try {
    writeAll(Deno.stdout, text, Infinity);
  } catch (cause) {
    if (cause instanceof Deno.errors.BrokenPipe || codeOf(cause) === "EPIPE") {
      throw new UserError("Standard output was closed before all of it was written", {
        cause,
        hint: "What reads it has ended; where that is `head` or a pager, nothing is wrong.",
      });
    }
    throw new UserError(`Standard output cannot be written: ${messageOf(cause)}`, {
      cause,
      hint: "Where it goes to a file, free some space there, and run it again.",
    });
  }
}

/** What cannot be said ends nothing: a harvest goes on without its log. */
function writeErr(text: string): void {
  try {
    writeAll(Deno.stderr, text, MOST_WAIT);
  } catch {
    // There is nobody to tell.
  }
}

/**
 * Writes all of a text. A pipe that does not wait for its reader, as some programs make them, is waited for here.
 * @param most Milliseconds that it may take nothing; then it throws what the system said.
 */
function writeAll(
  stream: { writeSync(bytes: Uint8Array): number },
  text: string,
  most: number,
): void {
  const bytes = encoder.encode(text);
  let waited = 0;
  for (let n = 0; n < bytes.length;) {
    try {
      n += stream.writeSync(bytes.subarray(n));
      waited = 0;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock) || waited >= most) throw error;
      Atomics.wait(PAUSE, 0, 0, WAIT);
      waited += WAIT;
    }
  }
}

if (import.meta.main) Deno.exit(await run(Deno.args, TERMINAL, true));
