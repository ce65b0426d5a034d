/** Computes checksums of objects while they are read, so that they need not be read again. */

import { createHash } from "node:crypto";
import { tap } from "../base/tap.ts";
import { type FileSum, fileSum } from "../bucket/inventory_entry.ts";
import type { Store } from "../store/store.ts";

/** A store that sums what is read from it. */
export interface Summing {
  store: Store;
  /** The store that is wrapped. */
  plain: Store;
  /** Returns the checksum of an object that was read completely; undefined otherwise. */
  sumOf: (key: string) => FileSum | undefined;
  /** Returns the same, and forgets it. */
  take: (key: string) => FileSum | undefined;
  /** Forgets all checksums: those of years are not kept. */
  forget: () => void;
}

/** Wraps a store to compute the checksum of each object that is read completely. */
export function summing(store: Store): Summing {
  const sums = new Map<string, FileSum>();
  const summed: Store = {
    name: store.name,
    isBilled: store.isBilled,
    async get(key) {
      const found = await store.get(key);
      if (found) sums.set(key, fileSum(found.bytes));
      return found;
    },
    async read(key) {
      const hash = createHash("sha1");
      let bytes = 0;
      sums.delete(key);
      const content = await store.read(key);
      const end = new TransformStream<Uint8Array, Uint8Array>({
        flush: () => void sums.set(key, { sha1: hash.digest("hex"), bytes }),
      });
      return content.pipeThrough(tap((chunk) => {
        hash.update(chunk);
        bytes += chunk.length;
      })).pipeThrough(end);
    },
    put: (...args) => store.put(...args),
    upload: (...args) => store.upload(...args),
    delete: (...args) => store.delete(...args),
    list: (...args) => store.list(...args),
    passedOver: (prefix) => store.passedOver?.(prefix) ?? new Map(),
  };
  const take = (key: string) => {
    const sum = sums.get(key);
    sums.delete(key);
    return sum;
  };
  return {
    store: summed,
    plain: store,
    sumOf: (key) => sums.get(key),
    take,
    forget: () => sums.clear(),
  };
}
