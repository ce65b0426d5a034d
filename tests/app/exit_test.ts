import assert from "node:assert/strict";
import { CommanderError } from "@commander-js/extra-typings";
import { reportThrown } from "../../lib/app/exit.ts";
import { OutsideError, UsageError, UserError } from "../../lib/base/errors.ts";
import { Output } from "../../lib/cli/output.ts";

function shown(error: unknown, debug = false): { code: number; text: string } {
  let text = "";
  const write = (more: string) => void (text += more);
  const terminal = {
    out: write,
    err: write,
    isInteractive: false,
    isTerminal: false,
    color: false,
  };
  return { code: reportThrown(error, new Output(terminal), debug), text };
}

Deno.test("reportThrown() ends with the code of who has to act, and shows what happened and what to do", () => {
  const hint = "Type it.";
  for (const [Kind, code] of [[UserError, 1], [UsageError, 2], [OutsideError, 3]] as const) {
    const { code: found, text } = shown(new Kind("It is wrong", { hint }));
    assert.equal(found, code);
    assert.match(text, /It is wrong\. Type it\./);
    assert.doesNotMatch(text, /exit_test/);
  }
});

Deno.test("reportThrown() shows stacks for --debug, and for what is a bug", () => {
  const cause = new Error("below");
  const asked = shown(new UserError("It is wrong", { cause }), true);
  assert.match(asked.text, /exit_test.*Caused by: Error: below/s);
  const bug = shown(new TypeError("x is not a function"));
  assert.equal(bug.code, 70);
  assert.match(bug.text, /x is not a function\. This is a bug: please report it.*exit_test/s);
  assert.match(shown("a text").text, /a text/);
});

Deno.test("reportThrown() shows a path that Deno does not open as the person's to change", () => {
  const closed = "\\\\srv.uni.edu\\my data\\collection.json";
  // As Deno quotes it.
  const share = new Deno.errors.NotCapable(
    `Requires all access to ${JSON.stringify(closed)}, run again with the --allow-all flag`,
  );
  const { code, text } = shown(share);
  assert.equal(code, 1);
  assert.ok(text.includes(`${closed} is on a network share without a drive letter. Map`), text);
  assert.ok(text.includes('(net use T: "\\\\srv.uni.edu\\my data")'), text);
  const own = new Deno.errors.NotCapable('Requires all access to "/proc/self/mem", run again');
  assert.match(shown(own).text, /\/proc\/self\/mem is the system's own/);
  const bug = new Deno.errors.NotCapable('Requires read access to "/x", run again');
  assert.equal(shown(bug).code, 70);
});

Deno.test("reportThrown() leaves what commander has shown alone: help is 0, a wrong command line 2", () => {
  assert.deepEqual(shown(new CommanderError(0, "commander.help", "")), { code: 0, text: "" });
  assert.deepEqual(shown(new CommanderError(1, "commander.unknown", "")), { code: 2, text: "" });
});
