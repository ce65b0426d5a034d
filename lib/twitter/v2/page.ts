/** A page of version 2 for a walk, without tweets that it has recorded or not requested. */

import type { Page, PageAt } from "../api.ts";
import { isOlder } from "../bytes/ids.ts";
import { withTweets } from "../bytes/redact.ts";
import type { TweetsAnswer } from "./answers.ts";

/** A page of repeated tweets only. */
export class RepeatedPage extends SyntaxError {
  constructor() {
    super("It repeats the previous page");
  }
}

/**
 * Returns the page of a response. One that has come down to since_id is the last, whatever its token.
 * @param line The response as a line.
 * @throws RepeatedPage for one of repeated tweets only; SyntaxError for one with itself as next page.
 */
export function toPage(
  { ids, next, traits }: TweetsAnswer,
  { sinceId, next: token, isWanted = () => true, isThere = () => false }: PageAt,
  line: () => Uint8Array,
): Page {
  const isPast = (id: string) => sinceId !== undefined && !isOlder(sinceId, id);
  const fresh = new Set(ids.filter((id) => !isPast(id) && !isThere(id) && isWanted(id)));
  const isOver = ids.some(isPast) && fresh.size === 0;
  if (isOver) return { lines: [], count: 0 };
  const isNew = ids.some((id) => !isThere(id));
  if (isNew && fresh.size === 0) throw new RepeatedPage();
  if (fresh.size === 0 && next !== undefined && next === token) {
    throw new SyntaxError("It is its own next page");
  }
  const following = next === undefined ? {} : { next };
  const [first, ...others] = fresh;
  if (first === undefined) return { lines: [], count: 0, ...following };
  const isWhole = fresh.size === ids.length;
  const stays = (i: number) => fresh.has(ids[i] ?? "") && ids.indexOf(ids[i] ?? "") === i;
  return {
    lines: [isWhole ? line() : withTweets(line(), stays)],
    count: fresh.size,
    ids: [...fresh],
    ...traits,
    newestId: others.reduce((newest, id) => isOlder(newest, id) ? id : newest, first),
    oldestId: others.reduce((oldest, id) => isOlder(id, oldest) ? id : oldest, first),
    ...following,
  };
}
