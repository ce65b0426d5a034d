/** A process that dies in the midst of its writes, as its bucket sees it. */

import { OutsideError } from "../../lib/base/errors.ts";
import type { MemoryStore } from "./memory_store.ts";

/** The store dies at its nth operation that writes; nothing works after that. */
export function dieAt(store: MemoryStore, nth: number): { died: boolean } {
  const state = { died: false, writes: 0 };
  store.before = ({ method }) => {
    if (state.died) throw new OutsideError("The process is dead");
    if (method === "get" || method === "list" || method === "read") return;
    if (++state.writes === nth) {
      state.died = true;
      throw new OutsideError("The process died here");
    }
  };
  return state;
}
