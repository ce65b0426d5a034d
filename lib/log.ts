/** The log of a harvester: a line each, with time and level, on standard error. */

import { configure, type LogRecord } from "@logtape/logtape";
import { isoTime } from "./clock.ts";

/** Begins to log. @param write Takes whole lines. */
export async function startLog(write: (text: string) => void): Promise<void> {
  await configure({
    sinks: { lines: (record) => write(lineOf(record)) },
    loggers: [
      { category: ["twarc-cloud"], sinks: ["lines"], lowestLevel: "info" },
      { category: ["logtape"], sinks: ["lines"], lowestLevel: "error" },
    ],
  });
}

/** `2026-01-02T03:04:05.678Z warning api: ...` */
function lineOf({ timestamp, level, category, message }: LogRecord): string {
  return `${isoTime(timestamp)} ${level} ${category.slice(1).join(".")}: ${message.join("")}\n`;
}
