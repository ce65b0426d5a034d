import assert from "node:assert/strict";
import { join } from "node:path";
import { stateFolder } from "../../../lib/base/folders.ts";
import { UserError } from "../../../lib/base/errors.ts";
import { noteKeys, personalKey, seal, unseal } from "../../../lib/harvest/recovery/seal.ts";

const NOTE = '{"number":1,"positions":{"12":"a","2":"b"}}';

async function inHome(
  act: (person: { env: Record<string, string>; os: string; home: string }) => Promise<void>,
) {
  const home = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    await act({ env: {}, os: "linux", home });
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("what was sealed is opened with its key, byte for byte, and is JSON with its seal", () => {
  assert.equal(unseal(seal(NOTE, "key"), ["another", "key"]), NOTE);
  assert.equal(JSON.parse(seal(NOTE, "key")).number, 1);
});

Deno.test("nothing else is opened: another's key, another text, no seal, half of one", () => {
  const text = seal(NOTE, "key");
  for (
    const other of [
      text.replace('"a"', '"x"'),
      text.slice(0, -9),
      `${text} `,
      NOTE,
      "",
      "\0".repeat(80),
    ]
  ) {
    assert.equal(unseal(other, ["key"]), null, other);
  }
  assert.equal(unseal(text, ["another"]), null);
  assert.equal(unseal(text, []), null);
});

Deno.test("a person has one key, made when it is first wanted, which nobody else can read", () =>
  inHome(async (person) => {
    const keys = await Promise.all([personalKey(person), personalKey(person)]);
    assert.match(keys[0], /^[0-9a-f]{64}$/);
    assert.equal(new Set([...keys, await personalKey(person)]).size, 1);
    const folder = stateFolder(person);
    assert.equal(((await Deno.stat(join(folder, "spool.key"))).mode ?? 0) & 0o777, 0o600);
    assert.equal(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
    await Deno.chmod(join(folder, "spool.key"), 0o644);
    await assert.rejects(personalKey(person), (error) => {
      assert.ok(error instanceof UserError);
      assert.match(`${error.message} ${error.hint}`, /can be read by others.*chmod 600/);
      return true;
    });
  }));

Deno.test("notes are sealed with a control secret where one comes from outside, and opened with the person's key too", () =>
  inHome(async (person) => {
    const own = await noteKeys({ person, secret: undefined })();
    assert.deepEqual(own, [await personalKey(person)]);
    assert.deepEqual(await noteKeys({ person, secret: "s" })(), ["s", ...own]);
    const nowhere = { ...person, home: "/dev/null" };
    assert.deepEqual(await noteKeys({ person: nowhere, secret: "s" })(), ["s"]);
    await assert.rejects(noteKeys({ person: nowhere, secret: undefined })(), UserError);
  }));
