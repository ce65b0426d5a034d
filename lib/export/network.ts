/** A network of users: who retweets, answers, quotes and mentions whom, counted. */

import { commonReader } from "./answer_common.ts";
import type { Common, Other } from "./common.ts";
import type { Post } from "./post.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { Spill } from "./spill.ts";

/** Kinds of edges, from who wrote a tweet to whom it is about. */
export const EDGES = ["retweet", "reply", "quote", "mention"] as const;

/** One of these. */
export type EdgeKind = (typeof EDGES)[number];

/** A user. */
export interface Node {
  id: string;
  /** As it was named last; the id where no tweet names it. */
  handle: string;
  /** Tweets of this user. */
  posts: number;
  /** When the first and the last of these were made, in milliseconds since 1970; undefined without any. */
  first: number | undefined;
  last: number | undefined;
}

/** The number of tweets of one user about another one. */
export interface Edge {
  source: string;
  target: string;
  kind: EdgeKind;
  weight: number;
}

/** Collects edges, in little memory. */
export class Network {
  readonly #kinds: ReadonlySet<EdgeKind>;
  readonly #pseudonyms: Pseudonyms | undefined;
  readonly #nodes = new Spill();
  readonly #edges = new Spill();
  readonly #read = commonReader({ merge: false });

  /** @param kinds The kinds of edges to collect. */
  constructor({ kinds, pseudonyms }: {
    kinds: ReadonlySet<EdgeKind>;
    pseudonyms?: Pseudonyms | undefined;
  }) {
    this.#kinds = kinds;
    this.#pseudonyms = pseudonyms;
  }

  /** Takes a tweet whose author is known. */
  add(post: Post): void {
    const tweet = this.#read(post);
    const { id: source, handle } = tweet.author;
    if (source === undefined) return;
    this.#addNode({ id: source, handle }, tweet.createdAt ?? "");
    for (const { kind, id, handle } of listTargets(tweet)) {
      if (id === undefined || !this.#kinds.has(kind)) continue;
      this.#addNode({ id, handle });
      const edge = `${this.#name(source)}\t${this.#name(id)}\t${kind}`;
      this.#edges.add(edge, edge);
    }
  }

  /** Writes buffered records, once there are many. */
  async settle(): Promise<void> {
    await this.#nodes.settle();
    await this.#edges.settle();
  }

  /** The users, each once. */
  async *nodes(): AsyncGenerator<Node> {
    for await (const records of this.#nodes.parts()) {
      const nodes = new Map<string, Node>();
      for (const record of records) addTo(nodes, record);
      for (const id of [...nodes.keys()].toSorted()) yield nodes.get(id) ?? makeNode(id);
    }
  }

  /** The edges, each once. */
  async *edges(): AsyncGenerator<Edge> {
    for await (const records of this.#edges.parts()) {
      const weights = new Map<string, number>();
      for (const edge of records) weights.set(edge, (weights.get(edge) ?? 0) + 1);
      for (const [edge, weight] of [...weights].toSorted(([a], [b]) => a < b ? -1 : 1)) {
        const [source = "", target = "", kind = ""] = edge.split("\t");
        const known = EDGES.find((one) => one === kind);
        if (known) yield { source, target, kind: known, weight };
      }
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    await this.#nodes.close();
    await this.#edges.close();
  }

  /** A record: id, handle, and for each tweet of this user when it was made. */
  #addNode({ id, handle }: { id: string; handle: string | undefined }, time?: number | ""): void {
    const name = this.#name(id);
    const shown = handle === undefined ? "" : this.#name(handle);
    this.#nodes.add(name, `${name}\t${shown}${time === undefined ? "" : `\t${time}`}`);
  }

  #name(user: string): string {
    const plain = user.replaceAll(/[\t\n]/g, " ");
    return this.#pseudonyms ? this.#pseudonyms.of(plain) : plain;
  }
}

function listTargets(
  tweet: Common,
): { kind: EdgeKind; id: string | undefined; handle: string | undefined }[] {
  const of = (kind: EdgeKind, other: Other | undefined) =>
    other ? [{ kind, id: other.authorId, handle: other.handle }] : [];
  // A retweet has no mentions of its own: its text is another user's.
  const mentions = tweet.repostOf ? [] : tweet.mentions;
  return [
    ...of("retweet", tweet.repostOf),
    ...of("reply", tweet.replyTo),
    ...of("quote", tweet.repostOf ? undefined : tweet.quoteOf),
    ...mentions.map((one) => ({ kind: "mention" as const, ...one })),
  ];
}

function makeNode(id: string): Node {
  return { id, handle: id, posts: 0, first: undefined, last: undefined };
}

function addTo(nodes: Map<string, Node>, record: string): void {
  const [id = "", handle, time] = record.split("\t");
  const node = nodes.get(id) ?? makeNode(id);
  nodes.set(id, node);
  if (handle) node.handle = handle;
  if (time === undefined) return;
  node.posts++;
  if (time === "") return;
  node.first = Math.min(node.first ?? Infinity, Number(time));
  node.last = Math.max(node.last ?? -Infinity, Number(time));
}
