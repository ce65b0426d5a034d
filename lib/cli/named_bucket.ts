/** Commands that are shown to somebody who named a bucket: without its name they would be for another one. */

import { lastWord } from "../base/visible.ts";

/** A command that takes `--bucket`, and what comes with it up to the end of its sentence. */
const TAKES_BUCKET =
  /(twarc-cloud (?:collection [a-z-]+|harvest [a-z-]+|scheduler|collection-config (?:download|update|changes|keys|credentials)))(?![a-z-]| --help)([^`\n]*?(?=`|\. |, |; |: |\n|$))/g;

/** Returns a text whose commands name a bucket, where they do not name one yet. */
export function withBucket(text: string, bucket: string): string {
  return text.replace(
    TAKES_BUCKET,
    (found, command: string, rest: string) =>
      rest.includes("--bucket") ? found : `${command} --bucket ${lastWord(bucket)}${rest}`,
  );
}
