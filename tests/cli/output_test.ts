import assert from "node:assert/strict";
import { count, Output, size, type Terminal } from "../../lib/cli/output.ts";
import { lastWord, oneLine, visible } from "../../lib/base/visible.ts";

function captured(terminal: Partial<Terminal> = {}) {
  const [out, err] = [[] as string[], [] as string[]];
  const output = new Output({
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    isInteractive: false,
    isTerminal: false,
    color: false,
    ...terminal,
  });
  return { output, out, err };
}

Deno.test("what was asked for goes to standard output, everything else to standard error", () => {
  const { output, out, err } = captured();
  output.line("a");
  output.json({ b: 1 });
  output.note("c");
  output.error("d");
  assert.deepEqual(out, ["a\n", '{\n  "b": 1\n}\n']);
  assert.deepEqual(err, ["c\n", "Error: d\n"]);
});

Deno.test("errors are red where colours are wanted", () => {
  const { output, err } = captured({ color: true });
  output.error("d");
  assert.equal(err[0], "\u001b[31mError: d\u001b[39m\n");
});

Deno.test("where there is a terminal lines are as wide as that, and as they come where there is none", () => {
  const text = "Something that takes more than twenty columns";
  const lines = ["Something that takes", "more than twenty", "columns"];
  const columns = () => 20;
  const both = captured({ isTerminal: true, isOutTerminal: true, columns });
  both.output.line(text);
  both.output.note(text);
  assert.deepEqual([both.out[0], both.err[0]], Array(2).fill(`${lines.join("\n")}\n`));
  const piped = captured({ isTerminal: true, isOutTerminal: false, columns });
  piped.output.line(text);
  assert.equal(piped.out[0], `${text}\n`);
});

Deno.test("names from outside cannot steer a terminal", () => {
  assert.equal(visible("a\u001b[2Jb\r\u0007\u202ec\nd"), "a\\u001b[2Jb\\u000d\\u0007\\u202ec\nd");
  assert.equal(oneLine("a\nError: b\u2028\u009b"), "a\\u000aError: b\\u2028\\u009b");
  const { output, out } = captured();
  output.line("\u001b]0;title\u0007\n");
  assert.ok(!out.join("").includes("\u001b"));
});

Deno.test("JSON stays what it was, and cannot steer a terminal either", () => {
  const { output, out } = captured();
  const value = { name: "a\u009b2J\u202eb\u007f\n\t\u0007" };
  output.json(value);
  assert.deepEqual(JSON.parse(out.join("")), value);
  assert.ok(!/[\u0080-\u009f\u202e]/.test(out.join("")));
});

Deno.test("without a terminal progress is a line now and then, and nobody is asked", async () => {
  const { output, err } = captured();
  const progress = await output.progress();
  progress.show("1 tweet");
  progress.show("2 tweets");
  progress.end("done");
  assert.deepEqual(err, ["1 tweet\n", "done\n"]);
  assert.equal(await output.confirm("Sure?"), null);
  assert.equal(await output.ask("Name?"), null);
});

Deno.test("an answer that is piped in is taken where that is said, and nothing else for a yes", async () => {
  for (const [line, answer] of [["y", true], ["YES ", true], ["n", false], [null, null]] as const) {
    const pipedLine = () => Promise.resolve(line);
    const { output } = captured({ pipedLine });
    assert.equal(await output.confirm("Sure?", { piped: true }), answer);
    assert.equal(await output.confirm("Sure?"), null);
  }
});

Deno.test("sizes and counts are written as in the documents", () => {
  assert.deepEqual([0, 607.76, 1_023, 875_520, 15 * 2 ** 20, 3 * 2 ** 30].map(size), [
    "0B",
    "607B",
    "1023B",
    "855K",
    "15MB",
    "3GB",
  ]);
  assert.equal(count(2_140), "2,140");
});

Deno.test("a word from outside that a command is shown with is no option, and steers no shell", () => {
  for (
    const [word, shown] of [
      ["find", "find"],
      ["-x", "-- -x"],
      ["--help", "-- --help"],
      ["a b", "'a b'"],
      ["-$(rm x)", "-- '-$(rm x)'"],
      ["it's", "'it'\\''s'"],
    ] as const
  ) assert.equal(lastWord(word, "linux"), shown);
});
