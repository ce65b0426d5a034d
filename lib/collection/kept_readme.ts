/** A README.md that this program keeps, and how it is told from one that a person has made or changed. */

import { createHash } from "node:crypto";

/** The name of the file. */
export const README = "README.md";

/** The first line, with the checksum of the rest: a file that a person has changed is theirs. */
const FIRST =
  /^<!-- Kept up to date by twarc-cloud, unless you change it: then it is yours\. ([0-9a-f]{16}) -->\n\n/;

/** Returns a text as a file that this program keeps. */
export function keptText(text: string): Uint8Array {
  const first = "Kept up to date by twarc-cloud, unless you change it: then it is yours.";
  return new TextEncoder().encode(`<!-- ${first} ${checksum(text)} -->\n\n${text}`);
}

/** Returns whether a README.md is as this program has written it. */
export function isKept(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes);
  const [first = "", sum] = FIRST.exec(text) ?? [];
  return sum !== undefined && checksum(text.slice(first.length)) === sum;
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
