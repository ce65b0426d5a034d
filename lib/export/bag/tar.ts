/** The parts of a tar (POSIX.1-2001): the header of a file, its padding, and the end. */

import { Buffer } from "node:buffer";

const BLOCK = 512;
/** The largest size that fits into a header; a larger one is in a record before it. */
const MAX_SIZE = 8 ** 11 - 1;
/** Bytes of a name that fit into a header. */
const MAX_NAME = 100;

const encoder = new TextEncoder();

/**
 * Returns the header of a file. A name that is long or not of ASCII, and a size from 8 GiB on, are in a record of
 * their own before it, which every tar since 2001 reads.
 * @param time In milliseconds since 1970.
 */
export function tarHeader(name: string, size: number, time: number): Uint8Array {
  const records = [
    ...isPlain(name) ? [] : [record("path", name)],
    ...size > MAX_SIZE ? [record("size", `${size}`)] : [],
  ].join("");
  const own = header({ name: shorten(name), size: size > MAX_SIZE ? 0 : size, time, type: "0" });
  if (records === "") return own;
  const content = encoder.encode(records);
  const before = header({ name: "PaxHeaders/next", size: content.length, time, type: "x" });
  return Buffer.concat([before, content, padding(content.length), own]);
}

/** Returns the bytes that fill the last block of a file. */
export function padding(size: number): Uint8Array {
  return new Uint8Array((BLOCK - size % BLOCK) % BLOCK);
}

/** Returns the end of a tar. */
export function tarEnd(): Uint8Array {
  return new Uint8Array(2 * BLOCK);
}

function isPlain(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name) && name.length <= MAX_NAME;
}

/** Returns the name for readers that do not know the record with the whole name. */
function shorten(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]/g, "_").slice(-MAX_NAME);
}

/** Returns a record of POSIX.1-2001: its length includes its own digits. */
function record(key: string, value: string): string {
  const rest = encoder.encode(` ${key}=${value}\n`).length;
  let length = rest + `${rest}`.length;
  if (rest + `${length}`.length > length) length++;
  return `${length} ${key}=${value}\n`;
}

function header(
  { name, size, time, type }: { name: string; size: number; time: number; type: "0" | "x" },
): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number) => block.set(encoder.encode(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, "0");
  put(name, 0);
  put(octal(0o644, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(Math.floor(time / 1_000), 11), 136);
  put(" ".repeat(8), 148);
  put(type, 156);
  put("ustar\u000000", 257);
  put(`${octal(block.reduce((sum, byte) => sum + byte, 0), 6)}\u0000`, 148);
  return block;
}
