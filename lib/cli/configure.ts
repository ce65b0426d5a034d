/** The command `twarc-cloud configure`: gets keys and keeps them where twarc does. */

import type { Command } from "@commander-js/extra-typings";
import { example } from "./collection_config.ts";
import { type Context, settingsFor } from "./context.ts";
import { tellProfiles } from "./profiles.ts";

/** Adds the command. */
export function addConfigure(program: Command, context: Context): void {
  program.command("configure")
    .summary("Get Twitter API keys and store them in ~/.twarc.")
    .description(
      "Asks for the consumer key and secret of your application, sends you to a page that shows a PIN, and " +
        "stores the keys that it gives, as twarc does. Secrets are never shown. Where nobody can be " +
        "asked, they are read from CONSUMER_KEY, CONSUMER_SECRET, ACCESS_TOKEN and ACCESS_TOKEN_SECRET, " +
        "or BEARER_TOKEN.",
    )
    .option(
      "--profile [name]",
      "profile to store the keys in; without a name, those that are there are listed",
      "main",
    )
    .option("--twarc-config-filepath <path>", "file with the keys (default: ~/.twarc)")
    .option("--bearer-token", "store a bearer token in place of the four keys", false)
    .option(
      "--app",
      "store the consumer key and secret alone, without a login: enough but for streams of version 1.1",
      false,
    )
    .addHelpText("after", example("configure --profile justin_littman"))
    .action(async ({ profile, twarcConfigFilepath, bearerToken, app }) => {
      if (profile === true) return await tellProfiles(twarcConfigFilepath, context);
      const { defaultKeysPath, writeProfile } = await import("../twitter/keys.ts");
      const path = twarcConfigFilepath ?? defaultKeysPath(context.env);
      const keys = bearerToken
        ? { bearer_token: await answer("Bearer token", "BEARER_TOKEN", context) }
        : app
        ? await consumerPair(context)
        : await userKeys(context);
      await writeProfile(path, profile, keys);
      context.output.line(`Keys stored in profile ${profile} of ${path}.`);
      context.output.note(
        "Put them into a configuration with `twarc-cloud collection-config keys`.",
      );
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
      access_token: await cleaned(access_token, "ACCESS_TOKEN"),
      access_token_secret: await cleaned(access_token_secret, "ACCESS_TOKEN_SECRET"),
    };
  }
  const { beginLogin } = await import("../twitter/login.ts");
  const { twitterApiUrl } = await settingsFor(context, {});
  const login = await beginLogin(consumer, twitterApiUrl);
  output.note(
    `Log in to Twitter and authorize the application at this address:\n\n  ${login.url}\n`,
  );
  return await login.finish(await answer("PIN", "PIN", context));
}

/** What the environment says, or the person; secrets are not shown. */
async function answer(
  question: string,
  variable: string,
  { output, env }: Context,
): Promise<string> {
  const given = env[variable] ?? await output.ask(question, { secret: question !== "PIN" });
  if (given) return await cleaned(given, question);
  const { UserError } = await import("../errors.ts");
  throw new UserError(`${question} is missing`, {
    hint: `Type it at a terminal, or set ${variable} in the environment.`,
  });
}

/** A key without what a paste brings with it. @throws UserError that says what is wrong, without the key. */
async function cleaned(given: string, name: string): Promise<string> {
  const { pastedKey } = await import("../api_keys.ts");
  const found = pastedKey(given);
  if ("key" in found) return found.key;
  const { UserError } = await import("../errors.ts");
  throw new UserError(`${name} ${found.fault}`, {
    hint: "Copy it again from the developer portal, and paste it alone.",
  });
}
