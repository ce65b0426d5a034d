import assert from "node:assert/strict";
import { processIsGone, thisProcess } from "../../lib/bucket/process.ts";

Deno.test("a process of this machine is gone when it has ended, and not before", async () => {
  const { host } = thisProcess();
  const child = new Deno.Command("sleep", { args: ["60"] }).spawn();
  assert.equal(processIsGone({ host, pid: child.pid }), false);
  child.kill("SIGKILL");
  await child.status;
  assert.equal(processIsGone({ host, pid: child.pid }), true);
  assert.equal(processIsGone({ host: `${host}-not`, pid: child.pid }), false);
});

Deno.test("this process, and one that belongs to somebody else, are not gone", () => {
  assert.equal(processIsGone(thisProcess()), false);
  assert.equal(processIsGone({ host: Deno.hostname(), pid: 1 }), false);
});
