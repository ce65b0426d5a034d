/** What every SecretStore does, run on each adapter. */

import assert from "node:assert/strict";
import { madeSecret, type SecretStore } from "../../lib/secrets/secret_store.ts";

/** Registers the tests of the port for one adapter. @param open Gives an empty store, and closes it. */
export function secretStoreContract(
  adapter: string,
  open: (use: (store: SecretStore) => Promise<void>) => Promise<void>,
): void {
  Deno.test(`${adapter}: a secret is kept, replaced, and deleted`, () =>
    open(async (store) => {
      assert.equal(await store.get("runner/secret"), null);
      assert.equal(await store.put("runner/secret", "one"), true);
      assert.equal(await store.get("runner/secret"), "one");
      assert.equal(await store.put("runner/secret", "two", { ifAbsent: true }), false);
      assert.equal(await store.get("runner/secret"), "one");
      assert.equal(await store.put("runner/secret", "three"), true);
      assert.equal(await store.get("runner/secret"), "three");
      await store.delete("runner/secret");
      await store.delete("runner/secret");
      assert.equal(await store.get("runner/secret"), null);
    }));

  Deno.test(`${adapter}: of many who make a secret at the same time all get the first one`, () =>
    open(async (store) => {
      const made = await Promise.all(Array.from({ length: 10 }, () => madeSecret(store, "own")));
      assert.equal(new Set(made).size, 1);
      assert.match(made[0] ?? "", /^[0-9a-f]{64}$/);
    }));
}
