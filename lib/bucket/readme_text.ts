/** The text of README.md at the root of a bucket and of a collection, for people without this program. */

import { lastWord, visible } from "../base/visible.ts";
import { readFrozen } from "../collection/frozen.ts";
import type { Identity } from "./identity.ts";

/** Returns the text for a bucket. */
export function bucketReadme({ id, title, created, copied_from }: Identity): string {
  return `# ${text(title) ?? "Tweets that twarc-cloud has collected"}

This is a bucket of twarc-cloud, a program that collects tweets for months. It has the id \`${id}\`
(\`twarc-cloud.json\`) since ${created}${
    copied_from === undefined ? "" : `, and is a copy of \`${copied_from}\``
  }.

## What is here

Each folder in \`collections/\` is a collection, with a \`README.md\` of its own, which says how to read
and check it without this program. All files are text: JSON, JSON lines, lists of checksums; tweets
are packed by gzip or zstd. Files and folders whose names begin with a dot belong to the program
while it works, and may be left out of a copy.

## How to go on with it

Twarc-cloud lists the collections of the bucket that this file lies in:

\`\`\`
twarc-cloud collection list --bucket .
\`\`\`

A copy has the same \`twarc-cloud.json\` as the bucket that it is a copy of. Before anything is
collected into it, say which of the two it is: \`twarc-cloud bucket is-copy --bucket .\`, or
\`twarc-cloud bucket has-moved --bucket .\` where the other one is no more.
`;
}

/** Members of an unchecked configuration that describe a collection. */
export interface Described {
  readonly id?: unknown;
  readonly type?: unknown;
  readonly title?: unknown;
  readonly description?: unknown;
  readonly contact?: unknown;
  readonly rights?: unknown;
  readonly notes?: unknown;
  readonly tags?: unknown;
  readonly frozen?: unknown;
}

/** Returns the text for a collection. */
export function collectionReadme(config: Described): string {
  const { id, type, title } = config;
  const frozen = readFrozen(config);
  const end = frozen
    ? `It is frozen since ${frozen.since}: nothing is collected any more.`
    : "It may still be collected into.";
  return `# ${text(title) ?? text(id) ?? "A collection of tweets"}

Tweets that twarc-cloud has collected, in a collection of type \`${code(type)}\`, with the
id \`${code(id)}\`. ${end}
${about(config)}
## What is here

| file                                 | what it is                                                         |
| ------------------------------------ | ------------------------------------------------------------------ |
| \`collection.json\`                    | what is collected; it may have keys for the API: do not hand it on |
| \`changesets/\`                        | each change of that, with its time                                 |
| \`harvests/YYYY/MM/DD/HH/MM/SS/\`      | a folder a harvest, named by when it began (UTC)                   |
| \`inventory.jsonl\`, \`inventory/\`      | a line a harvest and a change, with the checksums of their files   |
| \`coverage.jsonl\`, \`coverage/\`        | the time that was covered, and what was stopped on purpose         |
| \`fixity.jsonl\`, \`fixity/\`            | when this was verified, and what was found                         |
| \`last_harvest.json\`, \`checkpoint.json\` | where the harvests stand                                           |

In a harvest's folder \`manifest-sha1.txt\` lists the files with their checksums: first those of tweets,
packed by gzip or zstd, a tweet a line as the API sent it (in version 2 a line is an answer with
many). \`harvest.json\` says how many tweets there are and how it ended, \`gaps.jsonl\` what was missed.
A file of tweets that no manifest lists is not part of the collection.

## How to check it

Each harvest against its manifest, which prints nothing where all is whole (\`shasum\` does where
there is no \`sha1sum\`, as on older versions of macOS):

\`\`\`sh
for manifest in harvests/*/*/*/*/*/*/manifest-sha1.txt; do
  (cd "$(dirname "$manifest")" && sha1sum -c --quiet manifest-sha1.txt)
done
\`\`\`

Whether lines were taken out of the inventory: each has the SHA-256 of the one before.

\`\`\`python
import glob, hashlib, json
before = None
for path in sorted(glob.glob("inventory/*.jsonl")) + glob.glob("inventory.jsonl"):
    for line in open(path, "rb").read().splitlines():
        assert json.loads(line)["before"] == before, path
        before = hashlib.sha256(line).hexdigest()
print("The inventory is whole.")
\`\`\`

With twarc-cloud, in the folder of the bucket:
\`twarc-cloud collection verify --bucket . ${code(id)}\`.

## How to go on with it

It is harvested again with the keys of somebody who may use X's API:
\`twarc-cloud collection keys --bucket . ${code(id)}\`, then \`collection once\` or, of a stream,
\`collection filter-start\`. \`collection copy\` and \`collection move\` take it elsewhere, with each file
checked.
`;
}

/** Returns a person's description of the collection. */
function about({ description, contact, rights, notes, tags }: Described): string {
  const rows = [
    ["", description],
    ["Contact: ", contact],
    ["Rights: ", rights],
    ["Notes: ", notes],
    ["Tags: ", Array.isArray(tags) ? tags.join(", ") : undefined],
  ] as const;
  return rows.flatMap(([name, value]) => {
    const said = text(value);
    return said === undefined ? [] : [`\n${name}${said}\n`];
  }).join("");
}

/** Formats a text for one line of Markdown; undefined if it is not a text. */
function text(value: unknown): string | undefined {
  if (typeof value !== "string" || value.trim() === "") return undefined;
  return visible(value.trim().replace(/\s+/g, " ")).replace(/([\\`*_<>[\]#|])/g, "\\$1");
}

/** Formats a word as code that is also safe as the last word of a command. */
function code(value: unknown): string {
  return typeof value === "string" ? lastWord(visible(value)).replaceAll("`", "") : "ID";
}
