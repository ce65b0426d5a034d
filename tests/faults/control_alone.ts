// deno-lint-ignore-file no-console
/** A control server in a process of its own, for attacks on what a process has; prints its port. */

import { systemClock } from "../../lib/clock.ts";
import { serveControl } from "../../lib/control.ts";

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
console.log(server.url.port);
for await (const _ of Deno.stdin.readable);
await server.close();
