import assert from "node:assert/strict";
import { type Answer, type ApiVersion, pageOf, tokenIn } from "./hostile_api.ts";
import { HostilePlace, ids, inHostilePlace, NOW, type Type, WHOLE } from "./hostile_harvest.ts";
import { inTurns } from "../fakes/turns.ts";

/** What is harvested by pages. */
const WALKS: [ApiVersion, Type][] = [
  ["1.1", "user_timeline"],
  ["1.1", "search"],
  ["2", "user_timeline"],
  ["2", "search"],
];

/** A page that is whole JSON, and not what was asked for; null for the honest one. */
type Lie = (answer: Answer, version: ApiVersion) => string | null;

const SIZE = 20;

/** The tweets from a place on, as a page. */
function page(version: ApiVersion, all: string[], from: number): string {
  const some = all.slice(Math.max(from, 0), from + SIZE);
  return pageOf(version, some, from + SIZE < all.length ? `t${some.at(-1)}` : undefined);
}

/** Harvests twice, between which new tweets come. */
const LIES: [string, Lie][] = [
  ["a page comes once more", ({ n, all }, version) => n === 2 ? page(version, all, 0) : null],
  ["pages overlap", ({ n, all, above }, version) =>
    // Enough of it: the page below the last one is empty.
    above >= all.length ? null : n > 20 ? null : page(version, all, above - 5)],
  ["each page is upside down", ({ all, above }, version) => {
    const some = all.slice(above, above + SIZE);
    const next = above + SIZE < all.length ? `t${some.at(-1)}` : undefined;
    return pageOf(version, some.toReversed(), next);
  }],
  ["a tweet is there twice on a page", ({ all, above }, version) => {
    const some = all.slice(above, above + SIZE);
    const next = above + SIZE < all.length ? `t${some.at(-1)}` : undefined;
    return pageOf(version, [...some, ...some.slice(0, 3)], next);
  }],
  ["since_id is not cared for", ({ all, above }, version) => page(version, all, above)],
];

for (const [turn, [version, type]] of WALKS.entries()) {
  Deno.test(`${type} of ${version}: pages that are not what was asked for bring each tweet once, and the walk ends`, async (t) => {
    for (const [name, lie] of inTurns(LIES, turn)) {
      await t.step(name, async () => {
        const twist = (answer: Answer) => lie(answer, version);
        await inHostilePlace(new HostilePlace(version, type, { twist }), async (place) => {
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
          place.api.ids = [...ids(3, -600_000), ...place.api.ids];
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
        });
      });
    }
  });
}

/** Pages without an end, and what the person is told. */
const ENDLESS: [string, ApiVersion[], RegExp, Lie][] = [
  ["the same page for ever", ["1.1", "2"], /repeats/, ({ all }, version) => page(version, all, 0)],
  [
    "the second page for ever",
    ["1.1", "2"],
    /repeats/,
    ({ n, all }, version) => n === 1 ? null : page(version, all, SIZE),
  ],
  [
    "two pages in turns",
    ["2"],
    /repeats/,
    ({ n, all }) =>
      n % 2 === 1 ? pageOf("2", all.slice(0, 20), "a") : pageOf("2", all.slice(20, 40), "b"),
  ],
  [
    "an empty page that is its own next",
    ["2"],
    /is its own next page/,
    ({ n }) => n === 1 ? null : pageOf("2", [], "again"),
  ],
  [
    "empty pages, each with another token",
    ["2"],
    /gave 100 pages in a row without a tweet/,
    ({ n }) => n === 1 ? null : pageOf("2", [], `token${n}`),
  ],
  [
    "an empty token",
    ["2"],
    /gave 100 pages in a row without a tweet/,
    ({ n }) => n === 1 ? null : pageOf("2", [], ""),
  ],
  [
    "a token of a megabyte",
    ["2"],
    /100 pages/,
    ({ n }) => n === 1 ? null : pageOf("2", [], "t".repeat(1 << 20)),
  ],
];

for (const [turn, [version, type]] of WALKS.entries()) {
  Deno.test(`${type} of ${version}: pages without an end end the harvest in one clear line, and the next one goes on`, async (t) => {
    for (const [name, versions, says, lie] of inTurns(ENDLESS, turn)) {
      if (!versions.includes(version)) continue;
      await t.step(name, async () => {
        let isHostile = true;
        const twist = (answer: Answer) => isHostile ? lie(answer, version) : null;
        await inHostilePlace(new HostilePlace(version, type, { twist }), async (place) => {
          const { lost, error, ...rest } = await place.look(await place.harvest());
          assert.match(error ?? "", says);
          assert.match(error ?? "", /^The API.{10,150}$/);
          assert.ok(lost.length <= 30, "what came before is kept");
          assert.deepEqual({ ...WHOLE, ...rest }, WHOLE);
          // A user is asked for once more at the end.
          const times = type === "user_timeline" ? 2 : 1;
          // A token that leads back is given up after three answers.
          const repeats = version === "2" ? 15 : 12;
          const most = (/100 pages/.test(`${says}`) ? 101 : repeats) * times;
          assert.ok(place.api.asked.length <= most, "It asks no more often than that");
          isHostile = false;
          assert.deepEqual(await place.look(await place.harvest()), WHOLE);
        });
      });
    }
  });
}

for (const type of ["user_timeline", "search"] as const) {
  Deno.test(`${type} of 2: tweets that are out of order from page to page come once each`, async () => {
    const shuffled = (all: string[]) =>
      [0, 1, 2, 3, 4].flatMap((n) => all.filter((_, i) => i % 5 === n));
    const twist = ({ url, all }: Answer) => {
      const from = Number(tokenIn(url.searchParams)?.slice(1) ?? 0);
      const next = from + SIZE < all.length ? `t${from + SIZE}` : undefined;
      return pageOf("2", shuffled(all).slice(from, from + SIZE), next);
    };
    await inHostilePlace(new HostilePlace("2", type, { twist }), async (place) => {
      assert.deepEqual(await place.look(await place.harvest()), WHOLE);
      assert.deepEqual(await place.look(await place.harvest()), WHOLE);
    });
  });

  Deno.test(`${type} of 2: a tweet above the newest of the walk waits for the next walk`, async () => {
    const late = ids(1, -3_600_000);
    const has = ids(50);
    const twist = ({ n, all, above }: Answer) =>
      n === 2
        ? pageOf("2", [...late, ...all.slice(above, above + SIZE)], `t${all[above + SIZE - 1]}`)
        : null;
    await inHostilePlace(new HostilePlace("2", type, { has, twist }), async (place) => {
      assert.deepEqual(await place.look(await place.harvest()), WHOLE);
      place.api.ids = [...late, ...has];
      assert.deepEqual(await place.look(await place.harvest()), WHOLE);
    });
  });

  Deno.test(`${type} of 2: a walk that was cut knows a page that comes again`, async () => {
    let isHostile = true;
    const twist = ({ n, all, above }: Answer) => {
      if (isHostile) return n > 2 ? "" : null;
      // In the first answer after it the page before, where the next one was asked for.
      return n === 13 ? page("2", all, above - SIZE) : null;
    };
    await inHostilePlace(new HostilePlace("2", type, { twist }), async (place) => {
      assert.equal((await place.look(await place.harvest())).lost.length, 10);
      assert.equal(place.api.asked.length, 12);
      isHostile = false;
      assert.deepEqual(await place.look(await place.harvest()), WHOLE);
    });
  });

  Deno.test(`${type} of 2: empty pages between others are passed, as the API has some`, async () => {
    const twist = ({ n, url }: Answer) => {
      const token = tokenIn(url.searchParams);
      // Another token for the same place.
      return n % 3 === 2 && token ? pageOf("2", [], token.replace(/^t/, "t0")) : null;
    };
    await inHostilePlace(new HostilePlace("2", type, { twist }), async (place) => {
      const error = await place.harvest();
      assert.deepEqual(await place.look(error), WHOLE);
    });
  });
}

Deno.test("a clock ten years ahead makes no search of 2 bring its tweets once more", () =>
  inHostilePlace(new HostilePlace("2", "search"), async (place) => {
    assert.deepEqual(await place.look(await place.harvest()), WHOLE);
    place.clock.jump(10 * 365 * 86_400_000);
    place.api.ids = [...ids(3, -600_000), ...place.api.ids];
    assert.ok(place.clock.now() > NOW);
    assert.deepEqual(await place.look(await place.harvest()), WHOLE);
  }));
