/** The columns of a row group of the common columns, packed. */

import { COMMON_COLUMNS, type CommonCell, type CommonColumn, type Type } from "./common_columns.ts";
import type { Media } from "./common.ts";
import { type Leaf, NumberLeaf, TextLeaf } from "./packed_leaf.ts";

/** The levels of values that are there: of a column, in a list, and in an object that is in a list. */
const [IN_COLUMN, IN_LIST, IN_OBJECT] = [1, 3, 4];
/** The level of an object without the value. */
const OBJECT = 3;

/** A column, which takes cells. */
export interface PackedColumn {
  name: string;
  type: Type;
  /** The parts of its values, in the order of the schema. */
  leaves: readonly Leaf[];
  /** Adds a cell that is made; undefined for none. */
  add: (cell: CommonCell) => void;
}

/** A column of media. */
export class MediaLeaves {
  readonly key: TextLeaf;
  readonly type: TextLeaf;
  readonly url: TextLeaf;
  readonly alt: TextLeaf;
  readonly width: NumberLeaf;
  readonly height: NumberLeaf;
  readonly duration_ms: NumberLeaf;
  readonly all: readonly (TextLeaf | NumberLeaf)[];

  /** @param name Of the column. */
  constructor(name: string) {
    const text = (one: string) =>
      new TextLeaf([name, "list", "element", one], "BYTE_ARRAY", { full: IN_OBJECT });
    const number = (one: string) =>
      new NumberLeaf([name, "list", "element", one], "INT32", { full: IN_OBJECT });
    this.key = text("key");
    this.type = text("type");
    this.url = text("url");
    this.alt = text("alt");
    this.width = number("width");
    this.height = number("height");
    this.duration_ms = number("duration_ms");
    const { key, type, url, alt, width, height, duration_ms } = this;
    this.all = [key, type, url, alt, width, height, duration_ms];
  }

  /** Adds media; null for no list. */
  add(media: readonly Media[] | null): void {
    for (const leaf of this.all) leaf.begin();
    if (media === null) { for (const leaf of this.all) leaf.addNone(); }
    for (const one of media ?? []) {
      this.key.addText(one.key, OBJECT);
      this.type.addText(one.type, OBJECT);
      this.url.addText(one.url, OBJECT);
      this.alt.addText(one.alt, OBJECT);
      this.width.add(toInt(one.width), OBJECT);
      this.height.add(toInt(one.height), OBJECT);
      this.duration_ms.add(toInt(one.duration_ms), OBJECT);
    }
    for (const leaf of this.all) leaf.end();
  }
}

/** The leaves of the common columns, by the names of these. */
export class PackedColumns {
  readonly #texts = new Map<string, TextLeaf>();
  readonly #numbers = new Map<string, NumberLeaf>();
  readonly media = new MediaLeaves("media");
  readonly all: readonly PackedColumn[];
  readonly #leaves: readonly Leaf[];

  /** @param more Columns behind the common ones. */
  constructor(more: readonly Pick<CommonColumn, "name" | "type">[] = []) {
    this.all = [...COMMON_COLUMNS, ...more].map(({ name, type }) => this.#column(name, type));
    this.#leaves = this.all.flatMap(({ leaves }) => leaves);
  }

  /** The parts of all, in the order of the schema. */
  get leaves(): readonly Leaf[] {
    return this.#leaves;
  }

  /** Bytes of all texts, each once. */
  get bytes(): number {
    return this.#leaves.reduce(
      (sum, leaf) => sum + (leaf instanceof TextLeaf ? leaf.bytes.length : 0),
      0,
    );
  }

  /** Returns the leaf of a column of texts, or of lists of these. */
  text(name: string): TextLeaf {
    return found(this.#texts.get(name), name);
  }

  /** Returns the leaf of a column of numbers. */
  number(name: string): NumberLeaf {
    return found(this.#numbers.get(name), name);
  }

  #column(name: string, type: Type): PackedColumn {
    switch (type) {
      case "text": {
        const leaf = new TextLeaf([name], "BYTE_ARRAY", { full: IN_COLUMN });
        this.#texts.set(name, leaf);
        const add = (cell: CommonCell) => leaf.addText(typeof cell === "string" ? cell : undefined);
        return { name, type, leaves: [leaf], add };
      }
      case "texts": {
        const leaf = new TextLeaf([name, "list", "element"], "BYTE_ARRAY", { full: IN_LIST });
        this.#texts.set(name, leaf);
        return { name, type, leaves: [leaf], add: (cell) => addTexts(leaf, cell) };
      }
      case "media": {
        const { media } = this;
        const add = (cell: CommonCell) =>
          media.add(Array.isArray(cell) ? cell.filter(isMedia) : null);
        return { name, type, leaves: media.all, add };
      }
      default: {
        const physical = type === "float" ? "DOUBLE" : type === "boolean" ? "BOOLEAN" : "INT64";
        const leaf = new NumberLeaf([name], physical, { full: IN_COLUMN });
        this.#numbers.set(name, leaf);
        return { name, type, leaves: [leaf], add: (cell) => leaf.add(toNumber(cell, type)) };
      }
    }
  }
}

/** Returns a number that fits into 32 bits, rounded; undefined for any other one. */
export function toInt(value: number | null | undefined): number | undefined {
  const rounded = Math.round(value ?? NaN);
  return Math.abs(rounded) < 2 ** 31 ? rounded : undefined;
}

/** Returns a number that fits into 64 bits, rounded; undefined for any other one. */
export function toLong(value: number | undefined): number | undefined {
  const rounded = Math.round(value ?? NaN);
  return Math.abs(rounded) < 2 ** 63 ? rounded : undefined;
}

function found<T>(leaf: T | undefined, name: string): T {
  if (leaf === undefined) throw new Error(`There is no column ${name} of this type`);
  return leaf;
}

function toNumber(cell: CommonCell, type: Type): number | undefined {
  if (cell === undefined) return undefined;
  if (type === "time") return toLong(Number(cell) * 1_000);
  return type === "integer" ? toLong(Number(cell)) : Number(cell);
}

function addTexts(leaf: TextLeaf, cell: CommonCell): void {
  leaf.begin();
  if (!Array.isArray(cell)) return leaf.addNone();
  for (const one of cell) if (typeof one === "string") leaf.addText(one);
  leaf.end();
}

function isMedia(one: string | Media): one is Media {
  return typeof one === "object";
}
