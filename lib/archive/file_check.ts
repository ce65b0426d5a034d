/** Reads a file of a harvest to its end, and says what it is and whether it is whole. */

import { createHash } from "node:crypto";
import { isObject, type Json, type JsonObject } from "../base/json.ts";
import { messageOf, TwarcCloudError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import { idsIn } from "../twitter/bytes/ids.ts";
import { tap } from "../base/tap.ts";
import { hasHalves } from "../format/surrogates.ts";
import { splitLines } from "../format/lines.ts";
import { type Codec, findCodec } from "../format/codec.ts";

/** What a file is found to be. */
export interface FileFacts {
  /** Of the file as it is stored, in hex; of what was read of it, where there is a fault. */
  sha1: string;
  /** Bytes of the file as it is stored. */
  bytes: number;
  tweets: number;
  /** Lines with half a character, which other programs do not read. */
  oddLines: number;
  /** What is wrong with it first, for a person; null where nothing is. */
  fault: string | null;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a tweets file: packed as one whole, each line JSON, each with its ids.
 * @param onId Called with each tweet's id, in digits; a SyntaxError that it throws is a fault of the line.
 * @param onLine Called with each line that is as it should be, and how many before it are not.
 * @throws OutsideError where the store does not have it, or cannot be read.
 */
export async function checkTweets(
  store: Store,
  key: string,
  onId: (id: string) => Promise<void> | void,
  onLine: (line: Uint8Array, badLines: number) => void = () => {},
): Promise<FileFacts> {
  const facts: FileFacts = { sha1: "", bytes: 0, tweets: 0, oddLines: 0, fault: null };
  let good = 0;
  const sha1 = createHash("sha1");
  const counted = (await store.read(key)).pipeThrough(tap((chunk) => {
    sha1.update(chunk);
    facts.bytes += chunk.length;
  }));
  const codec = findCodec(key);
  await checkLines(codec.unpack(counted), { facts, codec }, async (line, _, number) => {
    for (const id of idsIn(line)) {
      await onId(id);
      facts.tweets++;
    }
    if (hasHalves(line)) facts.oddLines++;
    onLine(line, number - ++good);
  });
  facts.sha1 = sha1.digest("hex");
  return facts;
}

/**
 * Returns what a plain file of JSON lines is found to be: its lines, and what is wrong with it first.
 * @param onObject Called with each line that is an object.
 * @throws OutsideError
 */
export async function checkJsonLines(
  store: Store,
  key: string,
  onObject: (json: JsonObject) => void = () => {},
): Promise<{ lines: number; fault: string | null }> {
  const facts: Pick<FileFacts, "fault"> = { fault: null };
  let lines = 0;
  await checkLines(await store.read(key), { facts }, (_, json) => {
    lines++;
    if (isObject(json)) onObject(json);
  });
  return { lines, fault: facts.fault };
}

/** Keeps what is wrong first. A failure of the store, or of this machine, is not the file's. */
async function checkLines(
  content: ReadableStream<Uint8Array>,
  { facts, codec }: { facts: Pick<FileFacts, "fault">; codec?: Codec },
  look: (line: Uint8Array, json: Json, number: number) => Promise<void> | void,
): Promise<void> {
  let number = 0;
  try {
    for await (const { line, isEnded } of splitLines(content)) {
      number++;
      if (!isEnded) facts.fault ??= `line ${number} has no end`;
      try {
        await look(line, JSON.parse(decoder.decode(line)), number);
      } catch (error) {
        if (error instanceof TwarcCloudError) throw error;
        facts.fault ??= `line ${number} is not as it should be: ${messageOf(error)}`;
      }
    }
  } catch (error) {
    if (error instanceof TwarcCloudError) throw error;
    const problem = messageOf(error);
    facts.fault ??= error instanceof SyntaxError
      ? `line ${number + 1} is not as it should be: ${problem}`
      : `it is not one whole ${codec?.name ?? "text"} file, from line ${
        number + 1
      } on (${problem})`;
  }
}
