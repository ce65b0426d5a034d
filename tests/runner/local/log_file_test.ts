import assert from "node:assert/strict";
import { join } from "node:path";
import { OutsideError } from "../../../lib/base/errors.ts";
import { fatalLine } from "../../../lib/base/log.ts";
import { lastError, openLog, readLines, rotateLog } from "../../../lib/runner/local/log_file.ts";
import { ManualClock } from "../../fakes/manual_clock.ts";

/** A log in a folder of its own, that is followed. */
async function followed(
  use: (
    log: {
      folder: string;
      path: string;
      lines: string[];
      said: string[];
      add: (text: string) => Promise<void>;
      until: (look: () => boolean) => Promise<void>;
    },
  ) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const folder = join(root, "logs");
  await Deno.mkdir(folder);
  const path = join(folder, "a.log");
  const [clock, stop] = [new ManualClock(), new AbortController()];
  const [lines, said] = [[] as string[], [] as string[]];
  const say = (line: string) => said.push(line);
  const following = (async () => {
    const options = { follow: true, signal: stop.signal, clock, say };
    for await (const line of readLines(path, options)) lines.push(line);
  })();
  const until = async (look: () => boolean) => {
    for (let tries = 0; !look(); tries++) {
      assert.ok(tries < 500, `it did not happen: ${lines.join(" ")}`);
      await clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const add = (text: string) => Deno.writeTextFile(path, text, { append: true });
  try {
    await use({ folder, path, lines, said, add, until });
  } finally {
    stop.abort();
    await clock.advance(0);
    await following;
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("a followed log whose folder is away for a while gives each line once", () =>
  followed(async ({ folder, lines, add, until }) => {
    await add("one\ntwo\n");
    await until(() => lines.length === 2);
    await Deno.rename(folder, `${folder}-away`);
    let looks = 0;
    await until(() => ++looks > 20);
    await Deno.rename(`${folder}-away`, folder);
    await add("three\n");
    await until(() => lines.length >= 3);
    assert.deepEqual(lines, ["one", "two", "three"]);
  }));

Deno.test("a followed log that cannot be read for a while is waited for, and that is said twice", () =>
  followed(async ({ path, lines, said, add, until }) => {
    await add("one\n");
    await until(() => lines.length === 1);
    await Deno.rename(path, `${path}.kept`);
    await Deno.mkdir(path);
    await until(() => said.length === 1);
    assert.match(said[0] ?? "", /The log .* cannot be read: .*Retrying until it works/);
    await Deno.remove(path);
    await Deno.rename(`${path}.kept`, path);
    await add("two\n");
    await until(() => lines.length === 2);
    assert.deepEqual(lines, ["one", "two"]);
    assert.equal(said.length, 2);
  }));

Deno.test("a followed log that is put aside gives what came just before, and then the new one, however long that is", () =>
  followed(async ({ path, lines, add, until }) => {
    await add("one\n");
    await until(() => lines.length === 1);
    await add("two\nlast of the old\n");
    await Deno.rename(path, `${path}.1`);
    const many = Array.from({ length: 50 }, (_, i) => `new ${i}`);
    await add(`${many.join("\n")}\n`);
    await until(() => lines.length >= 53);
    assert.deepEqual(lines, ["one", "two", "last of the old", ...many]);
  }));

Deno.test("a log that is no file is reported in one line, and keeps no harvester from starting where that can be helped", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const path = join(folder, "a.log");
    await Deno.mkdir(path);
    const { signal } = new AbortController();
    const read = Array.fromAsync(
      readLines(path, { follow: false, signal, clock: new ManualClock() }),
    );
    await assert.rejects(read, OutsideError);
    assert.equal(await lastError(path, 0), undefined);
    assert.throws(() => openLog(path), OutsideError);

    const long = join(folder, "b.log");
    await Deno.writeTextFile(long, "x".repeat(11 << 20));
    await Deno.mkdir(join(`${long}.1`, "not empty"), { recursive: true });
    assert.equal(await rotateLog(long), 11 << 20);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the last error of a log is found, in text and in JSON, after where it was asked from", async () => {
  const path = await Deno.makeTempFile({ prefix: "twarc-cloud-test-" });
  try {
    await Deno.writeTextFile(path, "Error: of before.\nharvesting\n");
    const { size } = await Deno.stat(path);
    assert.equal(await lastError(path, 0), "of before.");
    assert.equal(await lastError(path, size), undefined);
    await Deno.writeTextFile(path, `${fatalLine("No keys. Add some.", 0)}\nended\n`, {
      append: true,
    });
    assert.equal(await lastError(path, size), "No keys. Add some.");
  } finally {
    await Deno.remove(path);
  }
});
