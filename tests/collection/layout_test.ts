import assert from "node:assert/strict";
import { posix } from "node:path";
import fc from "fast-check";
import {
  collectionKeys,
  idFault,
  idOfFolder,
  isUnderLease,
  newIdFault,
} from "../../lib/collection/layout.ts";
import { tweetsFileName } from "../../lib/format/file_name.ts";
import { anyText } from "../fakes/any_text.ts";
import { stamp } from "../../lib/base/stamp.ts";

const AT = Date.UTC(2019, 2, 9, 15, 35, 7, 464);

Deno.test("keys are those of the documents", () => {
  const keys = collectionKeys("test_collection");
  assert.equal(keys.config, "collections/test_collection/collection.json");
  assert.equal(
    keys.changeset(AT),
    "collections/test_collection/changesets/change-20190309153507.json",
  );
  assert.equal(keys.harvest(AT), "collections/test_collection/harvests/2019/03/09/15/35/07/");
  assert.equal(tweetsFileName(AT), "tweets-20190309153507.jsonl.gz");
  assert.equal(tweetsFileName(AT, 2), "tweets-20190309153507-2.jsonl.gz");
});

Deno.test("ids are names of folders and nothing else", () => {
  for (const id of ["a", "Test_collection-2.1", "0"]) {
    assert.deepEqual([idFault(id), newIdFault(id)], [null, null]);
  }
  for (const id of ["", "a/b", "..", ".a", "a\\b", "a\n", "\ud800", "é".repeat(101)]) {
    assert.ok(idFault(id), id);
    assert.ok(newIdFault(id), id);
  }
});

Deno.test("a folder is a collection's where its name is an id, and otherwise no command finds it", () => {
  const names = [
    ".hidden",
    ".DS_Store",
    "a\\b",
    "a\n",
    "x".repeat(201),
    "a",
    "a.b",
    "été",
    "-x",
    "100%",
  ];
  for (const name of names) {
    assert.equal(idOfFolder(`collections/${name}/`), idFault(name) === null ? name : null, name);
  }
  assert.equal(idOfFolder("collections/.hidden/"), null);
  assert.equal(idOfFolder("collections/a"), null);
  assert.equal(idOfFolder("collections/a/b/"), null);
});

Deno.test("ids that the original allowed are ids of what is there, and of nothing new", () => {
  for (const id of ["cop24+paris", "été", "a b", "a:b", "x".repeat(129), "100%"]) {
    assert.equal(idFault(id), null, id);
    assert.ok(newIdFault(id), id);
  }
  assert.equal(newIdFault("a b"), "Id contains spaces. Use '_' instead.");
});

Deno.test("no new id begins as an option does; those that are there are still ids", () => {
  for (const id of ["-", "-x", "--help"]) {
    assert.equal(idFault(id), null);
    assert.match(newIdFault(id) ?? "", /^Id may not begin with '-'/);
  }
  for (const id of ["a", "a-b", "_-"]) assert.equal(newIdFault(id), null);
});

Deno.test("no new id is a name that Windows keeps for itself, as buckets travel", () => {
  for (const id of ["con", "AUX", "nul", "com1", "lpt9", "con.x", "dot."]) {
    assert.equal(idFault(id), null);
    assert.match(newIdFault(id) ?? "", /Windows/, id);
  }
  for (const id of ["console", "com", "aux1", "a.con"]) assert.equal(newIdFault(id), null);
});

Deno.test("an id that is taken never leaves its folder", () => {
  fc.assert(fc.property(anyText, (id) => {
    if (idFault(id) !== null) return;
    const config = posix.normalize(posix.join("/bucket", collectionKeys(id).config));
    assert.equal(config, `/bucket/collections/${id}/collection.json`);
  }));
});

Deno.test("stamps are in the order of their times", () => {
  const times = fc.integer({ min: 0, max: Date.UTC(2100, 0, 1) });
  fc.assert(fc.property(times, times, (a, b) => {
    if (Math.floor(a / 1_000) < Math.floor(b / 1_000)) assert.ok(stamp(a) < stamp(b));
  }));
});

Deno.test("what a lease covers is written by its holder alone; locks, configurations and changesets by others as well", () => {
  const below = (names: string[]) => names.map((name) => isUnderLease(`collections/c/${name}`));
  const covered = ["checkpoint.json", "last_harvest.json", "harvests/2026/01/02/03/04/05/x.json"];
  assert.deepEqual(below(covered), [true, true, true]);
  const shared = ["lock.json", "collection.json", "changesets/change-20260102030405.json"];
  assert.deepEqual(below(shared), [false, false, false]);
  assert.equal(isUnderLease("runner/schedules/c.json"), false);
});
