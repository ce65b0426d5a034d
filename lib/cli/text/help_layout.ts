/** Has commander lay out help texts as helpText() does. */

import { type CommandUnknownOpts, Help, type Option } from "@commander-js/extra-typings";
import { helpText, USUAL_COLUMNS } from "./help_text.ts";

/** For `configureHelp`. */
export const helpLayout = {
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

  /** Returns the whole text, but for what is added after it. */
  formatHelp(command: CommandUnknownOpts, help: Help): string {
    const parts = {
      usage: help.commandUsage(command),
      description: help.commandDescription(command),
      lists: [
        [
          "Arguments:",
          help.visibleArguments(command).map((one) =>
            [help.argumentTerm(one), help.argumentDescription(one)] as const
          ),
        ],
        [
          "Options:",
          help.visibleOptions(command).map((one) =>
            [help.optionTerm(one), help.optionDescription(one)] as const
          ),
        ],
        [
          "Commands:",
          help.visibleCommands(command).map((one) =>
            [help.subcommandTerm(one), help.subcommandDescription(one)] as const
          ),
        ],
      ],
    } as const;
    return helpText(parts, help.helpWidth ?? USUAL_COLUMNS);
  },
};
