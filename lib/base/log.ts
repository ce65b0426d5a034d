/** The log of a harvester, a line each on standard error: text for people, JSON where a program gathers it. */

import { configure, type LogRecord } from "@logtape/logtape";
import { isoTime } from "./clock.ts";
import { oneLine } from "./visible.ts";

/** How lines are written: `json` where TWARC_CLOUD_LOG says so, as containers do. */
export type LogForm = "text" | "json";

/** Returns the form that the environment asks for. */
export function logForm({ TWARC_CLOUD_LOG: form }: Record<string, string | undefined>): LogForm {
  return form === "json" ? "json" : "text";
}

/** Begins to log. @param write Takes whole lines. */
export async function startLog(write: (text: string) => void, form: LogForm): Promise<void> {
  const lineOf = form === "json" ? jsonOf : textOf;
  await configure({
    sinks: { lines: (record) => write(`${lineOf(factsOf(record))}\n`) },
    loggers: [
      { category: ["twarc-cloud"], sinks: ["lines"], lowestLevel: "info" },
      { category: ["logtape"], sinks: ["lines"], lowestLevel: "error" },
    ],
  });
}

/** What a line says. */
interface Facts {
  /** ISO 8601, UTC. */
  time: string;
  /** info, warning, error; fatal for what ends the process. */
  level: string;
  part: string;
  message: string;
}

function factsOf({ timestamp, level, category, message }: LogRecord): Facts {
  const time = isoTime(timestamp);
  // What the API says is in here too: a line is a line, and steers no terminal.
  return { time, level, part: category.slice(1).join("."), message: oneLine(message.join("")) };
}

/** `2026-01-02T03:04:05.678Z warning api: ...` */
function textOf({ time, level, part, message }: Facts): string {
  return `${time} ${level} ${part}: ${message}`;
}

function jsonOf(facts: Facts): string {
  return JSON.stringify(facts);
}

/** Returns a line of JSON for the error that ends the process. @param now In milliseconds since 1970. */
export function fatalLine(message: string, now: number): string {
  return jsonOf({ time: isoTime(now), level: "fatal", part: "main", message: oneLine(message) });
}

/** Returns a line of a log as a person reads it, whatever its form. */
export function readable(line: string): string {
  const facts = factsIn(line);
  if (!facts) return line;
  return facts.level === "fatal" ? `Error: ${facts.message}` : textOf(facts);
}

function factsIn(line: string): Facts | null {
  if (!line.startsWith("{")) return null;
  try {
    const { time, level, part, message } = JSON.parse(line);
    const facts = { time, level, part, message };
    return Object.values(facts).every((value) => typeof value === "string") ? facts : null;
  } catch {
    return null;
  }
}
