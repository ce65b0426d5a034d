/** Pseudonyms of users: the same key gives the same user the same one everywhere. */

import { createHmac } from "node:crypto";
import { UserError } from "../base/errors.ts";
import { shWord } from "../base/shell.ts";
import type { Json } from "../base/json.ts";
import { readWrittenText } from "../base/written_text.ts";
import type { Cell } from "./csv.ts";
import type { Post } from "./post.ts";
import type { Table } from "./writer.ts";

/** Characters of a key below which it could be guessed. */
const SHORTEST = 16;
/** Pseudonyms that are remembered. */
const REMEMBERED = 50_000;

/** Columns with an id or a name of a user, or lists of these. */
const NAMES = new Set([
  "author_id author.id author.username in_reply_to_user_id in_reply_to_username retweeted_user_id",
  "retweeted_username quoted_user_id quoted_username entities.mentions author_handle",
  "reply_to_author_id repost_of_author_id quote_of_author_id mentions mention_handles",
  "user_screen_name user_id in_reply_to_screen_name retweet_or_quote_screen_name",
  "retweet_or_quote_user_id author retweeted_user quoted_user replied_user",
].flatMap((names) => names.split(" ")));
/** Columns in which a user could be recognised, and that no count needs. */
const CLEARED =
  /^(author\.(name|description|entities\..*|url|location|pinned_tweet_id|profile_image_url|created_at)|author_(name|fullname|created_at)|user_(name|description|location|urls|created_at)|tweet_url|url|link|__twarc\.url)$/;
/** Columns of links, of which those to posts and profiles have a handle in them. */
const LINKS = new Set(["entities.urls", "urls"]);
const HANDLE = /(?<![\w.-])((?:www\.|mobile\.)?(?:twitter|x)\.com\/)@?(\w+)/gi;
/** Paths of the site that are no handles. */
const PAGES = /^(explore|hashtag|home|i|intent|search|share|who_to_follow)$/i;

/** Gives users pseudonyms by a key. */
export class Pseudonyms {
  readonly #key: string;
  readonly #known = new Map<string, string>();

  /** @throws UserError for a key that is too short */
  constructor(key: string) {
    this.#key = key.trim();
    if (this.#key.length < SHORTEST) {
      throw new UserError(`The key for pseudonyms is shorter than ${SHORTEST} characters`, {
        hint:
          "Create one with `openssl rand -hex 32 > KEYFILE`, and keep it: whoever has it can identify the users.",
      });
    }
  }

  /** Returns the first 16 hexadecimal digits of the HMAC-SHA-256 of an id or a name; names are alike in any case. */
  of(user: string): string {
    const name = user.replace(/^@/, "").toLowerCase();
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const made = createHmac("sha256", this.#key).update(name).digest("hex").slice(0, 16);
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    this.#known.set(name, made);
    return made;
  }

  /** Returns a table with pseudonyms in place of users, and without columns that identify them. */
  hide(table: Table): Table {
    const { columns, unknown, readsBytes = false } = table;
    const hide = (cell: Cell, column = "") => {
      if (cell === undefined || !LINKS.has(column)) return this.hideCell(column, cell);
      const hidden: Json = JSON.parse(this.#hideLinks(JSON.stringify(cell)));
      return hidden;
    };
    const toCells = (post: Post) => table.toCells(post).map((cell, i) => hide(cell, columns[i]));
    return { columns, toCells, readsBytes, ...(unknown ? { unknown } : {}) };
  }

  /** Returns a cell of a column: with pseudonyms, empty where it identifies a user, otherwise as it is. */
  hideCell<T>(column: string, cell: T): T | string | string[] | undefined {
    if (CLEARED.test(column)) return undefined;
    if (LINKS.has(column) && Array.isArray(cell)) {
      return cell.map((one) => this.#hideLinks(`${one}`));
    }
    if (!NAMES.has(column)) return cell;
    if (Array.isArray(cell)) return cell.map((one) => this.of(`${one}`));
    if (typeof cell === "number") return this.of(`${cell}`);
    const isName = typeof cell === "string" && cell !== "";
    return isName ? cell.split(",").map((one) => this.of(one)).join(",") : cell;
  }

  /** Returns a text in which links to posts and profiles have pseudonyms. */
  #hideLinks(text: string): string {
    return text.replace(
      HANDLE,
      (all, site, handle) => PAGES.test(handle) ? all : `${site}${this.of(handle)}`,
    );
  }
}

/**
 * Reads the key of pseudonyms from a person's file, whatever its encoding: the same key gives the same pseudonyms.
 * @throws UserError if it cannot be read, is not text, or is too short
 */
export async function readPseudonyms(path: string): Promise<Pseudonyms> {
  const key = await readWrittenText(path).catch((cause) => {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`The key for pseudonyms ${path} cannot be read`, {
      cause,
      hint: `Make one with \`openssl rand -hex 32 > ${shWord(path)}\`.`,
    });
  });
  return new Pseudonyms(key);
}
