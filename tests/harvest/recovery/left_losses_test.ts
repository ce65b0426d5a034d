import assert from "node:assert/strict";
import type { FoundNote, Note } from "../../../lib/harvest/recovery/left_notes.ts";
import { listLosses, lossBetween } from "../../../lib/harvest/recovery/left_losses.ts";

interface Given {
  isGood: boolean;
  /** Only this one is gone. */
  isGone?: boolean;
  /** The first cut that it comes in place of. */
  covers?: number;
  segment?: number;
  isWhole?: boolean;
  tweets?: number;
}

/** Notes of cuts that were made at 10, 20, 30 and so on. */
function found(...given: (Given | "unreadable")[]): FoundNote[] {
  return given.flatMap((one, i) => {
    const number = i + 1;
    if (one === "unreadable") return { number, isGood: false };
    if (one.isGone) return [];
    const { isGood, segment = 1, isWhole = false, tweets = 5, covers } = one;
    const file = { path: `p${number}`, sha1: "", bytes: 1, tweets };
    const note: Note = {
      number,
      of: "c",
      ...(covers === undefined ? {} : { covers }),
      began: 0,
      at: number * 10,
      tweets: { segment, isWhole, file },
      sides: [],
      commit: {},
    };
    return { number, note, isGood };
  });
}

const good = { isGood: true };
const bad = { isGood: false };
const gone = { isGood: true, isGone: true };
const whole = { isWhole: true, covers: 1 };
/** A file in the bucket. */
const stored = { name: "t", sha1: "", bytes: 1, tweets: 5, pieceOf: 1 };

for (
  const [what, notes, files, spans] of [
    ["nothing is damaged", found(good, good), [], []],
    ["a piece is damaged", found(good, bad, good), [], [[10, 30]]],
    ["a note cannot be read", found(good, "unreadable", good), [], [[10, 30]]],
    ["the first since the last commit is damaged", found(bad, good), [], [[3, 20]]],
    ["two in a row are damaged", found(good, bad, bad, good), [], [[10, 40]]],
    ["the last is damaged, where the next stream begins", found(good, bad), [], []],
    ["a piece is damaged whose segment is there whole", found(bad, { ...good, ...whole }), [], []],
    [
      "a piece is damaged, and another segment is there whole",
      found(bad, { ...good, ...whole, segment: 2 }),
      [],
      [[3, 20]],
    ],
    [
      "a whole segment is damaged that has a tweet which no piece has",
      found(good, { ...bad, ...whole, tweets: 6 }, { ...good, segment: 2 }),
      [],
      [[10, 30]],
    ],
    ["a note is gone in the middle", found(good, gone, gone, good), [], [[10, 40]]],
    ["the first since the last commit is gone", found(gone, good), [], [[3, 20]]],
    ["the last is gone, where the next stream begins", found(good, gone), [], []],
    [
      "the notes of pieces are gone whose segment is there whole",
      found(gone, gone, { ...good, ...whole }),
      [],
      [],
    ],
    [
      "a note is gone for which one accounts that came two later",
      found(gone, good, { ...good, covers: 1 }),
      [],
      [],
    ],
    [
      "a whole segment's note is gone, and the next segment is there whole",
      found(good, gone, { ...good, ...whole, segment: 2, covers: 3 }),
      [],
      [[10, 30]],
    ],
    [
      "a whole segment is damaged whose pieces are here and in the bucket",
      found(good, { ...bad, ...whole, tweets: 10 }, { ...good, segment: 2 }),
      [stored],
      [],
    ],
  ] as const
) {
  Deno.test(`${what}: ${spans.length > 0 ? "a gap" : "no gap"}`, () => {
    const losses = listLosses(notes, { files: [...files], at: 3 });
    assert.deepEqual(losses.map(({ from, to }) => [from, to]), spans);
  });
}

Deno.test("where a stream went on with another harvest, what the one before had cut last is lost where its end is gone", () => {
  const spans = (standing: Parameters<typeof lossBetween>[0]) =>
    lossBetween(standing, { began: 50 }).map(({ from, to }) => [from, to]);
  assert.deepEqual(spans({ state: "harvesting", at: 3 }), [[3, 50]]);
  assert.deepEqual(spans({ state: "harvesting", at: 70, ended: 40 }), [[40, 50]]);
  assert.deepEqual(spans({ state: "finished", at: 70, ended: 40 }), []);
  assert.deepEqual(spans({ state: "settled", at: 70, ended: 40 }), []);
});
