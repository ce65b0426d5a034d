/** Test files that run in one isolate, each with its own `beforeAll` and `afterAll`, as if it ran alone. */

import { atEnd } from "./at_end.ts";

type Act = () => unknown;

/** What a file does before its first test, and after its last. */
interface Hooks {
  before: Act[];
  after: Act[];
}

/** The file whose tests run. */
let active: Hooks | undefined;

atEnd(() => begin(undefined));

/** Registers the tests of a file. @param load Imports it. */
export async function asOneFile(load: () => Promise<unknown>): Promise<void> {
  const hooks: Hooks = { before: [], after: [] };
  const test = Deno.test;
  const own = new Proxy(test, {
    get(_, name) {
      if (name === "beforeAll") return (act: Act) => void hooks.before.push(act);
      if (name === "afterAll") return (act: Act) => void hooks.after.unshift(act);
      return Reflect.get(test, name);
    },
    apply: (_, self, args: unknown[]) =>
      Reflect.apply(test, self, args.map((arg) => within(hooks, arg))),
  });
  Object.defineProperty(Deno, "test", { value: own });
  try {
    await load();
  } finally {
    Object.defineProperty(Deno, "test", { value: test });
  }
}

/** An argument of `Deno.test`, whose function runs within its file's hooks. */
function within(hooks: Hooks, arg: unknown): unknown {
  if (typeof arg === "function") {
    return async (context: Deno.TestContext) => {
      await begin(hooks);
      await Reflect.apply(arg, undefined, [context]);
    };
  }
  if (typeof arg !== "object" || !arg || !("fn" in arg)) return arg;
  return { ...arg, fn: within(hooks, arg.fn) };
}

/** Ends the file whose tests ran, and begins another one. */
async function begin(hooks: Hooks | undefined): Promise<void> {
  if (hooks === active) return;
  const { after = [] } = active ?? {};
  active = hooks;
  for (const act of after) await act();
  for (const act of hooks?.before ?? []) await act();
}
