/** Networks as files: GEXF 1.3, and tables of edges. */

import { toCsvHeader, toCsvRow } from "./csv.ts";
import type { Network } from "./network.ts";
import type { Edge, Node } from "./network_records.ts";
import type { Post } from "./post.ts";
import type { PostWriter, Sink } from "./writer.ts";

const encoder = new TextEncoder();
/** Characters that are written at once. */
const BLOCK = 2 ** 16;

/** The columns of a table of edges. */
const COLUMNS = ["source", "target", "kind", "weight"];

const BEGINNING = `<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" version="1.3">
<meta><creator>twarc-cloud</creator></meta>
<graph defaultedgetype="directed" mode="static">
<attributes class="node">
<attribute id="posts" title="posts" type="integer"/>
<attribute id="first" title="first" type="string"/>
<attribute id="last" title="last" type="string"/>
</attributes>
<attributes class="edge"><attribute id="kind" title="kind" type="string"/></attributes>
<nodes>
`;

/** Matches characters that XML 1.0 cannot have, besides unpaired surrogates. */
// deno-lint-ignore no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

/** Matches a text that XML has as it is. */
const PLAIN = /^[\w.:-]*$/;

/** Writes a network once all tweets were added. */
abstract class NetworkWriter implements PostWriter {
  readonly #sink: Sink;
  readonly #network: Network;

  constructor(sink: Sink, network: Network) {
    this.#sink = sink;
    this.#network = network;
  }

  /** Yields the texts of the file, many at a time. */
  protected abstract texts(network: Network): AsyncGenerator<Iterable<string>>;

  async add(posts: readonly Post[]): Promise<void> {
    for (const post of posts) this.#network.add(post);
    await this.#network.settle();
  }

  async close(): Promise<void> {
    await this.#network.close();
  }

  async end(): Promise<void> {
    let block = "";
    for await (const texts of this.texts(this.#network)) {
      for (const text of texts) {
        block += text;
        if (block.length < BLOCK) continue;
        await this.#sink.write(encoder.encode(block));
        block = "";
      }
    }
    await this.#sink.write(encoder.encode(block));
  }
}

/** Writes GEXF 1.3, which Gephi and networkx open. */
export class GexfWriter extends NetworkWriter {
  protected async *texts(network: Network): AsyncGenerator<Iterable<string>> {
    yield [BEGINNING];
    for await (const nodes of network.nodes()) yield nodes.values().map(toNode);
    yield ["</nodes>\n<edges>\n"];
    let id = 0;
    for await (const edges of network.edges()) {
      yield edges.values().map((edge) => toEdge(edge, id++));
    }
    yield ["</edges>\n</graph>\n</gexf>\n"];
  }
}

/** Writes edges as CSV. */
export class EdgesWriter extends NetworkWriter {
  protected async *texts(network: Network): AsyncGenerator<Iterable<string>> {
    yield [toCsvHeader(COLUMNS)];
    for await (const edges of network.edges()) {
      yield edges.values()
        .map(({ source, target, kind, weight }) => toCsvRow([source, target, kind, weight]));
    }
  }
}

function toNode({ id, handle, posts, first, last }: Node): string {
  return `<node id="${toXml(id)}" label="${toXml(handle)}"><attvalues>${
    toValue("posts", `${posts}`)
  }${toTime("first", first)}${toTime("last", last)}</attvalues></node>\n`;
}

function toTime(name: string, ms: number | undefined): string {
  return ms === undefined ? "" : toValue(name, new Date(ms).toISOString());
}

function toEdge({ source, target, kind, weight }: Edge, id: number): string {
  return `<edge id="${id}" source="${toXml(source)}" target="${
    toXml(target)
  }" weight="${weight}">` +
    `<attvalues>${toValue("kind", kind)}</attvalues></edge>\n`;
}

function toValue(name: string, value: string): string {
  return `<attvalue for="${name}" value="${toXml(value)}"/>`;
}

function toXml(text: string): string {
  return PLAIN.test(text) ? text : toXmlText(text);
}

function toXmlText(text: string): string {
  return text.toWellFormed().replaceAll(NOT_XML, "\ufffd").replaceAll("&", "&amp;").replaceAll(
    "<",
    "&lt;",
  )
    .replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
