/** A file with a secret that is made when it is first wanted, and that the person alone can read. */

import { randomBytes } from "node:crypto";
import { dirname } from "node:path";
import { type Disk, ignoreLacking, isLacking, nullIfAbsent, systemDisk } from "./disk.ts";

/** Milliseconds that another process may take to write a secret whose file it has made. */
const WRITTEN_AFTER = 1_000;

/** The secret in a file; null where there is none. @throws what the file system fails with. */
export async function secretIn(path: string): Promise<string | null> {
  return (await Deno.readTextFile(path).catch(nullIfAbsent))?.trim() || null;
}

/**
 * The secret in a file whose folder is there: 32 random bytes in hexadecimal, durable, where there was none. Of those
 * who make it at the same time all get the one that was there first.
 * @throws what the file system fails with.
 */
export async function secretFile(path: string, disk: Disk = systemDisk): Promise<string> {
  return await secretIn(path) ?? await newSecret(path, disk);
}

async function newSecret(path: string, disk: Disk): Promise<string> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  const secret = randomBytes(32).toString("hex");
  try {
    await written(temporary, secret);
    // A link appears whole, where a file that is being written may be read half.
    await disk.link(temporary, path).catch((error) => {
      if (!isLacking(error)) throw error;
      return written(path, secret);
    });
    await disk.sync(dirname(path)).catch((error) => {
      if (!isLacking(error)) throw error;
    });
    return secret;
  } catch (error) {
    const first = error instanceof Deno.errors.AlreadyExists ? await secretOfAnother(path) : null;
    if (first) return first;
    throw error;
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

async function written(path: string, secret: string): Promise<void> {
  await Deno.writeTextFile(path, secret, { createNew: true, mode: 0o600 });
  using file = await Deno.open(path, { write: true });
  await file.sync().catch(ignoreLacking);
}

/** The secret that another process has made, or is writing. */
async function secretOfAnother(path: string): Promise<string | null> {
  for (const end = performance.now() + WRITTEN_AFTER; performance.now() < end;) {
    const secret = await secretIn(path);
    if (secret) return secret;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return null;
}
