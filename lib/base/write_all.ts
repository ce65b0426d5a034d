/** Writes bytes to an open file. */

/** Writes all of the bytes: one write may take only some. @throws what the file system fails with */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
