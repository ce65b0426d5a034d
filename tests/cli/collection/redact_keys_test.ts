import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { join } from "node:path";
import { addRedactKeys } from "../../../lib/cli/collection/redact_keys.ts";
import { contextWith, pipedOutput } from "../../fakes/context.ts";
import { withFolder } from "../../fakes/folder.ts";
import { originalBuckets, placeIn } from "../../fakes/original_bucket.ts";

Deno.test("keys are named and asked about; who says no, or asks for nothing, has nothing changed", () =>
  withFolder(async (folder) => {
    const [[, objects] = assert.fail()] = await originalBuckets();
    await placeIn(folder, objects);
    const said: string[] = [];
    const asked: string[] = [];
    const output = pipedOutput((text) => void said.push(text));
    let answer = false;
    output.confirm = (message) => {
      asked.push(message);
      return Promise.resolve(answer);
    };
    const group = new Command();
    addRedactKeys(group, contextWith({ output }));
    const redact = () =>
      group.parseAsync(["redact-keys", "people", "--bucket", folder], { from: "user" });
    await redact();
    assert.match(said.join(""), /^people has keys in: .*\nThey are: .*\nCancelling\n$/);
    for (const [key, bytes] of objects) {
      assert.deepEqual(await Deno.readFile(join(folder, key)), new Uint8Array(bytes), key);
    }
    answer = true;
    await redact();
    await redact();
    // A folder keeps no older versions, and the third time there is nothing to ask.
    assert.deepEqual(asked, Array(2).fill("Put fingerprints in place of the keys?"));
    assert.match(said.join(""), /people has no keys in its changesets and harvests\.\n/);
  }));
