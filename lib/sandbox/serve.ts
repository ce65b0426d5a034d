/** The command `twarc-cloud sandbox`: serves until it is stopped. */

import { environment } from "../base/environment.ts";
import { detectShell, setting } from "../base/shell.ts";
import { systemClock } from "../base/clock.ts";
import type { Clock } from "../base/clock.ts";
import { type Corpus, readCorpus, type Status } from "./corpus.ts";
import { type Sandbox, startSandbox } from "./server.ts";
import { parseTrouble } from "./trouble.ts";
import { EVERYTHING } from "./query.ts";
import { World } from "./world.ts";

/** Flags of the sandbox. */
export interface SandboxFlags {
  port: number;
  /** Files of tweets; empty for a made-up world. */
  tweets: string[];
  users: number;
  tweetsPerUser: number;
  /** Tweets a second on streams. */
  rate: number;
  /** Troubles, as parseTrouble reads them. */
  trouble: string[];
  /** Replaces every rate limit. */
  limit?: number | undefined;
  /** Seconds between keep-alives on a stream. */
  keepAlive: number;
  /** Tweets before a lost stream that are repeated after it. */
  replay: number;
  /** Seconds that an abandoned filtered stream still counts as a connection. */
  linger: number;
  /** Milliseconds before each response. */
  delay: number;
  /** Print each request. */
  verbose: boolean;
}

/** The output of the command, and when it ends. */
export interface SandboxContext {
  print: (line: string) => void;
  signal: AbortSignal;
}

/**
 * Serves the stand-in API until the signal is aborted.
 * @throws UserError for a file or a port that cannot be used; UsageError for an invalid trouble.
 */
export async function runSandbox(
  flags: SandboxFlags,
  { print, signal }: SandboxContext,
): Promise<void> {
  const troubles = flags.trouble.map(parseTrouble);
  const corpora = await Promise.all(flags.tweets.map(readCorpus));
  const world = corpora.length > 0
    ? World.of(corpora, systemClock)
    : World.create({ clock: systemClock, users: flags.users, tweetsPerUser: flags.tweetsPerUser });
  const sandbox = startSandbox({
    port: flags.port,
    world,
    troubles,
    keepAliveMs: flags.keepAlive * 1_000,
    replay: flags.replay,
    lingerMs: flags.linger * 1_000,
    delayMs: flags.delay,
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
    onRequest: ({ method, path, status }) => {
      if (flags.verbose) print(`${method} ${path} ${status}`);
    },
  });
  tell(sandbox, corpora, print);
  try {
    await publish(sandbox, { corpora, perSecond: flags.rate, clock: systemClock, signal });
  } finally {
    await sandbox.close();
  }
}

/** Publishes until the signal is aborted: files in their order while a stream is open, otherwise new tweets. */
async function publish(
  sandbox: Sandbox,
  { corpora, perSecond, clock, signal }: {
    corpora: Corpus[];
    perSecond: number;
    clock: Clock;
    signal: AbortSignal;
  },
): Promise<void> {
  const fromFiles = corpora.length > 0
    ? corpora.flatMap(({ statuses }) => statuses).values()
    : null;
  const open = [...sandbox.world.users.values()].filter((user) => user.state === "open");
  let turn = 0;
  while (!signal.aborted) {
    // Timers are not finer than a few milliseconds: fast streams send several tweets at a time.
    const several = Math.max(1, Math.round(perSecond / 100));
    await clock.sleep(perSecond > 0 ? 1_000 * several / perSecond : 3_600_000, signal);
    if (signal.aborted || perSecond <= 0) continue;
    if (sandbox.streams.size + sandbox.filtered.size === 0) continue;
    for (let i = 0; i < several; i++) {
      const next: Status | undefined = fromFiles?.next().value;
      if (next) sandbox.world.publish(next);
      else if (!fromFiles) sandbox.world.post(open[turn++ % open.length]?.id ?? "");
    }
  }
}

function tell(
  { url, keys, bearer, world }: Sandbox,
  corpora: Corpus[],
  print: (line: string) => void,
): void {
  const skipped = corpora.reduce((total, corpus) => total + corpus.skipped, 0);
  const tweets = corpora.reduce((total, corpus) => total + corpus.statuses.length, 0);
  print(`The sandbox serves the API at ${url.href}`);
  if (corpora.length > 0) {
    print(`It has ${tweets} tweets from files; ${skipped} lines were not tweets.`);
  }
  print(`It knows ${world.users.size} users: ${names(world)}`);
  print(`Searching or tracking "${EVERYTHING}" finds every tweet.`);
  print("");
  print("To use it, in another terminal:");
  print(`  ${setting(detectShell({ env: environment() }), "TWITTER_API_URL", url.href)}`);
  print("  twarc-cloud configure --bearer-token --profile sandbox");
  print("which asks for the bearer token:");
  print(`  ${bearer}`);
  print("");
  print("A login with a PIN, `twarc-cloud configure --profile sandbox`, asks for:");
  print(`  consumer key         ${keys.consumer_key}`);
  print(`  consumer secret      ${keys.consumer_secret}`);
  print("A login gives these, which other programs want:");
  print(`  access token         ${keys.access_token}`);
  print(`  access token secret  ${keys.access_token_secret}`);
  print("");
  print("Stop it with Ctrl-C.");
}

function names(world: World): string {
  const some = [...world.users.values()].slice(0, 5).map((user) => user.screenName);
  return `${some.join(", ")}${world.users.size > some.length ? ", ..." : ""}`;
}
