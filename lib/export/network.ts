/** A network of users: who retweets, answers, quotes and mentions whom, counted. */

import type { Outline } from "../twitter/bytes/outline.ts";
import { AnswerLinks, type Target } from "./answer_links.ts";
import { type Common, type Other, toCommon } from "./common.ts";
import type { CsvBytes } from "./csv_bytes.ts";
import { isExactTime } from "./exact_time.ts";
import { jsonText } from "./json_cells.ts";
import { type Edge, type EdgeKind, type Node, readEdges, readNodes } from "./network_records.ts";
import type { Post } from "./post.ts";
import type { Pseudonyms } from "./pseudonyms.ts";
import { timeOf } from "./selection.ts";
import { mix, Spill, UNMIXED } from "./spill.ts";

const TAB = 0x09;

/** Collects edges, in little memory. */
export class Network {
  readonly #kinds: ReadonlySet<EdgeKind>;
  readonly #pseudonyms: Pseudonyms | undefined;
  readonly #nodes = new Spill();
  readonly #edges = new Spill();
  readonly #links = new AnswerLinks();

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
    if (!this.#pseudonyms && this.#links.read(post)) return this.#addLinks(post.id);
    const tweet = toCommon(post, { merge: false });
    const { id: source, handle } = tweet.author;
    if (source === undefined) return;
    this.#addNode({ id: source, handle }, toTime(tweet.createdAt));
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
  async *nodes(): AsyncGenerator<Node[]> {
    for await (const records of this.#nodes.parts()) yield readNodes(records);
  }

  /** The edges, each once. */
  async *edges(): AsyncGenerator<Edge[]> {
    for await (const records of this.#edges.parts()) yield readEdges(records);
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    await this.#nodes.close();
    await this.#edges.close();
  }

  /** Takes a tweet that was read from bytes. */
  #addLinks(id: string): void {
    const { outline, author, handle, created, targets } = this.#links;
    if (author === 0) return;
    const mixed = mixOf(outline, author);
    const nodes = this.#nodes.held(mixed);
    if (!nodes) return;
    addInside(outline, author, nodes);
    nodes.addByte(TAB);
    if (handle > 0) addInside(outline, handle, nodes);
    nodes.addByte(TAB);
    addTime(outline, { id, created }, nodes);
    this.#nodes.end(mixed);
    for (const target of targets) if (this.#kinds.has(target.kind)) this.#addTarget(target, mixed);
  }

  /** @param source The mix of the author's id. */
  #addTarget({ kind, id, handle }: Target, source: number): void {
    const { outline, author } = this.#links;
    const mixed = mixOf(outline, id);
    const nodes = this.#nodes.held(mixed);
    if (nodes) {
      addInside(outline, id, nodes);
      nodes.addByte(TAB);
      if (handle > 0) addInside(outline, handle, nodes);
      this.#nodes.end(mixed);
    }
    let edge = mixOf(outline, id, mix(source, TAB));
    edge = mix(edge, TAB);
    for (let i = 0; i < kind.length; i++) edge = mix(edge, kind.charCodeAt(i));
    const edges = this.#edges.held(edge);
    if (!edges) return;
    addInside(outline, author, edges);
    edges.addByte(TAB);
    addInside(outline, id, edges);
    edges.addByte(TAB);
    edges.addText(kind);
    this.#edges.end(edge);
  }

  /** A record: id, handle, and for each tweet of this user when it was made. */
  #addNode({ id, handle }: { id: string; handle: string | undefined }, time?: string): void {
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

function toTime(ms: number | undefined): string {
  return ms === undefined ? "" : new Date(ms).toISOString();
}

function addTime(
  outline: Outline,
  { id, created }: { id: string; created: number },
  to: CsvBytes,
): void {
  if (created === 0) return to.addText(toTime(timeOf(id, undefined)));
  const [start, end] = [outline.start(created) + 1, outline.end(created) - 1];
  if (isExactTime(outline.bytes, start, end)) return to.add(outline.bytes, start, end);
  to.addText(toTime(timeOf(id, JSON.parse(jsonText(outline, created)))));
}

/** Adds what a string without escapes says. */
function addInside(outline: Outline, value: number, to: CsvBytes): void {
  to.add(outline.bytes, outline.start(value) + 1, outline.end(value) - 1);
}

/** Returns the mix of a string's bytes behind those of another mix. */
function mixOf(outline: Outline, value: number, mixed = UNMIXED): number {
  const end = outline.end(value) - 1;
  for (let i = outline.start(value) + 1; i < end; i++) mixed = mix(mixed, outline.bytes[i] ?? 0);
  return mixed;
}
