/** The members of tweets, users, polls and places of version 2 that the columns of twarc-csv are made of. */

import type { Outline } from "../twitter/bytes/outline.ts";
import { ANSWER_COLUMNS } from "./answer_columns.ts";
import type { AnswerLine } from "./answer_line.ts";
import { Form, Found } from "./fields.ts";
import { isPlainString, type Keyed } from "./keyed.ts";

/** Columns that are not members of the tweet: of its author, of what it refers to, of its line. */
const OF_OTHERS =
  /^(author\.|__twarc\.|attachments\.(poll\.|media$)|referenced_tweets\.|matching_rules$|(in_reply_to|retweeted|quoted)_username$|(retweeted|quoted)_user_id$)/;
const POLL = "attachments.poll.";
const AUTHOR = "author.";
const ENTITIES = ["annotations", "cashtags", "hashtags", "mentions", "urls"];

function below(prefix: string): string[] {
  return ANSWER_COLUMNS.filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length));
}

/** Members of a tweet. What others fill, or only flattening writes there, is odd. */
export const TWEET_FORM = new Form({
  paths: [
    ...ANSWER_COLUMNS.filter((name) => !OF_OTHERS.test(name)),
    ...["referenced_tweets", "note_tweet.text", "note_tweet.entities", "in_reply_to_user"],
  ],
  odd: [
    "author",
    "matching_rules",
    "__twarc",
    "attachments.poll",
    "attachments.media",
    "in_reply_to_username",
    "retweeted_user_id",
    "retweeted_username",
    "quoted_user_id",
    "quoted_username",
  ],
});
/** Members of a user, by their columns without `author.`. */
export const USER_FORM = new Form({
  paths: [
    ...below(AUTHOR).filter((name) => !name.startsWith("entities.url.")),
    ...["entities.url", "pinned_tweet"],
  ],
  path: AUTHOR,
});
export const POLL_FORM = new Form({ paths: below(POLL), path: POLL });
/** Members of the entities of a long text. */
export const NOTE_FORM = new Form({ paths: ENTITIES });

const NOTE = TWEET_FORM.field("note_tweet.entities");
const POLL_IDS = TWEET_FORM.field("attachments.poll_ids");
const PLACE_ID = TWEET_FORM.field("geo.place_id");

/** A tweet's members, and those of what it has keys for. */
export class FoundTweet extends Found {
  /** The entities of its long text. */
  readonly note = new Found(NOTE_FORM);
  readonly poll = new Found(POLL_FORM);

  constructor() {
    super(TWEET_FORM);
  }

  /** Finds the members of a tweet. */
  read(outline: Outline, tweet: number, line: AnswerLine): void {
    TWEET_FORM.read(outline, tweet, this);
    const note = this.at(NOTE);
    if (note > 0 && outline.isObject(note)) {
      NOTE_FORM.read(outline, note, this.note);
      if (this.note.isOdd || this.note.unknown.length > 0) this.isOdd = true;
    }
    const poll = this.#included(outline, findLast(outline, this.at(POLL_IDS)), line.polls);
    if (poll === 0) return;
    POLL_FORM.read(outline, poll, this.poll);
    if (this.poll.isOdd) this.isOdd = true;
    for (const path of this.poll.unknown) this.unknown.push(path);
  }

  /** Finds the members of its place, which are beside its own. */
  readPlace(outline: Outline, line: AnswerLine): void {
    const place = this.#included(outline, this.at(PLACE_ID), line.places);
    if (place > 0) TWEET_FORM.read(outline, place, this, "geo");
  }

  override clear(): void {
    super.clear();
    this.note.clear();
    this.poll.clear();
  }

  #included(outline: Outline, key: number, objects: Keyed): number {
    if (key === 0) return 0;
    if (isPlainString(outline, key)) return objects.get(key);
    this.isOdd = true;
    return 0;
  }
}

/** Returns the last element of a list; 0 where there is none. */
function findLast(outline: Outline, list: number): number {
  if (list === 0 || !outline.isArray(list)) return 0;
  let last = 0;
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) last = at;
  return last;
}
