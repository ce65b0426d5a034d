/** Objects of S3 as a store gives them. */

import type { Got, Version } from "../store.ts";

/** What a response says of an object besides its bytes; times in milliseconds since 1970, NaN where unknown. */
export interface Facts {
  etag: string | undefined;
  /** When S3 responded, by its own clock. */
  answered: number;
  /** When the object was written, by the same clock. */
  modified: number;
}

/** Returns an object that was read; its age is absent where one of its times is unknown. */
export function gotFor(bytes: Uint8Array, { etag, answered, modified }: Facts): Got {
  const age = answered - modified;
  return { bytes, version: versionFor(etag), ...(Number.isNaN(age) ? {} : { age }) };
}

/** Returns an ETag without the `W/` that proxies put before it: the store has it without, and compares it so. */
export function versionFor(etag = ""): Version {
  return etag.replace(/^W\//, "");
}
