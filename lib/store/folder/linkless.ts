/** A bucket for commands that read all of it, in which targets of links out of it do not exist. */

import { LinkError, OutsideError } from "../../base/errors.ts";
import type { Store } from "../store.ts";

/**
 * Returns a store in which objects behind links out of the bucket are absent, and passed over, so that none of them
 * blocks the rest. Not for decisions to write what is absent.
 */
export function linkless(store: Store): Store {
  const met = new Map<string, LinkError>();
  const passOver = (key: string, error: unknown): void => {
    if (!(error instanceof LinkError)) throw error;
    met.set(key, error);
  };
  return {
    name: store.name,
    isBilled: store.isBilled,
    async get(key, most) {
      try {
        return await store.get(key, most);
      } catch (error) {
        passOver(key, error);
        return null;
      }
    },
    async read(key) {
      try {
        return await store.read(key);
      } catch (error) {
        passOver(key, error);
        throw new OutsideError(`There is no ${key} in bucket ${store.name}`, { cause: error });
      }
    },
    put: (...args) => store.put(...args),
    upload: (...args) => store.upload(...args),
    delete: (...args) => store.delete(...args),
    list: (...args) => store.list(...args),
    passedOver(prefix) {
      const own = [...met].filter(([key]) => key.startsWith(prefix));
      for (const [key] of own) met.delete(key);
      return new Map([...store.passedOver?.(prefix) ?? [], ...own]);
    },
  };
}
