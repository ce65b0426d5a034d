/** The destinations of a bag's files: a folder, or one tar. */

import { dirname, join } from "node:path";
import { errorMessage, TwarcCloudError, UserError } from "../../base/errors.ts";
import { removeFile, renameFile } from "../../base/in_use.ts";
import { writeAll } from "../../base/write_all.ts";
import { makeFolder } from "../output_file.ts";
import type { Sink } from "../writer.ts";
import { padding, tarEnd, tarHeader } from "./tar.ts";

/** An open file for writing. */
export interface OpenFile extends Sink {
  /** Called once all of it is written. */
  close(): Promise<void>;
}

/** The destination of a bag. */
export interface BagSink {
  /** Begins a file. @param path Below the bag. @param size Bytes that will be written. */
  open(path: string, size: number): Promise<OpenFile>;
  /** Ends the bag, and gives it its name. */
  keep(): Promise<void>;
  /** Removes what was written. */
  discard(): Promise<void>;
}

/**
 * Makes a folder that gets its name when it is complete. @throws UserError where the name exists, or it cannot be
 * written
 */
export async function openFolder(path: string): Promise<BagSink> {
  if (await Deno.lstat(path).catch(() => null)) {
    throw new UserError(`${path} already exists`, {
      hint: "Move it away, or name another folder with --output.",
    });
  }
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
  const guard = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (cause) {
      if (cause instanceof TwarcCloudError) throw cause;
      throw new UserError(`${path} cannot be written: ${errorMessage(cause)}`, {
        cause,
        hint: "Free some space there, or name another place with --output.",
      });
    }
  };
  const made = await guard(() => makeFolder(dirname(path)));
  await guard(() => Deno.mkdir(temporary));
  return {
    open: (name) =>
      guard(async () => {
        const to = join(temporary, ...name.split("/"));
        await Deno.mkdir(dirname(to), { recursive: true });
        const file = await Deno.open(to, { write: true, createNew: true });
        return {
          write: (bytes) => guard(() => writeAll(file, bytes)),
          close: () => Promise.resolve(file.close()),
        };
      }),
    keep: () => guard(() => renameFile(temporary, path)),
    discard: async () => {
      await removeFile(temporary, { recursive: true }).catch(() => {});
      if (made) await removeFile(made).catch(() => {});
    },
  };
}

/**
 * Makes a tar of one folder, as RFC 8493 has it.
 * @param name Of the folder.
 * @param time Of all files, in milliseconds since 1970: the same bag has the same bytes.
 */
export function openTar(
  sink: Sink,
  { name, time, keep, discard }: { name: string; time: number } & Omit<BagSink, "open">,
): BagSink {
  return {
    async open(path, size) {
      await sink.write(tarHeader(`${name}/${path}`, size, time));
      return {
        write: (bytes) => sink.write(bytes),
        close: async () => {
          if (size % 512 > 0) await sink.write(padding(size));
        },
      };
    },
    async keep() {
      await sink.write(tarEnd());
      await keep();
    },
    discard,
  };
}
