import assert from "node:assert/strict";
import { mayUnshare, runSealed } from "./sealed.ts";

Deno.test({
  name: "a harvest writes nowhere but /tmp, and needs no capability for its port (wants root)",
  ignore: !await mayUnshare(),
  async fn() {
    const { code, out, err } = await runSealed("read_only.sh", { ms: 240_000 });
    assert.equal(code, 0, out + err);
    assert.match(out, /^HTTP\/1\.[01] 200 OK/);
    assert.match(out, /ended with 0\nCapEff:\s+0{16}\n$/);
  },
});
