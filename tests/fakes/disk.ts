/** Knows when a harvest in this process is at its disk, however slow that is: a test's clock stands still meanwhile. */

import { CutFiles } from "../../lib/harvest/cut_files.ts";
import { LeftFolder } from "../../lib/harvest/recovery/left_folder.ts";
import { Segment } from "../../lib/harvest/segment.ts";
import { Spool } from "../../lib/harvest/spool.ts";

let underWay = 0;

/** Whether something is being read or written. */
export function isAtDisk(): boolean {
  return underWay > 0;
}

/** Counts as being at the disk until `done` is. */
export async function atDisk<T>(done: Promise<T>): Promise<T> {
  underWay++;
  try {
    return await done;
  } finally {
    underWay--;
  }
}

/** What a method of the disk calls is not of the disk: a store may take its time. */
function elsewhere(arg: unknown): unknown {
  if (typeof arg !== "function") return arg;
  return async (...args: unknown[]) => {
    underWay--;
    try {
      return await arg(...args);
    } finally {
      underWay++;
    }
  };
}

function watch(place: object): void {
  for (const [name, { value, ...how }] of Object.entries(Object.getOwnPropertyDescriptors(place))) {
    if (typeof value !== "function" || name === "constructor") continue;
    const watched = new Proxy(value, {
      apply(method, self, args: unknown[]) {
        const done = Reflect.apply(method, self, args.map(elsewhere));
        return done instanceof Promise ? atDisk(done) : done;
      },
    });
    Object.defineProperty(place, name, { ...how, value: watched });
  }
}

for (const { prototype } of [CutFiles, LeftFolder]) watch(prototype);
for (const place of [Spool, Spool.prototype, Segment, Segment.prototype]) watch(place);
