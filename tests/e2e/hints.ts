/** Errors whose hints are taken literally: each command that they name is run, and the error has to be gone. */

import assert from "node:assert/strict";
import type { Place } from "./program.ts";

/** The command lines that a text names: in backticks, or after a colon up to the end of the line or the sentence. */
function commandsIn(text: string): string[][] {
  const found = text.matchAll(/`twarc-cloud ([^`]+)`|: twarc-cloud (.+?)(?=\.\s|, |;|\)?$|\.$)/gm);
  return Array.from(found, ([, quoted, open]) => wordsIn(quoted ?? open ?? ""));
}

/** A command outside of backticks to which something is glued that is not to be copied. */
const GLUED = /(?:: |then |with )twarc-cloud [^`\n]*?[.,;)](?=\s|$)/m;

/** The words of a line as a shell reads them. */
function wordsIn(line: string): string[] {
  return Array.from(
    line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g),
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
}

/** A way to fail. */
export interface Failure {
  name: string;
  /** What brings it about. */
  before?: (place: Place) => Promise<unknown>;
  run: string[];
  code?: number;
  /** The commands that its hint has to name, as a person would type them; others may be there as well. */
  hints: string[];
  /** The exit code of these commands, where it is not 0. */
  solved?: number;
  /** What the hint asks for before its commands: a change to a file, or to be at another machine. */
  first?: (place: Place) => Promise<unknown>;
  /** What a person does between the hint and another try, besides what the hint says. */
  byHand?: (place: Place) => Promise<unknown>;
  /** What is run to see that the error is gone, where that is not the command itself; null where the hint did it. */
  again?: string[] | null;
}

/** Brings about each failure, runs the commands that its error names, and sees that it is gone. */
export async function takeLiterally(place: Place, failures: Failure[]): Promise<void> {
  for (
    const { name, before, run, code = 1, hints, solved = 0, first, byHand, again = run } of failures
  ) {
    await before?.(place);
    const failed = await place.run(...run);
    assert.equal(failed.code, code, `${name}: ${failed.out}${failed.err}`);
    assert.doesNotMatch(failed.err, GLUED, name);
    const named = commandsIn(failed.err);
    const texts = named.map((words) => words.join(" "));
    for (const hint of hints) assert.ok(texts.includes(hint), `${name}: ${failed.err}`);
    await first?.(place);
    for (const command of named) {
      // It ends when the stream does.
      if (command.includes("--follow")) continue;
      const did = await place.run(...command);
      assert.equal(did.code, solved, `${name}: ${command.join(" ")}: ${did.out}${did.err}`);
    }
    await byHand?.(place);
    if (again && hints.length > 0) {
      const gone = await place.run(...again);
      assert.equal(gone.code, 0, `${name}: ${failed.err}\nafter it: ${gone.err}`);
    }
  }
}
