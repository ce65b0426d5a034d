/** The command `twarc-cloud configure`: gets keys and stores them where twarc does. */

import type { Command } from "@commander-js/extra-typings";
import { example } from "./options.ts";
import { type Context, settingsFor } from "./context.ts";
import { MAIN_PROFILE, type TwitterKeys } from "../base/api_keys.ts";
import { makePrivate, mayBeShared } from "../base/shell.ts";
import { lastWord } from "../base/visible.ts";
import { capital } from "./output.ts";
import type { PinLogin } from "../twitter/http/login.ts";
import { tellProfiles } from "./profiles.ts";

/** Number of tries of a PIN. */
const PIN_TRIES = 3;

/** Milliseconds to wait for the API when keys are tried. */
const PATIENCE_MS = 10_000;

/** Completes the command. */
export function fillConfigure(command: Command, context: Context): void {
  command
    .description(
      "Asks for the consumer key and secret of your application, sends you to a page that shows a PIN, and " +
        "stores the keys, as twarc does. Secrets are never shown. If nobody can be " +
        "asked, they are read from CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN and ACCESS_TOKEN_SECRET, " +
        "or BEARER_TOKEN.",
    )
    .option(
      "--profile [name]",
      "profile to store the keys in; without a name, the profiles are listed",
      MAIN_PROFILE,
    )
    .option("--twarc-config-filepath <path>", "file with the keys (default: ~/.twarc)")
    .option("--bearer-token", "store a bearer token; the other keys of the profile stay", false)
    .option(
      "--app",
      "store the consumer key and secret alone, without a login, which suffices except for streams of version 1.1",
      false,
    )
    .option("--yes", "do not ask before keys of another application are replaced", false)
    .option("--no-check", "do not try the keys at the API first, which is free")
    .addHelpText("after", example("configure --profile justin_littman"))
    .action(async (options) => {
      const { profile, twarcConfigFilepath, bearerToken, app, yes, check } = options;
      if (profile === true) return await tellProfiles(twarcConfigFilepath, context);
      const { checkProfileName, defaultKeysPath, profileFlag, storedKeys, writeProfile } =
        await import("../secrets/twarc_files.ts");
      const { output } = context;
      const path = twarcConfigFilepath ?? defaultKeysPath(context);
      checkProfileName(profile);
      const stored = await storedKeys(path, profile);
      const place = `profile ${profile} of ${path}`;
      const fileFlag = twarcConfigFilepath === undefined
        ? ""
        : ` --twarc-config-filepath ${lastWord(twarcConfigFilepath)}`;
      const again = `twarc-cloud configure${fileFlag}${profileFlag(profile)}`;
      const keys = bearerToken
        ? { bearer_token: await answer("Bearer token", "BEARER_TOKEN", context) }
        : app
        ? await consumerPair(context)
        : await userKeys({ path, profile, stored, place, again }, context);
      const kept = await besides(stored, keys, { place, yes, context });
      if (!kept) return;
      if (check) await tryKeys(keys, context);
      await writeProfile(path, profile, { ...kept, ...keys });
      output.line(`Keys stored in ${place}.`);
      if (mayBeShared(path, context)) {
        output.note(
          `Other users of this machine may be able to read it. To restrict access to yourself: ${
            makePrivate(path, context)
          }`,
        );
      }
      const others = Object.keys(kept).filter((name) => !(name in keys));
      if (others.length > 0) output.note(`The profile keeps its ${others.join(", ")}.`);
      const named = `${fileFlag}${profileFlag(profile)}`;
      output.note(
        `Add them to a configuration with \`twarc-cloud collection-config keys${named}\`, or to a collection that ` +
          `is in a bucket with \`twarc-cloud collection keys ID${named}\`.`,
      );
    });
}

/** Returns the keys of a profile to keep with new ones: all of the same application's. Null if the person declines. */
async function besides(
  stored: TwitterKeys,
  keys: TwitterKeys,
  { place, yes, context: { output } }: { place: string; yes: boolean; context: Context },
): Promise<TwitterKeys | null> {
  if (!isOfOther(keys, stored)) return stored;
  const what = `${place} has keys of another application: ${Object.keys(stored).join(", ")}`;
  if (yes) return {};
  const answer = await output.confirm(`${capital(what)}. Replace them?`);
  if (answer) return {};
  if (answer === null) {
    const { UserError } = await import("../base/errors.ts");
    throw new UserError(capital(what), {
      hint: "Choose another profile with --profile NAME, or replace them with --yes.",
    });
  }
  output.note("Cancelling");
  return null;
}

/** Returns whether keys are of another application than those of a profile. */
function isOfOther(keys: TwitterKeys, stored: TwitterKeys): boolean {
  return keys.consumer_key !== undefined && stored.consumer_key !== undefined &&
    keys.consumer_key !== stored.consumer_key;
}

/** Tries keys at the API. @throws UserError if it rejects them, so that they are not stored. */
async function tryKeys(keys: TwitterKeys, context: Context): Promise<void> {
  const { checkKeys } = await import("../twitter/keys_check.ts");
  const { twitterApiUrl: base } = await settingsFor(context, {});
  const { InterruptedError, UserError } = await import("../base/errors.ts");
  const { clock, signal: left, output } = context;
  const signal = AbortSignal.any([left, AbortSignal.timeout(PATIENCE_MS)]);
  const silent = { is: "unknown", why: "the API does not respond" } as const;
  const found = await checkKeys(keys, { base, clock, signal }).catch((error) => {
    if (left.aborted) throw new InterruptedError("Interrupted: nothing was stored");
    return signal.aborted ? silent : Promise.reject(error);
  });
  if (found.is === "taken") return;
  if (found.is === "unknown") return output.note(`The keys could not be tried: ${found.why}.`);
  throw new UserError(`The API rejected these keys: ${found.why}`, {
    hint:
      "Nothing was stored. Copy them again from the developer portal; --no-check stores them as they are.",
  });
}

async function consumerPair(context: Context) {
  return {
    consumer_key: await answer("Consumer key", "CONSUMER_KEY", context),
    consumer_secret: await answer("Consumer secret", "CONSUMER_SECRET", context),
  };
}

/** The profile that a login is for. */
interface LoginFor {
  path: string;
  profile: string;
  /** Its keys so far. */
  stored: TwitterKeys;
  /** The profile, for a person. */
  place: string;
  /** The command that begins another login. */
  again: string;
}

async function userKeys(to: LoginFor, context: Context): Promise<TwitterKeys> {
  const { env } = context;
  const consumer = await storedPair(to, context) ?? await consumerPair(context);
  const { ACCESS_TOKEN: access_token, ACCESS_TOKEN_SECRET: access_token_secret } = env;
  if (access_token && access_token_secret) {
    return {
      ...consumer,
      access_token: await cleanKey(access_token, "ACCESS_TOKEN"),
      access_token_secret: await cleanKey(access_token_secret, "ACCESS_TOKEN_SECRET"),
    };
  }
  const { beginLogin } = await import("../twitter/http/login.ts");
  const { twitterApiUrl } = await settingsFor(context, {});
  const begin = () => beginLogin(consumer, twitterApiUrl);
  // The API has accepted the pair by then.
  const login = await begin();
  try {
    return await logIn(login, begin, context);
  } catch (error) {
    if (env.CONSUMER_KEY !== undefined) throw error;
    throw await keepPair(consumer, to, error);
  }
}

/** Asks for the PIN of a login, and where it is refused begins another one. */
async function logIn(
  first: PinLogin,
  begin: () => Promise<PinLogin>,
  context: Context,
): Promise<TwitterKeys> {
  const { output, env } = context;
  const { UserError } = await import("../base/errors.ts");
  for (let left = PIN_TRIES, login = first;; left--, login = await begin()) {
    output.note(
      `Log in to Twitter and authorize the application at this address:\n\n  ${login.url}\n`,
    );
    const pin = await answer("PIN", "PIN", context);
    try {
      return await login.finish(pin);
    } catch (error) {
      if (!(error instanceof UserError) || env.PIN || left === 1) throw error;
      output.note(`${error.message}. The keys of the application are kept: here is a new address.`);
    }
  }
}

/** Returns the pair of a profile that lacks a login only, if the person wants to use it. */
async function storedPair(
  { stored, place }: LoginFor,
  { output, env }: Context,
): Promise<{ consumer_key: string; consumer_secret: string } | null> {
  const { consumer_key, consumer_secret, access_token } = stored;
  if (!consumer_key || !consumer_secret || access_token || env.CONSUMER_KEY) return null;
  const question = `${capital(place)} has a consumer key and secret. Log in with these?`;
  const isWanted = await output.confirm(question, { initial: true });
  return isWanted ? { consumer_key, consumer_secret } : null;
}

/**
 * Stores the application's keys of a login that was not finished, unless the profile has another application's; nobody
 * has to type them again.
 * @returns The error, with what was kept.
 */
async function keepPair(
  pair: TwitterKeys,
  { path, profile, stored, place, again }: LoginFor,
  error: unknown,
): Promise<unknown> {
  const { InterruptedError, OutsideError, TwarcCloudError, UserError } = await import(
    "../base/errors.ts"
  );
  if (!(error instanceof TwarcCloudError) || isOfOther(pair, stored)) return error;
  const { writeProfile } = await import("../secrets/twarc_files.ts");
  await writeProfile(path, profile, { ...stored, ...pair });
  const kept = `the consumer key and secret are kept in ${place}`;
  const details = { cause: error, hint: `Log in with: ${again}` };
  if (error instanceof InterruptedError) {
    return new InterruptedError(`Interrupted: ${kept}`, details);
  }
  const Failure = error instanceof OutsideError ? OutsideError : UserError;
  return new Failure(`${error.message}: ${kept}`, details);
}

/** Returns a value from the environment, or asks for it; secrets are not shown. */
async function answer(
  question: string,
  variable: string,
  { output, env }: Context,
): Promise<string> {
  const given = env[variable] ?? await output.ask(question, { secret: question !== "PIN" });
  if (given) return await cleanKey(given, question);
  const { UserError } = await import("../base/errors.ts");
  throw new UserError(`${question} is missing`, {
    hint: `Type it at a terminal, or set ${variable} in the environment.`,
  });
}

/** Returns a pasted key without extra characters. @throws UserError with the fault, but without the key. */
async function cleanKey(given: string, name: string): Promise<string> {
  const { pastedKey } = await import("../base/api_keys.ts");
  const found = pastedKey(given);
  if ("key" in found) return found.key;
  const { UserError } = await import("../base/errors.ts");
  throw new UserError(`${name} ${found.fault}`, {
    hint: "Copy it again from the developer portal, and paste only the key.",
  });
}
