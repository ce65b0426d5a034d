/** The control secret of a folder bucket's harvesters, kept in the folder. */

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { messageOf, UserError } from "../errors.ts";
import { type Disk, isLacking, systemDisk } from "../store/disk.ts";
import { Folders } from "../store/folders.ts";

/** Milliseconds that another process may take to write a secret whose file it has made. */
const WRITTEN_AFTER = 1_000;

/**
 * The secret of a folder bucket: 32 random bytes in hexadecimal, made when it is first wanted, and
 * readable by the person alone.
 * @throws UserError where it can be neither read nor written.
 */
export async function folderSecret(folder: string, disk: Disk = systemDisk): Promise<string> {
  const path = join(folder, "runner", "secret");
  try {
    const folders = new Folders(folder, disk);
    await folders.checkWay(path);
    const known = await secretIn(path);
    if (known) return known;
    await folders.makeRoot();
    return await folders.within(path, () => newSecret(path, disk));
  } catch (cause) {
    throw new UserError(`The secret in ${path} cannot be used: ${messageOf(cause)}`, { cause });
  }
}

async function secretIn(path: string): Promise<string | null> {
  try {
    return (await Deno.readTextFile(path)).trim() || null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Makes one; of those who do so at the same time all get the one that was there first. */
async function newSecret(path: string, disk: Disk): Promise<string> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  const secret = randomBytes(32).toString("hex");
  const write = (to: string) => Deno.writeTextFile(to, secret, { createNew: true, mode: 0o600 });
  try {
    await write(temporary);
    // A link appears whole, where a file that is being written may be read half.
    await disk.link(temporary, path).catch((error) => {
      if (!isLacking(error)) throw error;
      return write(path);
    });
    return secret;
  } catch (error) {
    const first = error instanceof Deno.errors.AlreadyExists ? await writtenIn(path) : null;
    if (first) return first;
    throw error;
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}

/** The secret that another process has made, or is writing. */
async function writtenIn(path: string): Promise<string | null> {
  for (const end = performance.now() + WRITTEN_AFTER; performance.now() < end;) {
    const secret = await secretIn(path);
    if (secret) return secret;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return null;
}
