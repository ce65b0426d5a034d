/** The commands `twarc-cloud harvest ...`: look at harvests, and run one. */

import type { Command } from "@commander-js/extra-typings";
import type { LockDocument } from "../../bucket/lock.ts";
import { startCommand, stopCommand } from "../../collection/commands.ts";
import { limitsAmong } from "../../collection/limits.ts";
import { portNumber } from "../numbers.ts";
import { lastWord } from "../../base/visible.ts";
import { bucketOption, example, spoolOption } from "../options.ts";
import type { Json } from "../../base/json.ts";
import { ifOurs } from "../../base/errors.ts";
import type { Output } from "../output.ts";
import { type Bucket, type Context, openBucket, settingsFor } from "../context.ts";
import { addLimits } from "../limits.ts";
import { troubleText } from "../text/trouble.ts";

/** Completes the group. */
export function fillHarvest(group: Command, context: Context): void {
  group.description("Show harvests, and run one in this process.");
  addList(group, context);
  addRunning(group, context);
  addLast(group, context);
  addRun(group, context);
  addKeep(group, context);
  addUnlock(group, context);
  addLogs(group, context);
}

function addList(group: Command, context: Context): void {
  group.command("list")
    .summary("List running harvests.")
    .description(
      "Lists running harvests: on AWS those of all buckets of the cluster, unless --bucket is given.",
    )
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("harvest list"))
    .action(async ({ bucket, json }) => {
      const { output } = context;
      if (await isBeforeAll(bucket, context)) {
        if (json) return output.json([]);
        output.line("No running harvests.");
        return output.note(
          "There is no bucket yet: the first collection that is added creates one.",
        );
      }
      const opened = await openBucket(context, { bucket });
      const running = await Array.fromAsync(
        (await opened.runner()).running({ everywhere: bucket === undefined }),
      );
      if (json) {
        return output.json(
          running.map(({ collectionId, trouble, ...rest }) => ({
            collection_id: collectionId,
            ...rest,
            ...trouble,
          })),
        );
      }
      if (running.length === 0) output.line("No running harvests.");
      for (const { collectionId, bucket, status, trouble } of running) {
        const why = trouble ? ` ${troubleText(trouble, collectionId)}` : "";
        output.line(`${collectionId} => Bucket: ${bucket}. Status: ${status}${why}`);
      }
      const { listFailing, failingText } = await import("../text/failing.ts");
      for (const one of await listFailing(opened, output)) {
        output.note(`${one.collectionId} ${failingText(one)}`);
      }
    });
}

/** Returns whether nobody has named a bucket, and the usual one does not exist: nothing can be running. */
async function isBeforeAll(named: string | undefined, context: Context): Promise<boolean> {
  const { DEFAULT_BUCKET } = await import("../../base/settings.ts");
  const { bucket } = await settingsFor(context, { bucket: named });
  if (named !== undefined || bucket.kind !== "folder" || bucket.text !== DEFAULT_BUCKET) {
    return false;
  }
  return await Deno.stat(bucket.path).then(
    () => false,
    (error) => error instanceof Deno.errors.NotFound,
  );
}

function addRunning(group: Command, context: Context): void {
  group.command("running")
    .summary("Get information on a running harvest for a collection.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--follow", "show its progress until it ends, and exit with its outcome", false)
    .option("--json", "print JSON")
    .addHelpText("after", example("harvest running test_filter"))
    .action(async (id, { bucket, json, follow }) => {
      const { output } = context;
      const opened = await openBucket(context, { bucket });
      const { collections, store, settings } = opened;
      const runner = await opened.runner();
      const { json: config } = await collections.loadJson(id);
      const info = await runner.info(id);
      const { listFailing, failingText } = await import("../text/failing.ts");
      const failing = (await listFailing(opened, output)).find((one) => one.collectionId === id);
      if (!info) {
        const { UserError } = await import("../../base/errors.ts");
        const { holderIsGone: isGone } = await import("../../bucket/process.ts");
        const { isKeeperAtWork, readKept, troubleFor } = await import("../../runner/local/kept.ts");
        const found = runner.documents && await readKept(runner.documents, id);
        if (found && isKeeperAtWork(found.kept, { isGone })) {
          throw new UserError(`The harvester of ${id} has no lock now`, {
            hint: "It is starting, or its lock was removed: look again in half a minute.",
          });
        }
        const why = failing ? `, and it ${failingText(failing)}` : "";
        throw new UserError(`No harvest of ${id} is running${why}`, {
          hint: found
            ? `It is to, ${troubleText(troubleFor(found.kept), id)}`
            : `See the last one with: twarc-cloud harvest last ${lastWord(id)}`,
        });
      }
      if (failing) output.note(`${id} ${failingText(failing)}`);
      if (follow) {
        return await (await import("../collection/attach.ts")).followRunning(opened, {
          found: info,
          type: config.type,
        }, context);
      }
      const { infoLine, missedBy, tellBilled, tellTroubles } = await import(
        "../text/harvest_text.ts"
      );
      const missed = await missedBy(store, info, context);
      const { requestUsage, usageText } = await import("../text/usage.ts");
      const usage = await requestUsage(config, { ...context, settings });
      if (json) return output.json({ ...info, ...missed, usage });
      output.line(infoLine(info, { bucket: settings.bucket.text, tweets: `${info.tweets}` }));
      await tellBilled(info, context);
      if (usage) output.line(`Usage of the project: ${usageText(usage)}`);
      tellTroubles(info, missed, context);
    });
}

function addLast(group: Command, context: Context): void {
  group.command("last")
    .summary("Get information on the last completed harvest for a collection.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--exit-status", "exit with the outcome of the harvest, as `once --wait` does", false)
    .option("--json", "print JSON")
    .addHelpText("after", example("harvest last test_collection"))
    .action(async (id, { bucket, json, exitStatus }) => {
      const { output } = context;
      const opened = await openBucket(context, { bucket });
      const { collections, store, settings } = opened;
      const { lastJson, missedBy, NOTHING, tellLast } = await import("../text/harvest_text.ts");
      const last = await collections.lastHarvest(id);
      const missed = last ? await missedBy(store, last.info, context) : NOTHING;
      if (json) {
        output.json(last && lastJson(last, { missed, bucket: settings.bucket }));
      } else if (last) {
        const { json: { type } } = await collections.loadJson(id);
        await tellLast(last, { bucket: settings.bucket, missed, type }, context);
      } else {
        output.line("Cannot find last harvest for this collection.");
        await noteFirst(opened, id, output);
      }
      if (!json) await (await import("../text/failing.ts")).noteFailing(opened, id, output);
      if (!last) return;
      const { outcomeError } = await import("../collection/outcome.ts");
      const failure = await outcomeError(last.info);
      if (failure && exitStatus) throw failure;
      // Whoever has stopped it knows.
      const isStopped = last.info.outcome === "stopped";
      if (failure?.hint && !json && !isStopped) output.note(failure.hint);
    });
}

/** Notes how a first harvest begins, or is followed. */
async function noteFirst(opened: Bucket, id: string, output: Output): Promise<void> {
  const { json: { type } } = await opened.collections.loadJson(id);
  const running = await (await opened.runner()).info(id).catch(ifOurs(null));
  output.note(
    running
      ? `Its first one is running: twarc-cloud harvest running --follow ${lastWord(id)}`
      : `Begin the first with: ${startCommand({ id, type })}`,
  );
}

function addRun(group: Command, context: Context): void {
  const command = group.command("run")
    .summary("Harvest a collection in this process.")
    .description(
      "Harvests a collection in this process, as containers do, and the processes that other commands start. " +
        "Without --shutdown it stays up after the harvest until it is asked to exit.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--shutdown", "exit when the harvest is done", false)
    .option(
      "--port <port>",
      "port of the control server; 0 picks a free one (default: TWARC_CLOUD_PORT, else 0)",
      portNumber,
    )
    .addOption(spoolOption())
    .option("--monitor", "log memory and rate every minute", false)
    .addHelpText("after", example("harvest run --shutdown test_collection"))
    .action(async (collectionId, options) => {
      const { bucket, shutdown, port, monitor, spool } = options;
      const settings = await settingsFor(context, { bucket });
      await context.harvest({
        settings,
        collectionId,
        flags: limitsAmong(options),
        shutdown,
        port: port ?? await readPort(context.env),
        monitor,
        spool: spool ?? (context.env.TWARC_CLOUD_SPOOL || undefined),
      });
    });
  addLimits(command);
}

/** Adds the hidden command that `filter-start` leaves in the background. */
function addKeep(group: Command, context: Context): void {
  group.command("keep", { hidden: true })
    .summary("Keep a harvester alive that filter-start has started.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .requiredOption("--keeper <id>", "id of this keeper")
    .action(async (id, { bucket, keeper }) => {
      const runner = await (await openBucket(context, { bucket, acts: true })).runner();
      await runner.keep?.(id, keeper, context.signal);
    });
}

/** Returns the port in the environment. @throws UserError if it is invalid. */
async function readPort({ TWARC_CLOUD_PORT: text = "0" }: Context["env"]): Promise<number> {
  if (/^\d{1,5}$/.test(text) && Number(text) < 65_536) return Number(text);
  const { UserError } = await import("../../base/errors.ts");
  throw new UserError(`TWARC_CLOUD_PORT is ${JSON.stringify(text)}, which is not a port`, {
    hint: "Set it to a number up to 65535, or unset it.",
  });
}

function addUnlock(group: Command, context: Context): void {
  group.command("unlock")
    .summary("Remove the lock of a collection.")
    .description(
      "Removes the lock of a collection. A lock expires by itself a minute after its harvester has gone: use this " +
        "only if you are sure that the collection is not being harvested. If its harvester may be running, " +
        "you are asked first.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--force", "do not ask if a harvester may be running, which ends then", false)
    .addHelpText("after", example("harvest unlock test_collection"))
    .action(async (id, { bucket, force }) => {
      const { store, collections } = await openBucket(context, { bucket, acts: true });
      const { json: { type } } = await collections.loadJson(id);
      const { readLock, unlock } = await import("../../bucket/lock.ts");
      const { holderIsGone } = await import("../../bucket/process.ts");
      const found = await readLock(store, id, { clock: context.clock, isGone: holderIsGone });
      if (found?.live && found.document && !force) {
        if (!await mayUnlock({ id, type }, found.document, context)) return;
      }
      const held = await unlock(store, id);
      if (held === undefined) return context.output.line("It was not locked.");
      context.output.line("Unlocked");
      if (held && !holderIsGone(held)) {
        const { host, pid, renewed } = held;
        const lives = holderIsGone(held) === false ? "lives" : `renewed it last at ${renewed}`;
        context.output.note(
          `Process ${pid} of ${host}, which held it, ${lives}. A harvester that lost its lock ends when it checks ` +
            "it next, every 20 seconds.",
        );
      }
    });
}

/** Shows who harvests a collection, and asks whether to end that. @throws UserError if nobody can be asked. */
async function mayUnlock(
  collection: { id: string; type: Json | undefined },
  { pid, host, renewed }: LockDocument,
  { output }: Context,
): Promise<boolean> {
  const what =
    `Process ${pid} of ${host} harvests ${collection.id} and renewed its lock at ${renewed}`;
  const answer = await output.confirm(
    `${what}. It ends within half a minute without its lock. Remove the lock?`,
  );
  if (answer === null) {
    const { UserError } = await import("../../base/errors.ts");
    throw new UserError(what, {
      hint:
        `Stop it gracefully with \`${
          stopCommand(collection)
        }\`. --force removes its lock all the same, and it ends ` +
        "within half a minute.",
    });
  }
  if (!answer) output.note("Cancelling");
  return answer;
}

function addLogs(group: Command, context: Context): void {
  group.command("logs")
    .summary("Show the log of a collection's harvests.")
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--follow", "keep showing new lines, until Ctrl-C", false)
    .addHelpText("after", example("harvest logs test_collection --follow"))
    .action(async (id, { bucket, follow }) => {
      const opened = await openBucket(context, { bucket });
      const { json: { type } } = await opened.collections.loadJson(id);
      const { noteFailing } = await import("../text/failing.ts");
      await noteFailing(opened, id, context.output);
      const say = (line: string) => context.output.note(line);
      const lines = (await opened.runner()).logs(id, { type, follow, signal: context.signal, say });
      for await (const line of lines) context.output.line(line);
    });
}
