/** Adds a bucket's or a file's name to commands in messages: without it they would act on another one. */

import { lastWord } from "../base/visible.ts";

/** A command that takes `--bucket`, with the rest of its sentence. */
const TAKES_BUCKET =
  /(twarc-cloud (?:collection [a-z-]+|harvest [a-z-]+|scheduler|collection-config (?:download|update|changes|keys|credentials)))(?![a-z-]| --help)([^`\n]*?(?=`|\. |, |; |: |\n|$))/g;

/** A command that takes `--collection-config-filepath`, with the rest of its sentence. */
const TAKES_FILE =
  /(twarc-cloud (?:collection add|collection-config (?:template [a-z_]+|download|update|keys|credentials|screennames|screenname-files|userids|userid-files|estimate|split)))(?![a-z_-]| --help)([^`\n]*?(?=`|\. |, |; |: |\n|$))/g;

/** Returns a text whose commands name a configuration file. */
export function withConfigFile(text: string, path: string): string {
  return text.replace(
    TAKES_FILE,
    (found, command: string, rest: string) =>
      rest.includes("--collection-config-filepath")
        ? found
        : `${command} --collection-config-filepath ${lastWord(path)}${rest}`,
  );
}

/** Returns a text whose commands name a bucket. */
export function withBucket(text: string, bucket: string): string {
  return text.replace(
    TAKES_BUCKET,
    (found, command: string, rest: string) =>
      rest.includes("--bucket") ? found : `${command} --bucket ${lastWord(bucket)}${rest}`,
  );
}
