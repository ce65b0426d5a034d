/** What the program logs, for tests to look at. */

import { configure, reset } from "@logtape/logtape";

/** What is logged while something is done. */
export async function logged(act: () => Promise<void>): Promise<string> {
  const said: string[] = [];
  await configure({
    sinks: { said: ({ message }) => void said.push(message.join("")) },
    loggers: [
      { category: ["twarc-cloud"], sinks: ["said"] },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  try {
    await act();
  } finally {
    await reset();
  }
  return said.join("\n");
}
