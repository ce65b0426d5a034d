/** The rules of a stream: which are added, refused, put back and taken away. */

import assert from "node:assert/strict";
import { LockedError, UserError } from "../../../lib/base/errors.ts";
import type { StreamItem } from "../../../lib/twitter/api.ts";
import { ids, isOpen, opened, reading, WANTED } from "./opened_stream.ts";

const decoder = new TextDecoder();

Deno.test("v2 stream: rules are compared, only the collection's own are touched, and they go when it stops", () =>
  opened(async ({ sandbox: { filtered: { rules } }, api }) => {
    const foreign = rules.add("cat", "somebody's");
    rules.add("old", "twarc-cloud/live");
    const kept = rules.add("marmots", "twarc-cloud/live beasts");
    const wanted = {
      owner: "live",
      filter: { rules: [{ value: "marmots", tag: "beasts" }, { value: "bridge" }], track: "a b" },
    };
    let during: unknown;
    await reading(api, wanted, (items) => {
      during = rules.all.map(({ id, value, tag }) => [id === kept.id, value, tag]);
      return isOpen(items);
    });
    assert.deepEqual(during, [
      [false, "cat", "somebody's"],
      [true, "marmots", "twarc-cloud/live beasts"],
      [false, "bridge", "twarc-cloud/live"],
      [false, "(a b)", "twarc-cloud/live"],
    ]);
    assert.deepEqual(rules.all, [foreign]);
  }));

Deno.test("v2 stream: rules that somebody takes away while it is open are put back, and that is told", () =>
  opened(async ({ sandbox: { filtered: { rules } }, api, clock, post }) => {
    const foreign = rules.add("cat", "somebody's");
    const items: StreamItem[] = [];
    const stop = new AbortController();
    let before: string[] = [];
    for await (const item of api.stream(WANTED, stop.signal)) {
      items.push(item);
      if (isOpen(items)) {
        before = rules.all.map(({ id }) => id);
        rules.change({ delete: { ids: before.filter((id) => id !== foreign.id) } });
        while (rules.all.length < 2) await clock.sleep(10_000);
      }
      // What is told comes with what the stream brings next.
      if (item.messages.length === 0) post();
      else stop.abort();
    }
    assert.equal(before.length, 2);
    const told = items.flatMap(({ messages }) => messages).map(({ kind }) => kind);
    assert.deepEqual(told, ["rules_were_gone"]);
    assert.deepEqual(rules.all, [foreign]);
  }));

Deno.test("v2 stream: a bad rule and a full app are told by name, and the other rules run", () =>
  opened(async ({ sandbox, api, post }) => {
    const filter = {
      rules: [{ value: "bogus:x" }, { value: "sandbox" }, { value: "(open" }, { value: "a" }, {
        value: "one too many",
      }],
    };
    const items = await reading(api, { owner: "live", filter }, (items) => {
      if (ids(items).length === 0) post();
      return ids(items).length > 0;
    });
    const messages = items.flatMap(({ messages }) => messages);
    assert.deepEqual(messages.map(({ kind }) => kind), Array(3).fill("rule_not_taken"));
    const told = messages.map(({ line }) => JSON.parse(decoder.decode(line)).rule_not_taken);
    assert.deepEqual(told.map(({ value }) => value), ["bogus:x", "(open", "one too many"]);
    assert.match(told[0].why, /"bogus:" is not an operator/);
    assert.match(told[2].why, /RulesCapExceeded/);
    assert.equal(sandbox.filtered.rules.all.length, 0);
  }, { mostRules: 2 }));

Deno.test("v2 stream: where no rule is taken, that is said with the reason", () =>
  opened(async ({ api }) => {
    const filter = { rules: [{ value: "bogus:x" }] };
    await assert.rejects(
      reading(api, { owner: "live", filter }, isOpen),
      (error) =>
        error instanceof UserError && /none of the 1 rules: bogus:x: .*bogus/.test(error.message),
    );
  }));

Deno.test("v2 stream: another collection on the same app is refused with its name, unless both share", () =>
  opened(async ({ sandbox, api, post }) => {
    sandbox.filtered.rules.add('"no. 1"', "twarc-cloud/other");
    await assert.rejects(
      reading(api, WANTED, isOpen),
      (error) => error instanceof UserError && /rules of the collection other$/.test(error.message),
    );
    assert.equal(sandbox.filtered.rules.all.length, 1);
    const filter = { rules: [{ value: '"no. 0"' }] };
    const wanted = { owner: "live", share: true, filter };
    let posted: string[] = [];
    const items = await reading(api, wanted, (items) => {
      if (isOpen(items)) posted = post(3);
      return ids(items).length > 0;
    });
    assert.deepEqual(ids(items), posted.slice(0, 1));
    assert.deepEqual(sandbox.filtered.rules.all.map(({ tag }) => tag), ["twarc-cloud/other"]);
  }));

Deno.test("v2 stream: many rules are added in few requests, and a bad one among them is found", () =>
  opened(async ({ sandbox, api }) => {
    const rules = Array.from(
      { length: 400 },
      (_, i) => ({ value: i === 250 ? "bad:x" : `word${i}` }),
    );
    let during = 0;
    const items = await reading(api, { owner: "live", filter: { rules } }, (items) => {
      during = sandbox.filtered.rules.all.length;
      return isOpen(items);
    });
    assert.equal(during, 399);
    assert.equal(items[0]?.messages.length, 1);
    const requests = sandbox.requests.filter(({ path, method }) =>
      path.endsWith("/rules") && method === "POST"
    );
    assert.ok(requests.length <= 90, `${requests.length}`);
  }));

Deno.test("v2: a harvest that lost its collection to another leaves the rules, which the other uses", () =>
  opened(async ({ api, sandbox }) => {
    const lost = new AbortController();
    for await (const _ of api.stream(WANTED, lost.signal)) {
      lost.abort(new LockedError("The lock of this collection was lost: somebody took it"));
    }
    assert.equal(sandbox.filtered.rules.all.length, 1);
  }));

Deno.test("v2: a harvest that was told to stop, and lost its collection in a pause since then, leaves the rules", () =>
  opened(async ({ api, sandbox }) => {
    const stop = new AbortController();
    const confirm = () => Promise.reject(new LockedError("The lock of this collection was lost"));
    for await (const _ of api.stream(WANTED, stop.signal, confirm)) stop.abort();
    assert.equal(sandbox.filtered.rules.all.length, 1);
  }));
