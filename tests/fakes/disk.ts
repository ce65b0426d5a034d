/** Knows when a harvest in this process is at its disk, however slow that is: a test's clock stands still meanwhile. */

import { CutFiles } from "../../lib/harvest/cut_files.ts";
import { LeftFolder } from "../../lib/harvest/recovery/left_folder.ts";
import { Segment } from "../../lib/harvest/segment.ts";
import { Spool } from "../../lib/harvest/spool.ts";

/** What a method of the disk is doing. */
interface Call {
  /** How many of the functions that it was given are running: those are not of the disk, a store may take its time. */
  elsewhere: number;
}

// Calls, not a number of them: what a test leaves behind for ever counts for that call alone.
const underWay = new Set<Call>();

/** Whether something is being read or written. */
export function isAtDisk(): boolean {
  return underWay.values().some((call) => call.elsewhere === 0);
}

/** Counts as being at the disk until `done` is. */
export async function atDisk<T>(done: Promise<T>, call: Call = { elsewhere: 0 }): Promise<T> {
  underWay.add(call);
  try {
    return await done;
  } finally {
    underWay.delete(call);
  }
}

function elsewhere(arg: unknown, call: Call): unknown {
  if (typeof arg !== "function") return arg;
  return async (...args: unknown[]) => {
    call.elsewhere++;
    try {
      return await arg(...args);
    } finally {
      call.elsewhere--;
    }
  };
}

function watch(place: object): void {
  for (const [name, { value, ...how }] of Object.entries(Object.getOwnPropertyDescriptors(place))) {
    if (typeof value !== "function" || name === "constructor") continue;
    const watched = new Proxy(value, {
      apply(method, self, args: unknown[]) {
        const call = { elsewhere: 0 };
        const done = Reflect.apply(method, self, args.map((arg) => elsewhere(arg, call)));
        return done instanceof Promise ? atDisk(done, call) : done;
      },
    });
    Object.defineProperty(place, name, { ...how, value: watched });
  }
}

for (const { prototype } of [CutFiles, LeftFolder]) watch(prototype);
for (const place of [Spool, Spool.prototype, Segment, Segment.prototype]) watch(place);
