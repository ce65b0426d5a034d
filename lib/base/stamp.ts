/** Times as names of files and folders have them: digits of UTC. */

/** Writes a time in milliseconds since 1970 as `20190309153507`. */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(0, 14);
}

/** Reads a stamp, whatever stands between its parts; NaN for what is none. */
export function parseStamp(text: string): number {
  const digits = text.replace(/\D/g, "");
  return Date.parse(
    digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}
