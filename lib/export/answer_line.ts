/** Finds over its bytes the objects that the tweets of a line of version 2 share. */

import { type Name, name, type Outline } from "../twitter/bytes/outline.ts";
import { findTweets } from "../twitter/bytes/tweet_line.ts";
import { Form, Found } from "./fields.ts";
import { Keyed } from "./keyed.ts";

const INCLUDES = name("includes");
const RULES = name("matching_rules");
const RETRIEVED = name("__twarc");
/** The new name of `tweets`, which only a parser puts in its place. */
const POSTS = name("posts");

const [ID, MEDIA_KEY] = [name("id"), name("media_key")];
const [USERS, TWEETS, MEDIA] = [name("users"), name("tweets"), name("media")];
const [POLLS, PLACES] = [name("polls"), name("places")];

/** When and from where an answer came. */
export const RETRIEVED_FORM = new Form({
  paths: ["retrieved_at", "url", "version"],
  path: "__twarc.",
});

/** A line: its tweets, the objects beside them by their keys, and all else that they share. It is used again. */
export class AnswerLine {
  tweets: number[] = [];
  readonly users = new Keyed();
  /** Tweets that others refer to. */
  readonly included = new Keyed();
  readonly media = new Keyed();
  readonly polls = new Keyed();
  readonly places = new Keyed();
  /** The list of rules that a stream's tweet matches; 0 where there is none. */
  rules = 0;
  readonly retrieved = new Found(RETRIEVED_FORM);

  /** Reads a line. @returns False for one that is left to a parser */
  read(outline: Outline): boolean {
    this.tweets = findTweets(outline);
    const includes = objectAt(outline, 0, INCLUDES);
    if (this.tweets[0] === 0 || (includes > 0 && outline.find(includes, POSTS) > 0)) return false;
    const take = (to: Keyed, list: Name, key = ID) =>
      to.read(outline, includes > 0 ? outline.find(includes, list) : 0, key);
    return take(this.users, USERS) && take(this.included, TWEETS) &&
      take(this.media, MEDIA, MEDIA_KEY) && take(this.polls, POLLS) && take(this.places, PLACES) &&
      this.#readRest(outline);
  }

  #readRest(outline: Outline): boolean {
    this.retrieved.clear();
    const retrieved = objectAt(outline, 0, RETRIEVED);
    if (retrieved > 0) RETRIEVED_FORM.read(outline, retrieved, this.retrieved);
    const rules = outline.find(0, RULES);
    const hasRules = rules > 0 && outline.isArray(rules) && outline.first(rules) > 0;
    this.rules = hasRules ? rules : 0;
    return !this.retrieved.isOdd && (!hasRules || areObjects(outline, rules));
  }
}

/** Returns whether all elements of a list are objects. */
export function areObjects(outline: Outline, list: number): boolean {
  for (let at = outline.first(list); at >= 0; at = outline.next(at, list)) {
    if (!outline.isObject(at)) return false;
  }
  return true;
}

/** Returns a member that is an object; 0 for anything else. */
function objectAt(outline: Outline, parent: number, name: Name): number {
  const found = outline.find(parent, name);
  return found > 0 && outline.isObject(found) ? found : 0;
}
