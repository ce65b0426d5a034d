/** What commands work with, in this process: no terminal, no keys, and nothing that is harvested or recovered. */

import assert from "node:assert/strict";
import { systemClock } from "../../lib/base/clock.ts";
import type { Context } from "../../lib/cli/context.ts";
import { Output } from "../../lib/cli/output.ts";

/** Output whose text a test reads, of the kind that is piped. */
export function pipedOutput(out: (text: string) => void, err = out): Output {
  return new Output({ out, err, isInteractive: false, isTerminal: false, color: false });
}

/** A context with what a test gives it: what it prints goes nowhere, and to harvest fails, unless it says otherwise. */
export function contextWith(own: Partial<Context>): Context {
  return {
    output: pipedOutput(() => {}),
    clock: systemClock,
    env: {},
    signal: new AbortController().signal,
    self: [],
    harvester: () => Promise.resolve([]),
    version: "",
    harvest: () => assert.fail("nothing is harvested here"),
    atEnd: () => {},
    recover: () => assert.fail("nothing is recovered here"),
    ...own,
  };
}
