/**
 * Gives every test an end: one that hangs fails by its name, and the suite goes on. The test runner loads this
 * before each file (`--preload`), so that no test can be without. On Windows it leaves out those that cannot hold there.
 */

import { leftOut } from "./elsewhere/left_out.ts";

/** Milliseconds that a test may take which says nothing else; far more than any does on a slow machine. */
const TIMEOUT = Number(Deno.env.get("TWARC_CLOUD_TEST_TIMEOUT") ?? 600_000);

const bounded = new Proxy(Deno.test, {
  apply(test, self, args: unknown[]) {
    const at = args.findIndex((arg) => typeof arg === "object");
    const before = at < 0 ? args.slice(0, -1) : args.slice(0, at);
    const after = args.slice(at < 0 ? -1 : at + 1);
    const options = { timeout: TIMEOUT, ...Object(args[at]) };
    const name = [args[0], options.name].find((one) => typeof one === "string");
    if (name !== undefined && leftOut(name) !== null) options.ignore = true;
    return Reflect.apply(test, self, [...before, options, ...after]);
  },
});

Object.defineProperty(Deno, "test", { value: bounded });
