/** What a person sees in a terminal of 40 columns. */

import assert from "node:assert/strict";
import { inPlace, type Place } from "./program.ts";

/** Runs a command in a terminal of its own, of so many columns. */
const IN_TERMINAL = `
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execvp(sys.argv[2], sys.argv[2:])
try:
    while block := os.read(fd, 65536):
        os.write(1, block)
except OSError:
    pass
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

/** The lines that a command shows; none is broken by the terminal but what is to be copied, or has no space. */
async function shown(place: Place, columns: number, ...args: string[]): Promise<string[]> {
  place.by = ["python3", "-c", IN_TERMINAL, `${columns}`];
  const { out } = await place.run(...args);
  const lines = out.replaceAll("\r", "").trimEnd().split("\n");
  for (const line of lines) {
    const isCommand = line.trimStart().startsWith("twarc-cloud ");
    const isWord = !line.trim().includes(" ");
    assert.ok(line.length <= columns || isCommand || isWord, `${args.join(" ")}: ${line}`);
  }
  return lines;
}

Deno.test("help, errors and lists are broken between words in a narrow terminal", () =>
  inPlace(async (place) => {
    const error = await shown(place, 40, "collection", "list");
    assert.equal(error[0], "Error: There is no bucket at");
    assert.match(error.join("\n"), /\ntwarc-cloud collection add --bucket \.\/twarc-cloud-data$/);
    const usage = await shown(place, 40, "collection", "once");
    assert.deepEqual(usage, [
      "error: missing required argument",
      "'collection-id'",
      "See: twarc-cloud collection once --help",
    ]);
    const help = await shown(place, 40, "collection", "--help");
    assert.ok(help.includes("      Harvest a user timeline or search"), help.join("\n"));
    place.by = [];
    await place.add({ id: "a-search-with-a-long-name", type: "search", search: { query: "x" } });
    const next = await shown(place, 40, "harvest", "running", "a-search-with-a-long-name");
    assert.equal(next.at(-1), "twarc-cloud harvest last a-search-with-a-long-name");
  }));

/** Runs a command in a terminal of its own, and presses a key once it has asked. */
const LEFT = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[3], sys.argv[3:])
said = b""
pressed = False
try:
    while block := os.read(fd, 65536):
        said += block
        os.write(1, block)
        if not pressed and sys.argv[1].encode() in said:
            pressed = True
            os.write(fd, bytes.fromhex(sys.argv[2]))
except OSError:
    pass
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;

Deno.test("a question that is left, by Ctrl-C or Ctrl-D, ends with what was kept and exit code 130", () =>
  inPlace(async (place) => {
    await place.writeJson("collection.json", { id: "mine" });
    const template = ["collection-config", "template", "search", "--id=x"];
    for (const key of ["03", "04"]) {
      for (
        const [args, asks, says] of [
          [template, "Overwrite it?", "Interrupted: nothing was changed."],
          [["configure", "--app"], "Consumer key", "Interrupted: nothing was stored."],
        ] as const
      ) {
        place.by = ["python3", "-c", LEFT, asks, key];
        const { code, out } = await place.run(...args);
        assert.equal(code, 130, out);
        assert.ok(out.trimEnd().endsWith(says), out);
      }
    }
    const kept = JSON.parse(await Deno.readTextFile(place.path("collection.json")));
    assert.deepEqual(kept, { id: "mine" });
    await assert.rejects(Deno.stat(place.path(".twarc")), Deno.errors.NotFound);
  }));
