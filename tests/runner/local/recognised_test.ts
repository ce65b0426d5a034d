import assert from "node:assert/strict";
import { join } from "node:path";
import { parseBucket } from "../../../lib/base/bucket_ref.ts";
import { systemClock } from "../../../lib/base/clock.ts";
import { IDENTITY, readIdentity } from "../../../lib/bucket/identity.ts";
import { formerPlaces } from "../../../lib/runner/local/known.ts";
import { hasMoved, isCopy, recogniseBucket } from "../../../lib/runner/local/recognised.ts";
import { localFolder } from "../../../lib/runner/local/state.ts";
import { openStore } from "../../../lib/store/open.ts";
import { copyFolder, withFolder } from "../../fakes/folder.ts";
import { MemoryStore } from "../../fakes/memory_store.ts";
import { personEnv } from "../../shipped.ts";
import { realPlace } from "../../../lib/base/real_place.ts";

/** A machine with a person's state, and folders that are buckets. */
class Machine {
  readonly root: string;
  readonly env: Record<string, string>;

  constructor(root: string, home = "home") {
    this.root = root;
    this.env = personEnv(join(root, home));
  }

  /** What a command asks a bucket with. */
  async asked(name: string) {
    const bucket = parseBucket(join(this.root, name));
    return { bucket, aws: {}, env: this.env, clock: systemClock, store: await openStore(bucket) };
  }

  async work(name: string): Promise<string> {
    const identity = await recogniseBucket(await this.asked(name), { isEmptyToo: true });
    return identity?.id ?? assert.fail("it has no identity");
  }

  async refused(name: string, says: RegExp): Promise<void> {
    await assert.rejects(this.work(name), { name: "UserError", exitCode: 1, message: says });
  }

  async state(name: string): Promise<string> {
    const { bucket, aws, env } = await this.asked(name);
    return await localFolder({ bucket, aws, env });
  }

  async make(name: string): Promise<string> {
    await Deno.mkdir(join(this.root, name));
    return await this.work(name);
  }

  async copy(from: string, to: string): Promise<void> {
    await copyFolder(join(this.root, from), join(this.root, to));
  }
}

const onMachine = (use: (machine: Machine) => Promise<void>) => () =>
  withFolder((root) => use(new Machine(root)));

Deno.test(
  "the first command that works on a bucket gives it an identity, which stays",
  onMachine(async (machine) => {
    const id = await machine.make("news");
    const found = await readIdentity((await machine.asked("news")).store);
    assert.equal(found?.identity.id, id);
    assert.equal(found?.identity.format, 1);
    assert.equal(found?.identity.place?.place, await realPlace(join(machine.root, "news")));
    assert.equal(await machine.work("news"), id);
  }),
);

Deno.test(
  "a copy is refused until it is said what it is, by whatever name, and the original goes on",
  onMachine(async (machine) => {
    const id = await machine.make("news");
    await machine.copy("news", "copy");
    const says = /has the identity of the one that was at .*[\\/]news: it is a copy, or has moved$/;
    await machine.refused("copy", says);
    await Deno.symlink("copy", join(machine.root, "link"));
    await machine.refused("link", says);
    assert.equal(await machine.work("news"), id);
  }),
);

Deno.test(
  "a copy that was said to be one has an id and a state of its own, and no lock of the other",
  onMachine(async (machine) => {
    const id = await machine.make("news");
    const lock = {
      holder: "h",
      host: Deno.hostname(),
      pid: Deno.pid,
      acquired: "",
      renewed: "",
      expires: "",
    };
    const path = join("collections", "find");
    await Deno.mkdir(join(machine.root, "news", path), { recursive: true });
    await Deno.writeTextFile(join(machine.root, "news", path, "lock.json"), JSON.stringify(lock));
    await Deno.mkdir(join(machine.root, "news", "runner", "schedules"), { recursive: true });
    await Deno.writeTextFile(join(machine.root, "news", "runner", "schedules", "find.json"), "{}");
    await machine.copy("news", "copy");
    const { identity, locks } = await isCopy(await machine.asked("copy"), { title: "Mine" });
    assert.equal(locks, 1);
    assert.notEqual(identity.id, id);
    assert.deepEqual([identity.title, identity.copied_from], ["Mine", id]);
    assert.equal(await machine.work("copy"), identity.id);
    assert.equal(await machine.work("news"), id);
    assert.notEqual(await machine.state("copy"), await machine.state("news"));
    const copied = await Array.fromAsync(
      (await machine.asked("copy")).store.list(""),
      ({ key }) => key,
    );
    assert.deepEqual(copied, [IDENTITY]);
    await Deno.stat(join(machine.root, "news", path, "lock.json"));
  }),
);

Deno.test(
  "a bucket that is renamed, linked or put back where it was is the same one, with its state",
  onMachine(async (machine) => {
    const id = await machine.make("news");
    const state = await machine.state("news");
    const place = await realPlace(join(machine.root, "news"));
    await Deno.rename(join(machine.root, "news"), join(machine.root, "renamed"));
    assert.equal(await machine.state("renamed"), state);
    assert.equal(await machine.work("renamed"), id);
    assert.equal(await machine.state("renamed"), state);
    assert.deepEqual(await formerPlaces(id, machine.env), [place]);
    await Deno.symlink("renamed", join(machine.root, "link"));
    assert.equal(await machine.work("link"), id);
    assert.equal(await machine.state("link"), state);
    // From a backup.
    await machine.copy("renamed", "backup");
    await Deno.remove(join(machine.root, "renamed"), { recursive: true });
    await Deno.rename(join(machine.root, "backup"), join(machine.root, "renamed"));
    assert.equal(await machine.work("renamed"), id);
    assert.equal(await machine.state("renamed"), state);
  }),
);

Deno.test(
  "a bucket that was said to have moved takes its state along, and what is left where it was is refused",
  onMachine(async (machine) => {
    const id = await machine.make("news");
    const state = await machine.state("news");
    await machine.copy("news", "moved");
    assert.equal((await hasMoved(await machine.asked("moved"), {})).identity.id, id);
    assert.equal(await machine.work("moved"), id);
    assert.equal(await machine.state("moved"), state);
    assert.notEqual(await machine.state("news"), state);
    await machine.refused("news", /that was at .*[\\/]moved: it is a copy/);
  }),
);

Deno.test(
  "another bucket at a path that a former one had gets nothing of that one's state",
  onMachine(async (machine) => {
    const id = await machine.make("news");
    const state = await machine.state("news");
    await Deno.remove(join(machine.root, "news"), { recursive: true });
    assert.notEqual(await machine.make("news"), id);
    assert.notEqual(await machine.state("news"), state);
  }),
);

Deno.test("another machine knows the folder that it shares from a copy of it", () =>
  withFolder(async (root) => {
    const [one, other] = [new Machine(root), new Machine(root, "other")];
    const id = await one.make("share");
    const path = join(root, "share", IDENTITY);
    // As another machine sees it: below another path, and written by another host.
    const identity = JSON.parse(await Deno.readTextFile(path));
    Object.assign(identity.place, { place: "/mnt/share", host: "elsewhere" });
    await Deno.writeTextFile(path, JSON.stringify(identity));
    assert.equal(await other.work("share"), id);
    await one.copy("share", "copy");
    await other.refused("copy", /that was at .*\/share: it is a copy/);
    await new Machine(root, "third").refused("copy", /at \/mnt\/share of elsewhere: it is a copy/);
  }));

Deno.test("a bucket without collections, which may be a wrong folder, gets no identity and no state", () =>
  withFolder(async (root) => {
    const machine = new Machine(root);
    const asked = await machine.asked("x");
    assert.equal(await recogniseBucket(asked), null);
    assert.deepEqual(await Array.fromAsync(asked.store.list("")), []);
    await asked.store.put("collections/a/collection.json", new Uint8Array());
    const id = (await recogniseBucket(asked))?.id;
    assert.ok(id);
    assert.equal(await machine.work("x"), id);
  }));

Deno.test("a bucket of S3 that was copied into another one is refused there", () =>
  withFolder(async (root) => {
    const { env, ...rest } = await new Machine(root).asked("x");
    const store = new MemoryStore();
    const asked = (text: string) => ({ ...rest, env, store, bucket: parseBucket(text) });
    const id = (await recogniseBucket(asked("news"), { isEmptyToo: true }))?.id;
    assert.equal((await recogniseBucket(asked("s3://news")))?.id, id);
    // By way of a proxy.
    const aws = { storeEndpoint: "http://127.0.0.1:9000" };
    assert.equal((await recogniseBucket({ ...asked("news"), aws }))?.id, id);
    await assert.rejects(recogniseBucket(asked("copies")), {
      message: /at s3:\/\/news: it is a copy/,
    });
    await isCopy(asked("copies"), {});
    assert.notEqual((await recogniseBucket(asked("copies")))?.id, id);
  }));

Deno.test(
  "an identity that is damaged, or of a later version, is named and not written over",
  onMachine(async (machine) => {
    await machine.make("news");
    const path = join(machine.root, "news", IDENTITY);
    for (
      const [text, says] of [["{", /is not JSON/], [
        '{"format":9,"id":"x","created":""}',
        /knows 1$/,
      ]] as const
    ) {
      await Deno.writeTextFile(path, text);
      await machine.refused("news", says);
      assert.equal(await Deno.readTextFile(path), text);
    }
  }),
);
