/** The tweets of a collection, read back from the files that its manifests list. */

import { collectionKeys, FILES } from "../collection/layout.ts";
import { OutsideError } from "../errors.ts";
import type { Store } from "../store/store.ts";

/** A file of tweets that a manifest lists. */
export interface ListedFile {
  key: string;
  /** In hex. */
  sha1: string;
}

/** The files of tweets of every harvest of a collection, oldest harvest first. */
export async function* listedFiles(store: Store, collectionId: string): AsyncGenerator<ListedFile> {
  for await (const { key } of store.list(collectionKeys(collectionId).harvests)) {
    if (!key.endsWith(`/${FILES.manifest}`)) continue;
    const manifest = await store.get(key);
    const folder = key.slice(0, -FILES.manifest.length);
    const text = new TextDecoder().decode(manifest?.bytes);
    for (const [, sha1 = "", name = ""] of text.matchAll(/^([0-9a-f]{40}) [ *](.+)$/gm)) {
      yield { key: `${folder}${name}`, sha1 };
    }
  }
}

/**
 * The lines of a gzip file of tweets.
 * @throws OutsideError where it cannot be read to its end.
 */
export async function* linesOf(store: Store, key: string): AsyncGenerator<string> {
  let rest = "";
  try {
    const content = (await store.read(key))
      .pipeThrough(new DecompressionStream("gzip") as TransformStream<Uint8Array, Uint8Array>)
      .pipeThrough(new TextDecoderStream());
    for await (const text of content) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) if (line !== "") yield line;
    }
  } catch (cause) {
    if (cause instanceof OutsideError) throw cause;
    throw new OutsideError(`${key} cannot be read`, { cause });
  }
  if (rest !== "") yield rest;
}
