import assert from "node:assert/strict";
import { paidApiWith } from "../../lib/cli/api.ts";
import { Output } from "../../lib/cli/output.ts";
import { startSandbox } from "../../lib/sandbox/server.ts";
import { parseTrouble } from "../../lib/sandbox/trouble.ts";
import { Settings } from "../../lib/base/settings.ts";
import { QuickClock } from "../fakes/quick_clock.ts";

Deno.test("a command that waits for the API says so, and what for", async () => {
  const sandbox = startSandbox({ troubles: [parseTrouble("503:counts:times=2")] });
  const said: string[] = [];
  const output = new Output({
    out: () => {},
    err: (text) => said.push(text),
    isInteractive: false,
    isTerminal: false,
    color: false,
  });
  try {
    const env = { TWITTER_API_URL: sandbox.url.href };
    const settings = await Settings.load({ env });
    const keys = { bearer_token: sandbox.bearer };
    const wanted = { keys };
    const clock = new QuickClock();
    const { bill } = await paidApiWith(wanted, { clock, env, output, settings });
    await bill.count("sandbox", { granularity: "day" }, new AbortController().signal);
    assert.equal(said.length, 2);
    assert.match(
      said[0] ?? "",
      /^Waiting until \d{4}-.* for another try, as the API failed: .* 503/,
    );
  } finally {
    await sandbox.close();
  }
});
