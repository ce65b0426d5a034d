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

Deno.test("a command to copy at the end of a text has no full stop", () => {
  const command = "Look at it with: twarc-cloud collection verify ./a.b";
  for (const text of [command, `${command}.`]) assert.equal(asLastSentence(text), command);
  const quoted = "Look at it with `twarc-cloud collection list`";
  for (const text of [quoted, `${quoted}.`]) assert.equal(asLastSentence(text), `${quoted}.`);
});
