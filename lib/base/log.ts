/** The log of a harvester, a line each on standard error: text for people, JSON for programs. */

import { configure, type LogRecord } from "@logtape/logtape";
import { isoTime } from "./clock.ts";
import { oneLine } from "./visible.ts";

/** Format of the lines: `json` if TWARC_CLOUD_LOG says so, as containers do. */
export type LogForm = "text" | "json";

/** Returns the format that the environment chooses. */
export function logForm({ TWARC_CLOUD_LOG: form }: Record<string, string | undefined>): LogForm {
  return form === "json" ? "json" : "text";
}

/** Starts logging. @param write Takes whole lines. */
export async function startLog(write: (text: string) => void, form: LogForm): Promise<void> {
  const lineOf = form === "json" ? formatJson : formatText;
  await configure({
    sinks: { lines: (record) => write(`${lineOf(toFacts(record))}\n`) },
    loggers: [
      { category: ["twarc-cloud"], sinks: ["lines"], lowestLevel: "info" },
      { category: ["logtape"], sinks: ["lines"], lowestLevel: "error" },
    ],
  });
}

/** The fields of a line. */
interface Facts {
  /** ISO 8601, UTC. */
  time: string;
  /** info, warning, error; fatal for the error that ends the process. */
  level: string;
  part: string;
  message: string;
}

function toFacts({ timestamp, level, category, message }: LogRecord): Facts {
  const time = isoTime(timestamp);
  // Messages quote the API: escape line breaks and control characters.
  return { time, level, part: category.slice(1).join("."), message: oneLine(message.join("")) };
}

/** `2026-01-02T03:04:05.678Z warning api: ...` */
function formatText({ time, level, part, message }: Facts): string {
  return `${time} ${level} ${part}: ${message}`;
}

function formatJson(facts: Facts): string {
  return JSON.stringify(facts);
}

/** Returns a JSON line for the error that ends the process. @param now In milliseconds since 1970. */
export function fatalLine(message: string, now: number): string {
  return formatJson({
    time: isoTime(now),
    level: "fatal",
    part: "main",
    message: oneLine(message),
  });
}

/** Returns a log line in the form for people, whatever its format. */
export function readable(line: string): string {
  const facts = parseFacts(line);
  if (!facts) return line;
  return facts.level === "fatal" ? `Error: ${facts.message}` : formatText(facts);
}

function parseFacts(line: string): Facts | null {
  if (!line.startsWith("{")) return null;
  try {
    const { time, level, part, message } = JSON.parse(line);
    const facts = { time, level, part, message };
    return Object.values(facts).every((value) => typeof value === "string") ? facts : null;
  } catch {
    return null;
  }
}
