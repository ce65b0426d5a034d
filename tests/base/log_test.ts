import assert from "node:assert/strict";
import { getLogger, reset } from "@logtape/logtape";
import { fatalLine, startLog } from "../../lib/base/log.ts";

for (const form of ["text", "json"] as const) {
  Deno.test(`a line of the log as ${form} is a line, whatever the API says, and steers no terminal`, async () => {
    const written: string[] = [];
    await startLog((text) => written.push(text), form);
    const reason = "\u001b[2J\u009b31m\n2026-01-02T03:04:05.678Z info harvest: Harvested\r\u202e";
    getLogger(["twarc-cloud", "stream"]).warn("The API ended the stream: {reason}", { reason });
    await reset();
    assert.equal(written.length, 1);
    const [line = ""] = written;
    assert.equal(line.indexOf("\n"), line.length - 1);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(line.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]/);
    assert.match(line, /\\u001b\[2J/);
  });
}

Deno.test("the line of the error that ends a process is a line too", () => {
  const { message } = JSON.parse(fatalLine("a\u001b[2J\nb\u009b", 0));
  assert.equal(message, "a\\u001b[2J\\u000ab\\u009b");
});
