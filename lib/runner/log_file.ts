/** The file with the log of a collection's harvesters on this machine. */

import type { Clock } from "../clock.ts";

/** Bytes after which a log is put aside. */
const LONGEST = 10 * 1024 * 1024;
/** Milliseconds between two looks at a log that is followed. */
const POLL = 500;

/** Puts a log aside that has grown too long; where its next line will be. */
export async function rotated(path: string): Promise<number> {
  const size = (await Deno.stat(path).catch(() => null))?.size ?? 0;
  if (size < LONGEST) return size;
  await Deno.rename(path, `${path}.1`);
  return 0;
}

/** The last line after a position of a log that tells an error, without its `Error: `. */
export async function lastError(path: string, position: number): Promise<string | undefined> {
  const { bytes } = await bytesFrom(path, position);
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.findLast((line) => line.startsWith("Error: "))?.replace(/^Error: /, "");
}

/** The lines of a log, which may be absent yet; a followed one goes on until the signal. */
export async function* linesOf(
  path: string,
  { follow, signal, clock }: { follow: boolean; signal: AbortSignal; clock: Clock },
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for (let position = 0; !signal.aborted;) {
    const { bytes, end } = await bytesFrom(path, position);
    position = end;
    const lines = (rest + decoder.decode(bytes, { stream: follow })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    if (follow) await clock.sleep(POLL, signal);
    else if (rest !== "") yield rest;
    if (!follow) return;
  }
}

/** What a file has from a position on, and where it ends; an absent file is empty. */
async function bytesFrom(
  path: string,
  position: number,
): Promise<{ bytes: Uint8Array; end: number }> {
  const file = await Deno.open(path).catch(() => null);
  if (!file) return { bytes: new Uint8Array(), end: 0 };
  const { size } = await file.stat();
  // A shorter file is another one: the log was put aside.
  const from = await file.seek(size < position ? 0 : position, Deno.SeekMode.Start);
  const bytes = await new Response(file.readable).bytes();
  return { bytes, end: from + bytes.length };
}
