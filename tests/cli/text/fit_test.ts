import assert from "node:assert/strict";
import { fitLine, wrapText } from "../../../lib/cli/text/fit.ts";

const PROGRESS =
  "my_people: 22% of 2,000 users, about 26 min left, 45,678 tweets, 15MB received, 41/s";

Deno.test("a line of progress is whole at 40 to 200 columns: it ends with a part, and never wraps", () => {
  for (let columns = 40; columns <= 200; columns++) {
    const line = fitLine(PROGRESS, columns);
    assert.ok(line.length < columns, `${columns}: ${line}`);
    if (columns > PROGRESS.length) assert.equal(line, PROGRESS);
    else assert.ok(line.endsWith("…") && PROGRESS.startsWith(line.slice(0, -1)));
  }
  assert.equal(fitLine(PROGRESS, 51), "my_people: 22% of 2,000 users, about 26 min left…");
  assert.equal(fitLine(PROGRESS, 40), "my_people: 22% of 2,000 users…");
  assert.ok(fitLine("収集".repeat(40), 40).length <= 20, "wide signs take two columns");
});

Deno.test("a line that is too wide is broken between words, below where it begins", () => {
  const text = "There is no bucket here. Name the one that you mean, or go to the folder it is in.";
  assert.equal(
    wrapText(text, 40),
    "There is no bucket here. Name the one\nthat you mean, or go to the folder it is\nin.",
  );
  assert.equal(wrapText(`  ${text}`, 60).split("\n")[1]?.startsWith("  "), true);
  assert.equal(wrapText(text, 200), text);
  for (let columns = 20; columns < 100; columns++) {
    const lines = wrapText(text, columns).split("\n");
    assert.ok(lines.every((line) => line.length <= columns));
    assert.equal(lines.join(" "), text);
  }
});

Deno.test("a row's last cell goes on below itself", () => {
  assert.equal(
    wrapText("  Used so far    500 of 3,000,000 posts of this month", 40),
    "  Used so far    500 of 3,000,000 posts\n                 of this month",
  );
  const path = "collections/find/tweets.jsonl.gz";
  assert.equal(wrapText(`2126880705  deleted  ${path}`, 36), `2126880705  deleted\n  ${path}`);
});

Deno.test("what is to be copied stays on one line, however long it is", () => {
  const command = "twarc-cloud collection-config download my_people --bucket ./a-folder";
  for (
    const text of [
      `Fetch it with: ${command}`,
      `It is outdated. Fetch it with \`${command}\` and change that.`,
      `Fetch it with: ${command}, change it, then update.`,
      `$ ${command}`,
      `  ${command}`,
    ]
  ) {
    for (const columns of [30, 40, 80]) {
      assert.ok(
        wrapText(text, columns).split("\n").some((line) => line.includes(command)),
        `${columns}: ${wrapText(text, columns)}`,
      );
    }
  }
});

Deno.test("a command after a prompt stays beside it", () => {
  const line = "$ twarc-cloud collection-config template user_timeline --id=demo";
  assert.equal(wrapText(line, 40), line);
});

Deno.test("a line of a shell that stands alone stays whole, whatever words it has", () => {
  for (
    const line of [`  export PATH="/a home/bin:$PATH"`, `  echo 'export A="b c"' >> ~/.profile`]
  ) {
    assert.equal(wrapText(line, 20), line);
  }
});
