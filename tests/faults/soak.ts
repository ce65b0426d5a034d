// deno-lint-ignore-file no-console
/** Plays many collections while things go wrong, and prints the table of docs/reliability.md. */

import { Chance } from "./random.ts";
import { type Fault, FAULTS, play, type Type, TYPES } from "./scenario.ts";

/** What was seen of a fault with a type of collection. */
interface Row {
  tried: number;
  lost: number;
  inFlight: number;
  twice: number;
  unreadable: number;
  unlisted: number;
}

const [count = "300", seed = `${Date.now() % 2 ** 31}`] = Deno.args;
const rows = new Map<string, Row>();
const failing: string[] = [];

console.log(`${count} collections of each type, seed ${seed}: deno task soak ${count} ${seed}`);
for (const type of TYPES) {
  for (let i = 0; i < Number(count); i++) {
    const outcome = await play(type, new Chance(Number(seed) + i));
    const { lost, twice, unreadable, unlisted, lostInFlight, tried } = outcome;
    for (const [fault, times] of tried) {
      const row = rowOf(type, fault);
      row.tried += times;
      row.lost += lost.length;
      row.inFlight = Math.max(row.inFlight, lostInFlight);
      row.twice += twice.length;
      row.unreadable += unreadable.length;
      row.unlisted += unlisted.length;
    }
    if (lost.length + twice.length + unreadable.length + unlisted.length > 0) {
      failing.push(`${type} with seed ${Number(seed) + i}`);
    }
  }
}
console.log("\n| type | fault | tried | lost | written twice | unreadable | garbage |");
console.log("| --- | --- | --- | --- | --- | --- | --- |");
for (const type of TYPES) {
  for (const fault of FAULTS) {
    const { tried, lost, twice, unreadable, unlisted } = rowOf(type, fault);
    const cells = [type, fault, tried, lost, twice, unreadable, unlisted];
    console.log(`| ${cells.join(" | ")} |`);
  }
}
const most = Math.max(...[...rows.values()].map(({ inFlight }) => inFlight));
console.log(
  `\nA stream that was cut off lost at most ${most} tweets in four cuts, of those that were on their way.`,
);
for (const one of failing) console.log(`Failed: ${one}`);
Deno.exit(failing.length > 0 ? 1 : 0);

function rowOf(type: Type, fault: Fault): Row {
  const known = rows.get(`${type} ${fault}`);
  if (known) return known;
  const row = { tried: 0, lost: 0, inFlight: 0, twice: 0, unreadable: 0, unlisted: 0 };
  rows.set(`${type} ${fault}`, row);
  return row;
}
