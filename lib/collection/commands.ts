/** The commands that start and stop a collection's harvests, by its type, for messages. */

import type { Json } from "../base/json.ts";
import { lastWord } from "../base/visible.ts";
import { traitsFor } from "./types/traits.ts";

/** A collection, as far as it is known. */
interface Named {
  id?: Json;
  type?: Json | undefined;
}

/** Returns the command that starts a collection's harvest. */
export function startCommand({ id, type }: Named): string {
  const command = traitsFor(type).endsByItself ? "once" : "filter-start";
  return `twarc-cloud collection ${command} ${lastWord(String(id))}`;
}

/** Returns how a stream that runs begins to use what was changed, with a line for each command. */
export function restartText(collection: Named, why: string): string {
  const commands = [stopCommand(collection), startCommand(collection)];
  return [`Stop and start the collection ${why}:`, ...commands.map((one) => `  ${one}`)].join("\n");
}

/** Returns the command that ends a collection's harvest. */
export function stopCommand({ id, type }: Named): string {
  const command = traitsFor(type).endsByItself ? "stop --now" : "filter-stop";
  return `twarc-cloud collection ${command} ${lastWord(String(id))}`;
}
