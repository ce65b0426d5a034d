import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SCRIPT = fileURLToPath(new URL("read_only.sh", import.meta.url));

const NAMESPACES = "--mount --net --pid --fork --mount-proc".split(" ");

/** Whether this person may have a network and mounts of their own, as root on most machines. */
async function mayUnshare(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const shell = "mount --make-rprivate / && mount -t tmpfs tmpfs /mnt && command -v ip setpriv";
  const args = [...NAMESPACES, "sh", "-c", shell];
  const tried = await new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).output()
    .catch(() => null);
  return tried?.success ?? false;
}

Deno.test({
  name: "a harvest writes nowhere but /tmp, and needs no capability for its port (wants root)",
  ignore: !await mayUnshare(),
  async fn() {
    const { HOME = "", DENO_DIR = join(HOME, ".cache", "deno") } = Deno.env.toObject();
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      // In a namespace of processes of its own nothing of it outlives the test, however it ends.
      args: [...NAMESPACES, "--kill-child", "bash", SCRIPT, Deno.execPath(), DENO_DIR, ROOT],
      signal: AbortSignal.timeout(60_000),
    }).output();
    const said = new TextDecoder().decode(stdout);
    assert.equal(code, 0, said + new TextDecoder().decode(stderr));
    assert.match(said, /^HTTP\/1\.[01] 200 OK/);
    assert.match(said, /ended with 0\nCapEff:\s+0{16}\n$/);
  },
});
