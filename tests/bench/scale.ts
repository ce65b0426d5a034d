// deno-lint-ignore-file no-console
/**
 * Simulates what is larger than most, on a clock that goes on to whatever is next: a million users, ten thousand
 * scheduled collections, and streams. `deno task bench-scale` prints the tables of docs/scale.md, in a
 * minute or two; `deno task bench-scale schedules` one of them.
 */

import { AWS_PRICES } from "../../lib/cli/aws_cost.ts";
import { oneRun } from "./scale/one_run.ts";
import { SPOT, taskHour } from "./scale/prices.ts";
import { dayOf, type DayOfFleet, type Fleet } from "./scale/schedules.ts";
import { modelledPuts, streamed, USUAL } from "./scale/streams.ts";
import { limitOf, modelled, type Reading, simulated } from "./scale/users.ts";
import { shapesHere } from "./shapes.ts";
import { table } from "./table.ts";

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];
/** Days, and minutes, of a month. */
const [DAYS, MINUTES] = [30, 43_200];

const { address, put, storage } = AWS_PRICES;

async function users(): Promise<string> {
  const usual = { users: 1_000_000, pages: 1, atOnce: 16, latencyMs: 250, as: "app" } as const;
  const paths = [["1.1", "/1.1/statuses/user_timeline.json"], ["2", "/2/users/1/tweets"]] as const;
  const rows: string[][] = [];
  for (const [api, path] of paths) {
    for (const keys of [1, 10]) {
      const reading: Reading = { ...usual, path, keys };
      const { ms, exceeded } = await simulated(reading);
      const hours = (ms: number) => (ms / HOUR_MS).toFixed(1);
      const model = modelled(reading, limitOf(reading));
      rows.push([`version ${api}`, `${keys}`, hours(model), hours(ms), `${exceeded}`]);
    }
  }
  return table(["a request each", "sets of keys", "model, h", "simulated, h", "429"], rows);
}

async function schedules(): Promise<string> {
  const [one, hundred] = [await oneRun(1), await oneRun(100)];
  const [daily, atTen] = ["rate(1 day)", "cron(0 10 * * ? *)"];
  const most = 1_000;
  const many = { collections: 10_000, run: one, most };
  const few = { collections: 100, run: hundred, most };
  const fleets: Fleet[] = [
    { ...many, expression: daily, keys: 1 },
    { ...many, expression: atTen, keys: 1 },
    { ...many, expression: atTen, keys: 10 },
    { ...many, expression: atTen, keys: 100 },
    { ...few, expression: daily, keys: 1 },
    { ...few, expression: atTen, keys: 1 },
  ];
  const rows: string[][] = [];
  for (const fleet of fleets) rows.push(fleetRow(fleet, await dayOf(fleet)));
  const head = ["schedule", "collections", "keys", "not begun", "429", "tasks at once", "done, h"];
  return table([...head, "$ a month, ARM"], rows) +
    `\n\nA run of one user asks ${one.requests.length} times and writes ${one.puts} objects, one of a hundred users ` +
    `${hundred.requests.length} times and ${hundred.puts}.`;
}

function fleetRow({ collections, expression, keys }: Fleet, day: DayOfFleet): string[] {
  const hour = taskHour("ARM64", 0.25) + address;
  const dollars = DAYS * (day.billedMs / HOUR_MS * hour + day.puts * put);
  return [
    `\`${expression}\``,
    collections.toLocaleString("en"),
    `${keys}`,
    day.dropped.toLocaleString("en"),
    day.refused.toLocaleString("en"),
    day.atOnce.toLocaleString("en"),
    (day.tookMs / HOUR_MS).toFixed(1),
    dollars.toFixed(0),
  ];
}

async function streams(): Promise<string> {
  const { shapes: { statuses } } = await shapesHere();
  const encoder = new TextEncoder();
  const short = encoder.encode('{"id_str":"1"}');
  const whole = (id: string) => {
    const shape = statuses[Number(id) % statuses.length] ?? "";
    return encoder.encode(shape.replaceAll("@ID@", `${10n ** 18n + BigInt(id)}`));
  };
  const [counts, months]: [string[][], string[][]] = [[], []];
  for (const [perSecond, vcpu] of [[250, 0.25], [5_000, 1]] as const) {
    const minutes = 10;
    const { puts } = await streamed({ perSecond, minutes, lineOf: () => short });
    const seen = Object.values(puts).reduce((sum, count) => sum + count, 0);
    counts.push([
      perSecond.toLocaleString("en"),
      `${modelledPuts({ perSecond, minutes })}`,
      `${seen}`,
    ]);
    const { bytes, tweets } = await streamed({ perSecond, minutes: 1, lineOf: whole });
    months.push(monthRow(perSecond, { vcpu, packed: bytes / tweets }));
  }
  return `${table(["tweets/s", "writes in 10 minutes by the model", "simulated"], counts)}\n\n${
    table([
      "tweets/s",
      "million a month",
      "packed, GB",
      "files a day",
      "writes a month",
      ...["ARM", "x86", "ARM, Spot", "address", "writes", "storage"].map((what) => `${what}, $`),
    ], months)
  }\n\nDollars are of a million tweets; storage is of one month.`;
}

/** What a month of a stream is, in millions of tweets. @param packed Bytes of a tweet in its file */
function monthRow(perSecond: number, { vcpu, packed }: { vcpu: number; packed: number }): string[] {
  const minutes = MINUTES;
  const millions = perSecond * 60 * minutes / 1e6;
  const gigabytes = millions * packed / 1e3;
  const puts = modelledPuts({ perSecond, minutes });
  const fileMs = Math.min(USUAL.tweetsPerFile / perSecond * 1_000, USUAL.msPerFile);
  const hours = minutes * MINUTE_MS / HOUR_MS;
  const [arm, x86] = [taskHour("ARM64", vcpu) * hours, taskHour("X86_64", vcpu) * hours];
  const dollars = [arm, x86, arm * SPOT, address * hours, puts * put, gigabytes * storage];
  return [
    perSecond.toLocaleString("en"),
    millions.toLocaleString("en"),
    Math.round(gigabytes).toLocaleString("en"),
    `${Math.round(24 * HOUR_MS / fileMs)}`,
    Math.round(puts).toLocaleString("en"),
    ...dollars.map((all) => (all / millions).toFixed(4)),
  ];
}

if (import.meta.main) {
  for (const part of [users, schedules, streams]) {
    if (Deno.args.length === 0 || Deno.args.includes(part.name)) console.log(`${await part()}\n`);
  }
  console.log(`Prices: AWS's list prices of ${AWS_PRICES.region}, ${AWS_PRICES.date}.`);
}
