import assert from "node:assert/strict";
import { buildProgram } from "../../../lib/cli/program.ts";
import { contextWith, pipedOutput } from "../../fakes/context.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

const write = { out: assert.fail, err: assert.fail };
const context = contextWith({ output: pipedOutput(assert.fail), clock: new ManualClock() });

/** The commands of the group for a command line, by name with their help. */
async function group(...args: string[]): Promise<Map<string, string>> {
  const none = () => Promise.resolve(() => {});
  const program = await buildProgram(context, write, {
    args,
    others: { sandbox: none, demo: none },
  });
  const commands = program.commands.find((one) => one.name() === "collection")?.commands ?? [];
  return new Map(commands.map((one) => [one.name(), one.helpInformation()]));
}

Deno.test("a command that goes through a whole bucket is there without the others, and as among them", async () => {
  const all = await group("collection");
  assert.ok(all.size > 20);
  for (const name of ["coverage", "download", "gaps", "verify"]) {
    const help = all.get(name) ?? assert.fail(name);
    assert.deepEqual(await group("collection", name, "c"), new Map([[name, help]]));
    assert.deepEqual(await group("help", "collection", name), new Map([[name, help]]));
  }
});

Deno.test("any other command line has the whole group, whatever a collection is called", async () => {
  const names = [...(await group("collection")).keys()];
  for (const args of [["once", "verify"], ["--help"], ["verfy"], ["list", "gaps"]]) {
    assert.deepEqual([...(await group("collection", ...args)).keys()], names, args.join(" "));
  }
});
