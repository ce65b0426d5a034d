/** Which of many cases of one kind a run of the tests plays: a share of them, another one each time, or all. */

/** Set by TWARC_CLOUD_ALL=1: every case is played. */
export const PLAYS_ALL = Deno.env.get("TWARC_CLOUD_ALL") === "1";

/** What chooses the share; a run is had again with this as TWARC_CLOUD_SEED. */
export const SEED = Number(
  Deno.env.get("TWARC_CLOUD_SEED") ?? Math.floor(Math.random() * 2 ** 31),
);

/**
 * One of `of` of the cases, or all of them. Those of `of` neighbouring turns, such as the versions of the API, are all
 * cases together.
 */
export function inTurns<T>(cases: readonly T[], turn: number, of = 2): T[] {
  return cases.filter((_, n) => PLAYS_ALL || (n + turn + SEED) % of === 0);
}

/** Every number from 1 on, or, of `of` neighbours, one: for what is played until there are no more of them. */
export function* numbersInTurn(of: number): Generator<number> {
  const step = PLAYS_ALL ? 1 : of;
  for (let n = 1 + SEED % step;; n += step) yield n;
}
