import assert from "node:assert/strict";
import { lastWord } from "../../lib/base/visible.ts";

Deno.test("a word of a command to type is quoted where its shell wants it, as cmd.exe, PowerShell and sh have quotes", () => {
  for (
    const [word, sh, windows] of [
      ["my_people", "my_people", "my_people"],
      ["./twarc-cloud-data", "./twarc-cloud-data", "./twarc-cloud-data"],
      ["C:\\tweets", "'C:\\tweets'", "C:\\tweets"],
      ["my tweets", "'my tweets'", '"my tweets"'],
      ["a&b", "'a&b'", '"a&b"'],
      ["@somebody", "'@somebody'", '"@somebody"'],
      ["$x", "'$x'", "'$x'"],
      ["it's", "'it'\\''s'", '"it\'s"'],
      ["-x", "-- -x", "-- -x"],
    ] as const
  ) assert.deepEqual([lastWord(word, "linux"), lastWord(word, "windows")], [sh, windows], word);
});
