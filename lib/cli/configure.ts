/** The command `twarc-cloud configure`: gets keys and stores them where twarc does. */

import type { Command } from "@commander-js/extra-typings";
import { example } from "./options.ts";
import { type Context, settingsFor } from "./context.ts";
import { MAIN_PROFILE, type TwitterKeys } from "../base/api_keys.ts";
import { makePrivate, mayBeShared } from "../base/shell.ts";
import { lastWord } from "../base/visible.ts";
import { capital } from "./output.ts";
import { tellProfiles } from "./profiles.ts";

/** Number of tries of a PIN. */
const PIN_TRIES = 3;

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
      const { defaultKeysPath, storedKeys, writeProfile } = await import(
        "../secrets/twarc_files.ts"
      );
      const { output } = context;
      const path = twarcConfigFilepath ?? defaultKeysPath(context);
      const keys = bearerToken
        ? { bearer_token: await answer("Bearer token", "BEARER_TOKEN", context) }
        : app
        ? await consumerPair(context)
        : await userKeys(context);
      const place = `profile ${profile} of ${path}`;
      const kept = await besides(await storedKeys(path, profile), keys, { place, yes, context });
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
      const named = profile === MAIN_PROFILE ? "" : ` --profile ${lastWord(profile)}`;
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
  const isOther = keys.consumer_key !== undefined && stored.consumer_key !== undefined &&
    keys.consumer_key !== stored.consumer_key;
  if (!isOther) return stored;
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

/** Tries keys at the API. @throws UserError if it rejects them, so that they are not stored. */
async function tryKeys(keys: TwitterKeys, context: Context): Promise<void> {
  const { checkKeys } = await import("../twitter/keys_check.ts");
  const { twitterApiUrl: base } = await settingsFor(context, {});
  const { clock, signal, output } = context;
  const found = await checkKeys(keys, { base, clock, signal });
  if (found.is === "taken") return;
  if (found.is === "unknown") return output.note(`The keys could not be tried: ${found.why}.`);
  const { UserError } = await import("../base/errors.ts");
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

async function userKeys(context: Context) {
  const { output, env } = context;
  const consumer = await consumerPair(context);
  const { ACCESS_TOKEN: access_token, ACCESS_TOKEN_SECRET: access_token_secret } = env;
  if (access_token && access_token_secret) {
    return {
      ...consumer,
      access_token: await cleanKey(access_token, "ACCESS_TOKEN"),
      access_token_secret: await cleanKey(access_token_secret, "ACCESS_TOKEN_SECRET"),
    };
  }
  const { beginLogin } = await import("../twitter/http/login.ts");
  const { UserError } = await import("../base/errors.ts");
  const { twitterApiUrl } = await settingsFor(context, {});
  for (let left = PIN_TRIES;; left--) {
    const login = await beginLogin(consumer, twitterApiUrl);
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
