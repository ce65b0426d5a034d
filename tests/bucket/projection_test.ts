import assert from "node:assert/strict";
import { Checkpoint } from "../../lib/bucket/checkpoint.ts";
import { Collections } from "../../lib/bucket/collections.ts";
import { settle } from "../../lib/bucket/projection.ts";
import { LockedError } from "../../lib/base/errors.ts";
import { ManualClock } from "../fakes/manual_clock.ts";
import { FILTER } from "../fakes/slow_stream.ts";
import { added } from "../fakes/whole_harvest.ts";

const FOLDER = "collections/c/harvests/1970/01/01/00/00/00/";

/** A harvest that was cut, and left two files that nobody lists. */
async function cut() {
  const clock = new ManualClock();
  const store = await added(FILTER, clock);
  const opened = { collectionId: "c", type: "filter", holder: "here", clock };
  const checkpoint = await Checkpoint.open(store, opened);
  await checkpoint.begin(0, { walks: 1, type: "filter" });
  for (const n of [1, 2]) await store.put(`${FOLDER}tweets-1970010100000${n}.jsonl.gz`, FILE);
  const lease = { isLost: false };
  const guard = () =>
    lease.isLost ? Promise.reject(new LockedError("The lock was lost")) : Promise.resolve();
  const target = { store, collections: new Collections(store, clock), collectionId: "c", guard };
  return { store, lease, settling: () => settle(target, checkpoint) };
}
const FILE = new Uint8Array(1);

Deno.test("a manifest that was kept waiting does not replace what another harvester has written meanwhile", async () => {
  const { store, lease, settling } = await cut();
  const manifest = `${FOLDER}manifest-sha1.txt`;
  const others = new TextEncoder().encode("of another\n");
  store.before = async ({ method, key }) => {
    if (method !== "put" || key !== manifest) return;
    // Paused after it had made sure of its lease, for longer than that holds.
    store.before = () => {};
    lease.isLost = true;
    await store.put(manifest, others);
  };
  await assert.rejects(settling(), LockedError);
  assert.deepEqual((await store.get(manifest))?.bytes, others);
});

Deno.test("who loses the lease while a harvest is ended writes no manifest: another's may be there", async () => {
  const { store, lease, settling } = await cut();
  store.after = ({ key }) => {
    if (key.endsWith("checkpoint.json")) lease.isLost = true;
  };
  await assert.rejects(settling(), LockedError);
  assert.deepEqual(store.keys().filter((key) => key.endsWith("manifest-sha1.txt")), []);
});

Deno.test("who loses the lease while files are cleared deletes no more: another may have listed them", async () => {
  const { store, lease, settling } = await cut();
  store.before = ({ method }) => {
    if (method === "delete") lease.isLost = true;
  };
  await assert.rejects(settling(), LockedError);
  assert.equal(store.keys().filter((key) => key.includes("/tweets-")).length, 1);
});

Deno.test("what lies in a harvest's folder and was not made by a harvester stays there", async () => {
  const { store, settling } = await cut();
  const mine = ["tweets-cleaned.jsonl.gz", "tweets-19700101000001.csv", "tweets-thesis.docx"];
  for (const name of mine) await store.put(`${FOLDER}${name}`, FILE);
  await settling();
  const left = store.keys().filter((key) => key.includes("/tweets-"));
  assert.deepEqual(left, mine.map((name) => `${FOLDER}${name}`).toSorted());
});
