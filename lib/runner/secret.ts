/** The control secret of a folder bucket's harvesters, kept in the folder. */

import { randomBytes } from "node:crypto";
import { dirname, join } from "node:path";
import { messageOf, UserError } from "../errors.ts";

/**
 * The secret of a folder bucket: 32 random bytes in hexadecimal, made when it is first wanted, and
 * readable by the person alone.
 * @throws UserError where it can be neither read nor written.
 */
export async function folderSecret(folder: string): Promise<string> {
  const path = join(folder, "runner", "secret");
  try {
    return await secretIn(path) ?? await newSecret(path);
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
async function newSecret(path: string): Promise<string> {
  const temporary = `${path}.${crypto.randomUUID()}`;
  const secret = randomBytes(32).toString("hex");
  await Deno.mkdir(dirname(path), { recursive: true });
  try {
    await Deno.writeTextFile(temporary, secret, { createNew: true, mode: 0o600 });
    // A link appears whole, where a file that is being written may be read half.
    await Deno.link(temporary, path);
    return secret;
  } catch (error) {
    const first = error instanceof Deno.errors.AlreadyExists ? await secretIn(path) : null;
    if (first) return first;
    throw error;
  } finally {
    await Deno.remove(temporary).catch(() => {});
  }
}
