/** This machine's files without the time that durability takes, which no test sees. */

import { type Files, systemFiles } from "../../lib/harvest/files.ts";

/** Files of which nothing is made durable. */
export const unsyncedFiles: Files = {
  ...systemFiles,
  create: async (path) => {
    const file = await systemFiles.create(path);
    return {
      write: (bytes, at) => file.write(bytes, at),
      read: (into, at) => file.read(into, at),
      sync: () => Promise.resolve(),
      facts: () => file.facts(),
      close: () => file.close(),
    };
  },
  // It still has to be there.
  sync: async (path) => await (await systemFiles.open(path)).close(),
  syncFolder: () => Promise.resolve(),
};
