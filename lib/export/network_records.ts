/** Records of a network: what tweets say of users, and of edges between them, a line for each. */

import { Buffer } from "node:buffer";
import { ByteTexts } from "./counter.ts";
import { exactMs } from "./exact_time.ts";

const TAB = 0x09;
const LINE_FEED = 0x0a;

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

/** Returns the nodes of records, by their ids: an id, a handle, and for each tweet of this user when it was made. */
export function readNodes(records: Uint8Array): Node[] {
  const ids = new ByteTexts();
  const nodes: Node[] = [];
  /** Where the last handle of each node lies, two by two. */
  const handles: number[] = [];
  for (let start = 0; start < records.length;) {
    const idEnd = endOf(records, start);
    const handleEnd = endOf(records, idEnd + 1);
    const number = ids.find(records, start, idEnd);
    const node = nodes[number] ??= makeNode(textOf(records, start, idEnd));
    if (handleEnd > idEnd + 1) {
      [handles[2 * number], handles[2 * number + 1]] = [idEnd + 1, handleEnd];
    }
    const isTweet = records[handleEnd] === TAB;
    const end = isTweet ? endOf(records, handleEnd + 1) : handleEnd;
    if (isTweet) addTweet(node, records, handleEnd + 1, end);
    start = end + 1;
  }
  for (const [number, node] of nodes.entries()) {
    const [start, end] = [handles[2 * number], handles[2 * number + 1]];
    if (start !== undefined && end !== undefined) node.handle = textOf(records, start, end);
  }
  return nodes.toSorted((a, b) => a.id < b.id ? -1 : 1);
}

/** Returns the edges of records, in the order of their texts: source, target and kind. */
export function readEdges(records: Uint8Array): Edge[] {
  const texts = new ByteTexts();
  const weights: number[] = [];
  for (let start = 0; start < records.length;) {
    const end = records.indexOf(LINE_FEED, start);
    const number = texts.find(records, start, end);
    weights[number] = (weights[number] ?? 0) + 1;
    start = end + 1;
  }
  const all = weights.map((weight, number) => ({ text: texts.text(number), weight }));
  return all.toSorted((a, b) => a.text < b.text ? -1 : 1).flatMap(({ text, weight }) => {
    const [source = "", target = "", kind] = text.split("\t");
    const known = EDGES.find((one) => one === kind);
    return known ? [{ source, target, kind: known, weight }] : [];
  });
}

function makeNode(id: string): Node {
  return { id, handle: id, posts: 0, first: undefined, last: undefined };
}

function addTweet(node: Node, records: Uint8Array, start: number, end: number): void {
  node.posts++;
  if (start === end) return;
  const ms = exactMs(records, start, end) ?? Date.parse(textOf(records, start, end));
  node.first = Math.min(node.first ?? Infinity, ms);
  node.last = Math.max(node.last ?? -Infinity, ms);
}

/** Returns where a field ends that begins somewhere. */
function endOf(records: Uint8Array, start: number): number {
  let at = start;
  while (records[at] !== TAB && records[at] !== LINE_FEED) at++;
  return at;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
}
