/** Reads tweets back from a collection's files. */

import { LinkError, OutsideError, TwarcCloudError } from "../base/errors.ts";
import { giveBack } from "../base/memory.ts";
import { isThere, type Store } from "../store/store.ts";
import { verifyHint } from "./documents.ts";
import { findCodec } from "../format/codec.ts";
import { lendLines } from "../format/lines.ts";
import { parseTweetLine, type TweetLine } from "../format/tweets.ts";

const CARRIAGE_RETURN = 0x0d;

/** A listed file of tweets is missing, or cannot be read to its end. */
export class DamagedFileError extends OutsideError {
  /** Relative to the collection's folder. */
  readonly file: string;
  /** In words that follow its name. */
  readonly problem: string;

  constructor(key: string, problem: string, cause: unknown) {
    const [, collectionId = "", file = key] = /^collections\/([^/]+)\/(.+)$/.exec(key) ?? [];
    super(`${key} ${problem}`, { cause, hint: verifyHint(collectionId) });
    this.file = file;
    this.problem = problem;
  }
}

/** A line of a tweets file, with its tweets. */
export interface RecordedLine extends TweetLine {
  /** From 1 on. */
  number: number;
  /** As recorded, without its line break. */
  line: Uint8Array;
}

/**
 * Reads a tweets file, of either version of the API, line by line.
 * @throws as `readLines`
 */
export async function* readTweets(store: Store, key: string): AsyncGenerator<RecordedLine> {
  yield* readLines(store, key, (line, number) => ({
    ...parseTweetLine(line),
    number,
    line: line.slice(),
  }));
}

/**
 * Reads each line of a tweets file.
 * @param read Parses a line, without its line break, and its number from 1 on; throws a SyntaxError for an invalid one.
 * The line holds until the next result is asked for: what is kept longer has to be copied.
 * @param onBadLine Called for each invalid line, and the next one is read then; without it, the file ends there.
 * @throws DamagedFileError if the file cannot be read to its end; what the store throws.
 */
export async function* readLines<T>(
  store: Store,
  key: string,
  read: (line: Uint8Array, number: number) => T,
  onBadLine?: (error: DamagedFileError) => void,
): AsyncGenerator<T> {
  let number = 0;
  try {
    for await (const { line } of lendLines(freed(findCodec(key).unpack(await store.read(key))))) {
      number++;
      if (line.length === 0 || (line.length === 1 && line[0] === CARRIAGE_RETURN)) continue;
      let result: T;
      try {
        result = read(line, number);
      } catch (cause) {
        if (!onBadLine) throw cause;
        onBadLine(new DamagedFileError(key, `cannot be read in line ${number}`, cause));
        continue;
      }
      yield result;
    }
  } catch (cause) {
    if (cause instanceof OutsideError && !await isThere(store, key)) {
      throw new DamagedFileError(key, "is listed in its manifest but missing", cause);
    }
    if (cause instanceof LinkError) {
      throw new DamagedFileError(key, "leads out of the bucket through a link", cause);
    }
    if (cause instanceof TwarcCloudError) throw cause;
    throw new DamagedFileError(key, `cannot be read beyond line ${number}`, cause);
  }
}

/** Yields chunks that nobody else has, and frees each once the next one is asked for. */
async function* freed(content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    yield chunk;
    giveBack(chunk);
  }
}
