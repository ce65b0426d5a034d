/** Lays out help texts, wrapped between words at any width of a terminal. */

import { wrapWords } from "./fit.ts";

/** The parts of a help text. */
export interface HelpParts {
  /** The command line: `twarc-cloud collection list [options]`. */
  usage: string;
  description: string;
  /** Lists under a heading, such as `Options:`, of terms with their descriptions; empty ones are left out. */
  lists: readonly (readonly [heading: string, items: readonly HelpItem[]])[];
}

/** A term, such as `--json`, with its description. */
export type HelpItem = readonly [term: string, description: string];

/** Columns of a terminal of unknown width. */
export const USUAL_COLUMNS = 80;

/** Minimum columns of a description beside its term: else it goes below. */
const NARROWEST = 30;
const INDENT = 2;
/** Indentation of a description below its term. */
const BELOW = 6;

/** Returns the text, which ends with an empty line. */
export function helpText({ usage, description, lists }: HelpParts, columns: number): string {
  const shown = lists.filter(([, items]) => items.length > 0);
  const widest = Math.max(...shown.flatMap(([, items]) => items.map(([term]) => term.length)));
  return [
    `Usage: ${wrapWords(`       ${usage}`, columns - 1).trimStart()}`,
    "",
    ...description === "" ? [] : [wrapWords(description, columns), ""],
    ...shown.flatMap(([heading, items]) => [
      heading,
      ...items.map((item) => itemText(item, widest, columns)),
      "",
    ]),
  ].join("\n");
}

function itemText([term, description]: HelpItem, widest: number, columns: number): string {
  const beside = widest + 2 * INDENT;
  if (description === "") return indent(term, INDENT);
  if (columns - beside < NARROWEST) {
    const text = wrapWords(description, columns - BELOW);
    return `${indent(wrapWords(term, columns - INDENT), INDENT)}\n${indent(text, BELOW)}`;
  }
  const text = indent(wrapWords(description, columns - beside), beside);
  return indent(term, INDENT).padEnd(beside) + text.trimStart();
}

function indent(text: string, columns: number): string {
  return text.replace(/^/gm, " ".repeat(columns));
}
