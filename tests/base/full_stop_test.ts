import assert from "node:assert/strict";
import { asLastSentence, withFullStop, withoutFullStop } from "../../lib/base/full_stop.ts";

Deno.test("a text loses its full stop, and nothing else", () => {
  for (
    const [text, without] of [
      ["It is away.", "It is away"],
      ["It is away", "It is away"],
      ["It waits...", "It waits..."],
      ["Is it away?", "Is it away?"],
      [".", ""],
      ["", ""],
    ] as const
  ) assert.equal(withoutFullStop(text), without);
});

Deno.test("a sentence has one full stop, whatever the text ends with", () => {
  for (const text of ["It is away", "It is away."]) assert.equal(withFullStop(text), "It is away.");
  for (const text of ["Is it away?", "Away!", "It waits..."]) {
    assert.equal(withFullStop(text), text);
  }
});

Deno.test("a command or an address to copy at the end of a text has no full stop", () => {
  const command = "Look at it with: twarc-cloud collection verify ./a.b";
  const address = "How rules are written: https://docs.x.com/build-a-rule";
  for (const copied of [command, address]) {
    for (const text of [copied, `${copied}.`]) assert.equal(asLastSentence(text), copied);
  }
  const quoted = "Look at it with `twarc-cloud collection list`";
  for (const text of [quoted, `${quoted}.`]) assert.equal(asLastSentence(text), `${quoted}.`);
});
