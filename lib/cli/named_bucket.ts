/** Adds the bucket's name to commands in messages: without it they would act on another bucket. */

import { lastWord } from "../base/visible.ts";

/** A command that takes `--bucket`, with the rest of its sentence. */
const TAKES_BUCKET =
  /(twarc-cloud (?:collection [a-z-]+|harvest [a-z-]+|scheduler|collection-config (?:download|update|changes|keys|credentials)))(?![a-z-]| --help)([^`\n]*?(?=`|\. |, |; |: |\n|$))/g;

/** Returns a text whose commands name a bucket. */
export function withBucket(text: string, bucket: string): string {
  return text.replace(
    TAKES_BUCKET,
    (found, command: string, rest: string) =>
      rest.includes("--bucket") ? found : `${command} --bucket ${lastWord(bucket)}${rest}`,
  );
}
