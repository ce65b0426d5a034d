/** The destinations of exports: a file, or a folder of files that belong together. */

import { join } from "node:path";
import { readTextFile, removeFile } from "../base/in_use.ts";
import { isObject, jsonOrNull } from "../base/json.ts";
import { OutputFile, writeWhole } from "./output_file.ts";
import type { PostWriter, Sink } from "./writer.ts";

/** An output that gets its names only when it is complete. */
export interface Output {
  readonly writer: PostWriter;
  /**
   * Renames it to its final names.
   * @param document The document to write beside it, with the names of the files added.
   */
  keep(document: Record<string, unknown>): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/**
 * The document in a folder of Parquet: readers of all files in a folder pass over those that begin with `_`. Former
 * versions had the other name.
 */
const [DOCUMENT, FORMER_DOCUMENT] = ["_export.json", "export.json"];

/** Opens a file. @throws UserError where it cannot be written */
export async function openFile(path: string, make: (sink: Sink) => PostWriter): Promise<Output> {
  const file = await OutputFile.open(path);
  return {
    writer: make(file),
    keep: async (document) => {
      await file.keep();
      await writeWhole(`${path}.export.json`, toDocument(document));
    },
    discard: () => file.discard(),
  };
}

/**
 * Opens a folder of shards: `posts-00000-of-00003.parquet`.
 * @param make Makes the writer, which requests each shard.
 * @throws UserError where it cannot be written
 */
export function openShards(
  folder: string,
  make: (openShard: () => Promise<OutputFile>) => PostWriter,
): Output {
  const shards: OutputFile[] = [];
  const openShard = async () => {
    const shard = await OutputFile.open(join(folder, `posts-${shards.length}.parquet`));
    shards.push(shard);
    return shard;
  };
  const digits = (n: number) => `${n}`.padStart(5, "0");
  return {
    writer: make(openShard),
    keep: async (document) => {
      const files = shards.map((_, i) => `posts-${digits(i)}-of-${digits(shards.length)}.parquet`);
      const former = [
        ...await formerFiles(folder, DOCUMENT),
        ...await formerFiles(folder, FORMER_DOCUMENT),
      ];
      for (const [i, shard] of shards.entries()) await shard.keep(join(folder, files[i] ?? ""));
      await writeWhole(join(folder, DOCUMENT), toDocument({ ...document, files }));
      for (const file of former.filter((one) => !files.includes(one))) {
        await removeFile(join(folder, file)).catch(() => {});
      }
    },
    discard: async () => {
      for (const shard of shards.toReversed()) await shard.discard();
    },
  };
}

/**
 * Returns the shards of an earlier export there, and its document if that has a former name: with the new ones they
 * would be read as one table.
 */
async function formerFiles(folder: string, name: string): Promise<string[]> {
  const document = jsonOrNull(await readTextFile(join(folder, name)).catch(() => ""));
  if (!isObject(document) || !Array.isArray(document.files)) return [];
  const shards = document.files.map(String)
    .filter((one) => /^posts-\d{5,}-of-\d{5,}\.parquet$/.test(one));
  return name === DOCUMENT ? shards : [...shards, name];
}

function toDocument(document: Record<string, unknown>): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
