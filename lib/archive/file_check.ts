/** Reads a harvest's file completely, and reports its facts and first fault. */

import { createHash } from "node:crypto";
import { isObject, type Json, type JsonObject } from "../base/json.ts";
import { errorMessage, TwarcCloudError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import { readIds } from "../twitter/bytes/ids.ts";
import { readTweetLine, type TweetLine } from "../twitter/bytes/tweet_line.ts";
import { tap } from "../base/tap.ts";
import { hasHalves } from "../format/surrogates.ts";
import { splitLines } from "../format/lines.ts";
import { type Codec, findCodec } from "../format/codec.ts";

/** Facts of a file. */
export interface FileFacts {
  /** Of the stored file, in hex; of the readable part, if there is a fault. */
  sha1: string;
  /** Bytes of the stored file. */
  bytes: number;
  tweets: number;
  /** Lines with an unpaired surrogate, which other programs cannot read. */
  oddLines: number;
  /** The first fault, for a person; null if there is none. */
  fault: string | null;
  /** Whether bytes differ from those that were written, so that no line can be trusted: not all that parses is true. */
  isAltered: boolean;
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Checks a tweets file: one intact archive of JSON lines with ids.
 * @param onId Called with each tweet's id, in digits; a SyntaxError that it throws is a fault of the line.
 * @param onLine Called with each valid line, and the number of invalid ones before it.
 * @throws OutsideError if the store does not have it, or it cannot be read.
 */
export async function checkTweets(
  store: Store,
  key: string,
  onId: (id: string) => Promise<void> | void,
  onLine: (line: Uint8Array, badLines: number) => void = () => {},
): Promise<FileFacts> {
  const facts: FileFacts = {
    sha1: "",
    bytes: 0,
    tweets: 0,
    oddLines: 0,
    fault: null,
    isAltered: false,
  };
  let good = 0;
  const sha1 = createHash("sha1");
  const counted = (await store.read(key)).pipeThrough(tap((chunk) => {
    sha1.update(chunk);
    facts.bytes += chunk.length;
  }));
  const codec = findCodec(key);
  const isIntact = await checkLines(
    codec.unpack(counted),
    { facts, codec },
    async (line, number) => {
      const { ids, isWellFormed } = readTweetLine(line) ?? parsedLine(line);
      for (const id of ids) {
        await onId(id);
        facts.tweets++;
      }
      if (!isWellFormed) facts.oddLines++;
      onLine(line, number - ++good);
    },
  );
  facts.sha1 = sha1.digest("hex");
  facts.isAltered = !isIntact && !await codec.startsIntact(await store.read(key));
  return facts;
}

/** Reads a line of tweets that is unusual, or invalid. @throws SyntaxError if it is invalid */
function parsedLine(line: Uint8Array): TweetLine {
  parseLine(line);
  return { ids: readIds(line), isWellFormed: !hasHalves(line) };
}

/** @throws SyntaxError, or TypeError for what is not UTF-8 */
function parseLine(line: Uint8Array): Json {
  return JSON.parse(decoder.decode(line));
}

/**
 * Checks a plain file of JSON lines.
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
  await checkLines(await store.read(key), { facts }, (line) => {
    const json = parseLine(line);
    lines++;
    if (isObject(json)) onObject(json);
  });
  return { lines, fault: facts.fault };
}

/**
 * Records the first fault. A failure of the store or of this machine is not the file's fault.
 * @returns Whether the file could be read to its end.
 */
async function checkLines(
  content: ReadableStream<Uint8Array>,
  { facts, codec }: { facts: Pick<FileFacts, "fault">; codec?: Codec },
  look: (line: Uint8Array, number: number) => Promise<void> | void,
): Promise<boolean> {
  let number = 0;
  try {
    for await (const { line, isEnded } of splitLines(content)) {
      number++;
      if (!isEnded) facts.fault ??= `line ${number} has no end`;
      try {
        await look(line, number);
      } catch (error) {
        if (error instanceof TwarcCloudError) throw error;
        facts.fault ??= `line ${number} is invalid: ${errorMessage(error)}`;
      }
    }
    return true;
  } catch (error) {
    if (error instanceof TwarcCloudError) throw error;
    const problem = errorMessage(error);
    facts.fault ??= error instanceof SyntaxError
      ? `line ${number + 1} is invalid: ${problem}`
      : `it is not an intact ${codec?.name ?? "text"} file, from line ${
        number + 1
      } on (${problem})`;
    return false;
  }
}
