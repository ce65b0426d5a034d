import assert from "node:assert/strict";
import fc from "fast-check";
import { BlockFile } from "../../lib/base/block_file.ts";
import { jsonBytes, jsonLineBytes } from "../../lib/base/json_bytes.ts";
import { MadeMembers, Packed } from "../../lib/base/packed.ts";
import { withFolder } from "../fakes/folder.ts";
import { collectGarbage } from "../fakes/garbage.ts";

const name = fc.constantFrom("12", "13", "user:12", "a,\n", 'q"', "\\", "é\ud83d", "__proto__");
const value = fc.oneof(
  fc.constantFrom("whole", '}",\n', null),
  fc.record({ since_id: fc.string() }, { noNullPrototype: true }),
);
const step = fc.oneof(
  fc.record({ name, value, isCut: fc.boolean() }),
  fc.record({ name, isCut: fc.boolean() }),
);

/** A map that deletes what is set, so that it goes to the end. */
function put(map: Map<string, unknown>, { name, value }: { name: string; value?: unknown }): void {
  map.delete(name);
  if (value !== undefined) map.set(name, value);
}

/** Takes steps with a packed map and a map, and compares them. */
function compare(packed: Packed<unknown>, steps: { name: string; isCut: boolean }[]): void {
  const map = new Map<string, unknown>();
  const cuts = [{ cut: packed.cut(), was: [...map] }];
  for (const one of steps) {
    if ("value" in one) packed.set(one.name, one.value);
    else packed.delete(one.name);
    put(map, one);
    assert.deepEqual(packed.get(one.name), map.get(one.name));
    assert.equal(packed.has(one.name), map.has(one.name));
    assert.equal(packed.size, map.size);
    if (one.isCut) cuts.push({ cut: packed.cut(), was: [...map] });
  }
  for (const { cut, was } of cuts) assert.deepEqual([...cut], was);
  assert.deepEqual([...packed.names()], [...map.keys()]);
  const rows = [...map.keys()].map((name) => packed.rowOf(name) ?? assert.fail());
  assert.ok(rows.every((row, i) => row < packed.rows && row > (rows[i - 1] ?? -1)), `${rows}`);
}

Deno.test("packed members are those that a map has, and each cut has those of its moment", () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    compare(new Packed(), steps);
  }));
});

const long = fc.integer({ min: 20_000, max: 150_000 }).map((length) => "x".repeat(length));
const longStep = fc.oneof(
  { arbitrary: fc.record({ name, value: long, isCut: fc.boolean() }), weight: 9 },
  step,
);

Deno.test("so they are where most of them are in a file", async () => {
  const file = new BlockFile();
  const all = fc.array(longStep, { minLength: 20, maxLength: 40, size: "max" });
  fc.assert(fc.property(all, (steps) => compare(new Packed(file), steps)), { numRuns: 40 });
  assert.ok(file.append(new Uint8Array()) > 0, "something was written");
  await file.close();
});

Deno.test("members of any length are kept, in any order", () => {
  const packed = new Packed<string>();
  const lengths = [1, 300_000, 5, 262_000, 600, 4_000, 1_000_000, 0];
  const members = lengths.map((n, i): [string, string] => [`m${i}`, "ä".repeat(n)]);
  for (const [name, value] of members) packed.set(name, value);
  packed.set("m3", "last");
  const now = [...members.filter(([name]) => name !== "m3"), ["m3", "last"]];
  assert.deepEqual([...packed], now);
  assert.deepEqual(
    JSON.parse(new TextDecoder().decode(jsonBytes(packed.cut()))),
    Object.fromEntries(now),
  );
});

Deno.test("a cut is written as the object that it stands for, one member a line", () => {
  const packed = new Packed<unknown>();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.equal(text(jsonLineBytes({ a: packed.cut(), b: 1 })), '{"a":{},"b":1}\n');
  packed.set("12", "whole");
  packed.set("13", { since: "1" });
  packed.set("12", "half");
  const cut = packed.cut();
  packed.delete("13");
  assert.equal(text(jsonLineBytes({ a: cut })), '{"a":{\n"13":{"since":"1"},\n"12":"half"}}\n');
  assert.deepEqual(
    JSON.parse(text(jsonBytes({ a: cut, b: 2 }))),
    JSON.parse(JSON.stringify({ a: cut, b: 2 })),
  );
});

Deno.test("a hundred thousand members that are made as they are written take a while only, and have no more bytes than these", () => {
  const all = Array.from(
    { length: 100_000 },
    (_, i): [string, unknown] => [`u${i}`, { since_id: `${i}` }],
  );
  const began = performance.now();
  const bytes = jsonBytes({ users: new MadeMembers(() => all, 0) });
  // Copied with each member, they would take minutes.
  assert.ok(performance.now() - began < 20_000);
  assert.deepEqual(JSON.parse(new TextDecoder().decode(bytes)), { users: Object.fromEntries(all) });
  assert.ok(bytes.buffer.byteLength < bytes.length * 1.2);
});

Deno.test("members that are set a hundred times take what those that are there do", async () => {
  const packed = new Packed<string>();
  const before = await external();
  for (let times = 0; times < 100; times++) {
    for (let i = 0; i < 2_000; i++) packed.set(`${i}`, `${times} ${"x".repeat(80)}`);
  }
  assert.equal(packed.size, 2_000);
  assert.equal(packed.get("777"), `99 ${"x".repeat(80)}`);
  // All that was ever set would be 20 MB.
  const taken = await external() - before;
  assert.ok(taken < 2 << 20, `${taken}`);
});

/** A file that counts what is read. */
class CountedFile extends BlockFile {
  reads = 0;
  written = 0;

  override append(bytes: Uint8Array): number {
    this.written++;
    return super.append(bytes);
  }

  override read(at: number, block: Uint8Array): void {
    this.reads++;
    super.read(at, block);
  }
}

Deno.test("what is in a file is read once by who asks in order, never for what is not there, and takes little memory", () =>
  withFolder(async (folder) => {
    const file = new CountedFile(folder);
    const before = await external();
    const packed = new Packed<string>(file);
    const name = (i: number) => `harvests/${i}`;
    for (let i = 0; i < 20_000; i++) packed.set(name(i), `${i} ${"x".repeat(400)}`);
    const taken = await external() - before;
    assert.ok(taken < 2 << 20, `${taken} of 8 MB`);
    assert.equal(file.reads, 0);
    for (let i = 0; i < 20_000; i++) assert.ok(!packed.has(`changesets/${i}`));
    assert.ok(file.reads < 10, `${file.reads}, where hashes are the same by chance`);
    file.reads = 0;
    for (let i = 0; i < 20_000; i++) {
      // Others are asked for that come a little later.
      assert.ok(packed.has(name(Math.min(i + 8, 19_999))));
      assert.equal(packed.get(name(i)), `${i} ${"x".repeat(400)}`);
    }
    assert.ok(file.written > 50 && file.reads <= file.written, `${file.reads} of ${file.written}`);
    await file.close();
  }));

Deno.test("few members make no file", () =>
  withFolder(async (folder) => {
    const file = new CountedFile(folder);
    const packed = new Packed<string>(file);
    for (let i = 0; i < 1_000; i++) packed.set(`${i}`, "x".repeat(400));
    assert.equal(packed.get("7"), "x".repeat(400));
    assert.deepEqual([file.written, await Array.fromAsync(Deno.readDir(folder))], [0, []]);
  }));

/** Bytes outside of V8's heap that something needs. */
async function external(): Promise<number> {
  await collectGarbage();
  return Deno.memoryUsage().external;
}
