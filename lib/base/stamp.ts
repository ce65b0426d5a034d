/** Timestamps in names of files and folders: digits of UTC. */

/** Formats a time (milliseconds since 1970) as `20190309153507`. */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, "").slice(0, 14);
}

/** Parses a stamp, whatever separates its parts; NaN if it is not one. */
export function parseStamp(text: string): number {
  const digits = text.replace(/\D/g, "");
  return Date.parse(
    digits.replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z"),
  );
}
