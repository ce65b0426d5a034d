// deno-lint-ignore-file no-console
/**
 * A control server in a process of its own, for attacks on what a process has; prints its port. Told to take, it takes
 * every descriptor that is left, until it is told to give them back.
 */

import { systemClock } from "../../lib/base/clock.ts";
import { serveControl } from "../../lib/control/server.ts";

const info = {
  collection_id: "c",
  harvest_timestamp: "2026-01-02T03:04:05Z",
  tweets: 0,
  files: 0,
  file_bytes: 0,
};
const server = serveControl(
  { info: () => info, stop() {}, isStopped: () => false, shutdown() {} },
  {
    collectionId: "c",
    secret: () => Promise.resolve("secret"),
    clock: systemClock,
    hostname: "127.0.0.1",
    port: 0,
  },
);
// As a harvester does at its start: Deno itself needs descriptors for it.
Deno.addSignalListener("SIGTERM", () => {});
console.log(server.url.port);
const taken: Deno.FsFile[] = [];
for await (const order of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  if (order === "take") takeAll();
  else for (const file of taken.splice(0)) file.close();
  console.log("done");
}
await server.close();

function takeAll(): void {
  try {
    for (;;) taken.push(Deno.openSync("/dev/null"));
  } catch {
    // There is none left.
  }
}
