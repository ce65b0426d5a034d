/** Garbage is collected when a test wants it, however large the heap is that other tests have left. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: unknown = runInNewContext("gc");

/** Collects what nothing refers to any more; a WeakRef lets go between two turns of the event loop only. */
export async function collectGarbage(): Promise<void> {
  if (typeof collect !== "function") throw new Error("V8 gives no gc");
  await new Promise((resolve) => setTimeout(resolve));
  collect();
  await new Promise((resolve) => setTimeout(resolve));
}
