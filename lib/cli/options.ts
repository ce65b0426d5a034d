/** Options that several commands share, and the end of help texts. */

import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { CONFIG_FILE } from "./collection_config/config_file.ts";

/** Returns the option that names the collection configuration file. */
export function configFileOption() {
  return new Option("--collection-config-filepath <path>", "collection configuration file")
    .default(CONFIG_FILE);
}

/** Explains a bucket's name in help texts. */
export const BUCKET =
  "bucket, or a folder: it begins with . or /, or has a drive letter or a backslash";

/** Returns the option that names the bucket. */
export function bucketOption() {
  return new Option(
    "--bucket <bucket>",
    `${BUCKET} (default: bucket in twarc_cloud.ini, else ./twarc-cloud-data)`,
  );
}

/** Returns the option that names the folder for harvests' temporary files. */
export function spoolOption() {
  return new Option(
    "--spool <folder>",
    "folder for temporary files, accessible only to you (default: TWARC_CLOUD_SPOOL, else in your state folder)",
  ).argParser((folder: string) => {
    if (folder !== "") return folder;
    throw new InvalidArgumentError("It is empty.");
  });
}

/** Returns the option with the reason for a start or stop. */
export function noteOption() {
  return new Option("--note <text>", "why, for the record of coverage (coverage.jsonl)");
}

/** Returns the example at the end of a command's help. */
export function example(command: string): string {
  return `\nExample:\n  twarc-cloud ${command}`;
}
