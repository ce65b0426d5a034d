// deno-lint-ignore-file no-console
/** Plays a stream into an S3 that is away, refused and silent, and prints what it cost: `deno task soak-outage [minutes]`. */

import { startMoto } from "../peers/moto.ts";
import { OUTAGES, playOutage } from "./outage.ts";
import { Table } from "./table.ts";

const minutes = Number(Deno.args[0] ?? 10);
if (!(minutes > 0)) {
  console.error("Usage: deno task soak-outage [minutes, 10 without]");
  Deno.exit(2);
}
const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => ending.abort(new Error("It was told to end")));
}
console.log(`A stream of 20 tweets a second, and no S3 for ${minutes} minutes of it ...`);
const moto = await startMoto();
const table = new Table();
let isGood = true;
try {
  const { signal } = ending;
  const play = (kind: typeof OUTAGES[number]) =>
    playOutage({ kind, minutes, moto: () => Promise.resolve(moto), signal });
  for (const outcome of await Promise.all(OUTAGES.map(play))) {
    const { sent, streams, exitCode, lost, twice, unreadable, garbage } = outcome;
    table.add(outcome);
    console.log(`${sent} tweets sent over ${streams} connection(s); exit code ${exitCode}`);
    const faults = [...lost, ...twice, ...unreadable, ...garbage];
    isGood &&= faults.length === 0 && exitCode === 0 && streams === 1 && sent > 0;
  }
} finally {
  await moto.close();
}
console.log(`\n${table.text}`);
Deno.exit(isGood ? 0 : 1);
