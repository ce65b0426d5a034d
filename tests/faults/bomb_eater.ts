// deno-lint-ignore-file no-console
/** Asks an API for a page or for a stream, in a process of its own; prints what came of it, and its peak of memory. */

import { systemClock } from "../../lib/base/clock.ts";
import { errorMessage } from "../../lib/base/errors.ts";
import { openApi } from "../../lib/twitter/open.ts";
import { QuickClock } from "../fakes/quick_clock.ts";
import { KEYS } from "../fakes/whole_harvest.ts";

const [kind, url = ""] = Deno.args;
const never = new AbortController().signal;
const base = new URL(url);

/** Asks for one page, as often as the program does. */
async function page(): Promise<string> {
  const keys = { bearer_token: "a token" };
  const api = await openApi({ version: "2", keys, clock: new QuickClock(), base });
  return await api.search("x", {}, never).then(() => "a page", errorMessage);
}

/** Reads a stream until it was lost and is open again. */
async function stream(): Promise<string> {
  const api = await openApi({ version: "1.1", keys: KEYS, clock: systemClock, base });
  for await (const { gap } of api.stream({ filter: { track: "x" }, owner: "c" }, never)) {
    if (gap) return gap.why;
  }
  return "an end";
}

const came = kind === "page" ? await page() : await stream();
const [, kb] = /^VmHWM:\s+(\d+) kB/m.exec(await Deno.readTextFile("/proc/self/status")) ?? [];
console.log(JSON.stringify({ came, peakMb: Math.round(Number(kb) / 1_024) }));
Deno.exit();
