/** Checks of content on its way to and from S3. */

import type { CompleteMultipartUploadCommandOutput } from "@aws-sdk/client-s3";
import { Buffer } from "node:buffer";
import { OutsideError } from "../../base/errors.ts";

/** @throws OutsideError where S3 has assembled the parts to something else, as far as it reports. */
export function checkSum(
  { ChecksumCRC32, ChecksumType }: CompleteMultipartUploadCommandOutput,
  sum: number,
  key: string,
): void {
  if (ChecksumType !== "FULL_OBJECT" || ChecksumCRC32 === undefined) return;
  const wanted = Buffer.alloc(4);
  wanted.writeUInt32BE(sum);
  if (wanted.toString("base64") === ChecksumCRC32) return;
  throw new OutsideError(`${key} was damaged in transit`);
}

/** @throws OutsideError where there are more or fewer bytes than wanted. */
export function checkLength(length: number, wanted: number | undefined, key: string): void {
  if (wanted === undefined || length === wanted) return;
  throw new OutsideError(`${key} arrived with ${length} bytes instead of ${wanted}`);
}

/** Returns a stream that fails where it is truncated. */
export function checkedStream(
  content: ReadableStream<Uint8Array>,
  { length, key, failed }: {
    length: number | undefined;
    key: string;
    failed: (error: unknown) => Error;
  },
): ReadableStream<Uint8Array> {
  const reader = content.getReader();
  let read = 0;
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (value) {
          read += value.length;
          controller.enqueue(value);
        }
        if (!done) return;
        checkLength(read, length, key);
        controller.close();
      } catch (error) {
        controller.error(failed(error));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}
