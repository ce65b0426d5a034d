/** What every Store does, run on each adapter. */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { ConflictError, DamagedError, LargerError } from "../../lib/base/errors.ts";
import type { Store } from "../../lib/store/store.ts";

/** Opens an empty store of an adapter. */
export type OpenStore = () => Promise<{ store: Store; close: () => Promise<void> }>;

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

async function textOf(store: Store, key: string): Promise<string | null> {
  const found = await store.get(key);
  return found && new TextDecoder().decode(found.bytes);
}

async function keysOf(store: Store, prefix: string, folders = false): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix, { folders }))).map(({ key }) => key);
}

/**
 * Registers the tests of the port for one adapter.
 * @param options.versions What gets a version of its own: each write, or each content.
 */
export function storeContract(
  adapter: string,
  open: OpenStore,
  { versions = "write" }: { versions?: "write" | "content" } = {},
): void {
  const test = (name: string, use: (store: Store) => Promise<void>) =>
    Deno.test(`${adapter}: ${name}`, async () => {
      const { store, close } = await open();
      try {
        await use(store);
      } finally {
        await close();
      }
    });

  test("what was put is got back, with a version that changes with each write", async (store) => {
    const first = await store.put("a/b.json", bytes("one"));
    assert.equal((await store.get("a/b.json"))?.version, first);
    const second = await store.put("a/b.json", bytes("two"));
    assert.notEqual(second, first);
    assert.equal(await textOf(store, "a/b.json"), "two");
  });

  test("an object that has more bytes than it may have is not read, any other is", async (store) => {
    await store.put("k", bytes("four"));
    assert.equal((await store.get("k", 4))?.bytes.length, 4);
    await assert.rejects(store.get("k", 3), LargerError);
    assert.equal(await store.get("other", 3), null);
  });

  test("an object may be empty, and a folder of objects is none", async (store) => {
    await store.put("a/empty", bytes(""));
    assert.equal(await textOf(store, "a/empty"), "");
    assert.equal(await store.get("a"), null);
  });

  test("what was got is the caller's own, and stays as it was", async (store) => {
    await store.put("k", bytes("one"));
    const found = await store.get("k");
    await store.put("k", bytes("two"));
    assert.deepEqual(found?.bytes, bytes("one"));
    found?.bytes.fill(0);
    assert.equal(await textOf(store, "k"), "two");
  });

  if (versions === "write") {
    test("no version comes twice, however quickly the same bytes are written", async (store) => {
      const versions = new Set<string>();
      for (let i = 0; i < 50; i++) versions.add(await store.put("k", bytes("same")));
      assert.equal(versions.size, 50);
    });
  }

  test("what is absent is null, and deleting it is no error", async (store) => {
    assert.equal(await store.get("nothing"), null);
    await store.delete("nothing");
    await assert.rejects(store.read("nothing"));
  });

  test("a put that wants absence conflicts with what is there and leaves it", async (store) => {
    await store.put("k", bytes("first"), { ifAbsent: true });
    await assert.rejects(store.put("k", bytes("second"), { ifAbsent: true }), ConflictError);
    assert.equal(await textOf(store, "k"), "first");
  });

  test("a put that wants a version conflicts with any other, and with absence", async (store) => {
    const old = await store.put("k", bytes("1"));
    await store.put("k", bytes("2"));
    await assert.rejects(store.put("k", bytes("3"), { ifVersion: old }), ConflictError);
    assert.equal(await textOf(store, "k"), "2");
    await store.delete("k");
    await assert.rejects(store.put("k", bytes("3"), { ifVersion: old }), ConflictError);
  });

  test("a delete that wants a version conflicts with any other", async (store) => {
    const old = await store.put("k", bytes("1"));
    const version = await store.put("k", bytes("2"));
    await assert.rejects(store.delete("k", { ifVersion: old }), ConflictError);
    assert.equal(await textOf(store, "k"), "2");
    await store.delete("k", { ifVersion: version });
    assert.equal(await store.get("k"), null);
    await assert.rejects(store.delete("k", { ifVersion: version }), ConflictError);
  });

  test("of writers that count up side by side none loses a step", async (store) => {
    await store.put("n", bytes("0"));
    const countUp = async () => {
      for (;;) {
        const found = await store.get("n");
        assert.ok(found);
        const next = Number(new TextDecoder().decode(found.bytes)) + 1;
        try {
          await store.put("n", bytes(`${next}`), { ifVersion: found.version });
          return;
        } catch (error) {
          if (!(error instanceof ConflictError)) throw error;
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, countUp));
    assert.equal(await textOf(store, "n"), "12");
  });

  test("of writers that want absence only one wins", async (store) => {
    const tries = Array.from(
      { length: 8 },
      (_, i) => store.put("only", bytes(`${i}`), { ifAbsent: true }),
    );
    const results = await Promise.allSettled(tries);
    assert.equal(results.filter((result) => result.status === "fulfilled").length, 1);
  });

  test("a local file is uploaded and read back as a stream", async (store) => {
    const path = await Deno.makeTempFile();
    try {
      const content = new Uint8Array(6 * 1024 * 1024 + 7).map((_, i) => i % 251);
      await Deno.writeFile(path, content);
      await store.upload("x/large.bin", path);
      const back = await new Response(await store.read("x/large.bin")).bytes();
      assert.deepEqual(back, content);
      await assert.rejects(
        store.upload("x/large.bin", path, { when: { ifAbsent: true } }),
        ConflictError,
      );
      await Deno.writeTextFile(path, "small");
      const version = await store.upload("x/large.bin", path);
      assert.equal((await store.get("x/large.bin"))?.version, version);
      await Deno.writeTextFile(path, "other");
      await store.upload("x/large.bin", path, { when: { ifVersion: version } });
      await assert.rejects(
        store.upload("x/large.bin", path, { when: { ifVersion: version } }),
        ConflictError,
      );
    } finally {
      await Deno.remove(path);
    }
  });

  test("a local file is uploaded as it was written, or not at all", async (store) => {
    const path = await Deno.makeTempFile();
    try {
      const content = new Uint8Array(100).map((_, i) => i);
      const sha1 = createHash("sha1").update(content).digest("hex");
      const expected = { bytes: content.length, sha1 };
      await Deno.writeFile(path, content);
      await store.upload("k", path, { expected });
      for (
        const [how, now] of [
          ["cut", content.subarray(0, 10)],
          ["cut by a byte", content.subarray(0, -1)],
          ["longer", Buffer.concat([content, content])],
          ["altered", content.with(50, 255)],
          ["gone", null],
        ] as const
      ) {
        await (now ? Deno.writeFile(path, now) : Deno.remove(path));
        await assert.rejects(store.upload("k", path, { expected }), DamagedError, how);
        await assert.rejects(store.upload("new", path, { expected }), DamagedError, how);
      }
      assert.deepEqual((await store.get("k"))?.bytes, content);
      assert.deepEqual(await keysOf(store, ""), ["k"]);
      await Deno.writeFile(path, content.with(50, 255));
      await store.upload("k", path, { expected: { bytes: content.length } });
    } finally {
      await Deno.remove(path).catch(() => {});
    }
  });

  test("a listing has every key below a prefix, in byte order, with sizes and versions", async (store) => {
    // A smiley comes after a wide tilde in bytes, and before it in JavaScript's own order.
    const keys = ["c/a-b/x", "c/a/b", "c/a0", "c/z.json", "c/é", "c/～", "c/😀"];
    for (const key of ["d/other", ...keys.toReversed()]) await store.put(key, bytes(key));
    const listed = await Array.fromAsync(store.list("c/"));
    assert.deepEqual(listed.map(({ key }) => key), keys);
    for (const { key, size, version } of listed) {
      assert.equal(size, bytes(key).length);
      assert.equal(version, (await store.get(key))?.version);
    }
    assert.deepEqual(await keysOf(store, "c/a"), ["c/a-b/x", "c/a/b", "c/a0"]);
    assert.deepEqual(await keysOf(store, "nothing/"), []);
  });

  test("a listing by folders stops at the next slash", async (store) => {
    for (const key of ["c/1/a", "c/1/b", "c/2/deep/er", "c/file"]) await store.put(key, bytes("x"));
    const listed = await Array.fromAsync(store.list("c/", { folders: true }));
    assert.deepEqual(listed.map(({ key }) => key), ["c/1/", "c/2/", "c/file"]);
    assert.deepEqual(listed[0], { key: "c/1/", size: 0, version: "" });
    assert.equal(listed[2]?.size, 1);
    assert.deepEqual(await keysOf(store, "c/2", true), ["c/2/"]);
    assert.deepEqual(await keysOf(store, "", true), ["c/"]);
  });

  test("keys with spaces, signs and letters of any script are kept", async (store) => {
    const key = "collections/a b+c%20ü漢字/x (1).json";
    await store.put(key, bytes("1"));
    assert.equal(await textOf(store, key), "1");
    assert.deepEqual(await keysOf(store, "collections/a b"), [key]);
  });

  test("what is deleted while it is listed does not stop the listing", async (store) => {
    const keys = Array.from({ length: 8 }, (_, i) => `c/${i}/x`);
    for (const key of keys) await store.put(key, bytes("x"));
    for await (const { key } of store.list("c/")) {
      assert.ok(keys.includes(key));
      for (const other of keys) await store.delete(other);
    }
    assert.deepEqual(await keysOf(store, "c/"), []);
  });
}
