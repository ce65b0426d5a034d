import assert from "node:assert/strict";
import { holderIsGone, processIsGone, thisProcess } from "../../lib/bucket/process.ts";
import { parseLinuxMachine, parseLinuxProcess } from "../../lib/bucket/process_facts.ts";
import { parseMacMachine, parseMacProcess } from "../../lib/bucket/process_facts.ts";
import { ownFacts, readProcess } from "../../lib/bucket/process_facts.ts";
import { asHolder, canUnshare, printedBy, sleeper, zombie } from "../fakes/other_processes.ts";

Deno.test("a process of this machine is gone when it has ended, and not before", async () => {
  const { host } = thisProcess();
  const child = sleeper();
  const holder = asHolder(child.pid);
  assert.equal(processIsGone({ host, pid: child.pid }), false);
  assert.equal(holderIsGone(holder), false);
  child.kill("SIGKILL");
  await child.status;
  assert.equal(processIsGone({ host, pid: child.pid }), true);
  assert.equal(processIsGone({ host: `${host}-not`, pid: child.pid }), false);
  assert.equal(holderIsGone(holder), true);
});

Deno.test("this process, and one that belongs to somebody else, are not gone", () => {
  assert.equal(processIsGone(thisProcess()), false);
  assert.equal(processIsGone({ host: Deno.hostname(), pid: 1 }), false);
  assert.equal(holderIsGone(thisProcess()), false);
  assert.equal(holderIsGone(asHolder(1)), false);
});

Deno.test("this process is shown with the machine as it is by itself", () => {
  assert.equal(thisProcess().process_started, readProcess(Deno.pid)?.started);
  assert.deepEqual(ownFacts(), readProcess(Deno.pid));
});

Deno.test("a lock's holder whose number another process has by now is gone", async () => {
  await using stranger = sleeper();
  const holder = asHolder(stranger.pid);
  assert.equal(holderIsGone({ ...holder, process_started: `${holder.process_started}0` }), true);
  stranger.kill("SIGKILL");
});

Deno.test("a process that has ended and that nobody has looked at is gone", async () => {
  await using place = await zombie();
  assert.equal(readProcess(place.pid)?.isZombie, true);
  assert.equal(holderIsGone(asHolder(place.pid)), true);
});

Deno.test("a process that stands still is not gone", async () => {
  await using stranger = sleeper();
  const holder = asHolder(stranger.pid);
  stranger.kill("SIGSTOP");
  assert.equal(holderIsGone(holder), false);
  stranger.kill("SIGKILL");
});

Deno.test("nothing is known of a holder in another run of the kernel, in another namespace, on another host, or of a former version", () => {
  const here = thisProcess();
  const gone = { ...here, pid: 2 ** 22 + 1 };
  assert.equal(holderIsGone(gone), true);
  for (
    const other of [
      { boot_id: "11111111-1111-4111-8111-111111111111" },
      { pid_namespace: "pid:[1]" },
      { host: `${here.host}-not` },
      { boot_id: undefined },
      { pid_namespace: undefined },
      { process_started: undefined },
      { boot_id: undefined, pid_namespace: undefined, process_started: undefined },
    ]
  ) {
    assert.equal(holderIsGone({ ...gone, ...other }), null, JSON.stringify(other));
    assert.equal(holderIsGone({ ...here, ...other }), null, JSON.stringify(other));
  }
});

Deno.test({
  name: "a process in another container of the same name and kernel is not judged from here",
  ignore: !await canUnshare(),
  async fn() {
    const script = `const { thisProcess } = await import("${new URL(
      "../../lib/bucket/process.ts",
      import.meta.url,
    )}"); console.log(JSON.stringify(thisProcess()));`;
    const inside = JSON.parse(await printedBy(["--mount-proc"], script));
    const { host, boot_id, pid_namespace } = thisProcess();
    assert.deepEqual([inside.host, inside.boot_id], [host, boot_id]);
    assert.notEqual(inside.pid_namespace, pid_namespace);
    assert.equal(holderIsGone(inside), null);
    // What is at /proc there is of the processes here.
    assert.deepEqual(Object.keys(JSON.parse(await printedBy([], script))), ["host", "pid"]);
  },
});

Deno.test("what Linux and macOS print is understood, and nothing that is something else", () => {
  const boot = "7e703c61-2f74-47fc-a3cc-bae83c49a90f";
  const machine = parseLinuxMachine(`${boot} pid:[4026531836] time:[4026531834]\n`);
  assert.deepEqual(machine, { boot, namespace: "pid:[4026531836] time:[4026531834]" });
  assert.equal(parseLinuxMachine(`${boot} pid:[4026531836] \n`)?.namespace, "pid:[4026531836]");
  for (const text of ["", " pid:[1] \n", `${boot}  \n`]) {
    assert.equal(parseLinuxMachine(text), null);
  }
  const fields = "1 2 3 0 -1 4194304 3976 0 0 0 2 2 0 0 20 0 6 0 72473 18600108032";
  assert.deepEqual(parseLinuxProcess(`14089 (a) b) S) Z ${fields}`), {
    started: "72473",
    isZombie: true,
  });
  assert.equal(parseLinuxProcess(`7 (deno) T ${fields}`)?.isZombie, false);
  for (const text of ["", "7 (deno) S 1 2"]) assert.equal(parseLinuxProcess(text), null);
  assert.equal(parseMacMachine("8A0A1F0E-96A3-4D53-8CA4-51E8EE4B7A3D\n")?.namespace, "");
  assert.equal(parseMacMachine("sysctl: unknown oid\n"), null);
  assert.deepEqual(parseMacProcess("Ss   Fri Jan  2 03:04:05 2026    \n"), {
    started: "Fri Jan 2 03:04:05 2026",
    isZombie: false,
  });
  assert.equal(parseMacProcess("Z+   Fri Jan  2 03:04:05 2026\n")?.isZombie, true);
  assert.equal(parseMacProcess(""), null);
});
