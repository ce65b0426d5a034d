/** Lays out help texts, wrapped between words at any width of a terminal. */

import { type CommandUnknownOpts, Help, type Option } from "@commander-js/extra-typings";
import { wrapText } from "./fit.ts";

/** Minimum columns of a description beside its term: else it goes below. */
const NARROWEST = 30;
/** Columns of a terminal of unknown width. */
const USUAL = 80;
const INDENT = 2;
/** Indentation of a description below its term. */
const BELOW = 6;

/** For `configureHelp`. */
export const helpLayout = {
  minWidthToWrap: 1,

  /** Returns a command with its arguments; each has options. */
  subcommandTerm(command: CommandUnknownOpts): string {
    const names = [command.name(), ...command.aliases().slice(0, 1)].join("|");
    const taken = command.registeredArguments.map((one) => {
      const name = `${one.name()}${one.variadic ? "..." : ""}`;
      return one.required ? `<${name}>` : `[${name}]`;
    });
    return [names, ...taken].join(" ");
  },

  /** Returns the description without the default of a flag, which is false. */
  optionDescription(option: Option): string {
    return option.isBoolean() ? option.description : new Help().optionDescription(option);
  },

  styleUsage(this: Help, usage: string): string {
    return wrapText(`       ${usage}`, widthOf(this) - 1).trimStart();
  },

  formatItem(this: Help, term: string, termWidth: number, description: string): string {
    const columns = widthOf(this);
    const beside = termWidth + 2 * INDENT;
    if (!description) return indent(term, INDENT);
    if (columns - beside < NARROWEST) {
      const text = this.boxWrap(description, columns - BELOW);
      return `${indent(wrapText(term, columns - INDENT), INDENT)}\n${indent(text, BELOW)}`;
    }
    const text = indent(this.boxWrap(description, columns - beside), beside);
    return indent(term, INDENT).padEnd(beside) + text.trimStart();
  },
};

function widthOf(help: Help): number {
  return help.helpWidth ?? USUAL;
}

function indent(text: string, columns: number): string {
  return text.replace(/^/gm, " ".repeat(columns));
}
