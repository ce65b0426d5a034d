// deno-lint-ignore-file no-console
/**
 * What a harvester takes at most, as the system counts it for its process: tweets against peak resident memory, for the
 * types and versions, against a server of this machine. `deno task bench-memory [tweets...] [--users=100000]`, which also
 * verifies and repairs these users' collection, and goes on with a harvest of it that was killed; on Linux.
 */

import { parseArgs } from "node:util";
import { EndlessApi } from "../fakes/endless_api.ts";
import { manyUsers } from "./many_users.ts";
import { type Kind, KINDS, oneHarvest, type Taken } from "./one_harvest.ts";

/** Bytes of a tweet, as version 1.1 has them with all that is in them. */
const BYTES = 6_000;
/** Tweets of a page, and users of a timeline harvest of as many tweets. */
const PAGE = 100;
/** Tweets a second of a stream: the most that was ever seen of a filter is less. */
const RATE = 2_000;

/** One harvest of as many tweets, each timeline with `page` of them. */
export async function memoryOf(
  kind: Kind,
  tweets: number,
  { page, bytes } = { page: PAGE, bytes: BYTES },
): Promise<Taken> {
  await using api = new EndlessApi({ tweets, bytes, page, rate: RATE });
  return await oneHarvest(kind, { url: api.url, tweets, page }, () => Promise.resolve());
}

function row(cells: (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}

function cell({ peak, seconds, cpu }: Taken): string {
  return `${Math.round(peak)} (${Math.round(seconds)} s, ${cpu.toFixed(1)} s of processor time)`;
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      users: { type: "string", multiple: true, default: [] },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  const sizes = positionals.length > 0 || values.users.length > 0
    ? positionals.map(Number)
    : [20_000, 100_000, 400_000];
  const kinds = KINDS.filter(({ type, api }) =>
    values.only.length === 0 ||
    values.only.some((only) => only === type || only === `${type}-${api}`)
  );
  if (sizes.length > 0) {
    console.log(
      row(["peak resident memory, MiB", ...sizes.map((size) => size.toLocaleString("en"))]),
    );
    console.log(row(["---", ...sizes.map(() => "--:")]));
  }
  for (const kind of sizes.length > 0 ? kinds : []) {
    const cells: string[] = [];
    for (const size of sizes) {
      cells.push(cell(await memoryOf(kind, size)));
    }
    console.log(row([`${kind.type}, version ${kind.api}`, ...cells]));
  }
  for (const users of values.users.map(Number)) {
    console.log(`${users.toLocaleString("en")} users, one tweet each:`);
    for (const [what, took] of Object.entries(await manyUsers(users))) {
      console.log(`  ${what}: ${cell(took)}`);
    }
  }
}
