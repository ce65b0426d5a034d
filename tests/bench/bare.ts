/**
 * The least that a harvester could do in this runtime: reads a stream into one block, cuts it into lines, packs and sums
 * these, and writes them. It keeps no promise of a harvest. `deno run bare.ts ADDRESS TWEETS FILE`.
 */

import { createHash } from "node:crypto";
import { constants, deflateRawSync } from "node:zlib";

const [address = "", tweets = "0", path = "bare.gz"] = Deno.args;
const BLOCK = 262_144;

const response = await fetch(address, { method: "POST", body: "track=x" });
const reader = response.body?.getReader({ mode: "byob" });
using file = await Deno.create(path);
const sum = createHash("sha1");
let filled = new Uint8Array(0);
let left = Number(tweets);
let buffer = new Uint8Array(65_536);
while (reader && left > 0) {
  const { value, done } = await reader.read(buffer);
  if (done || !value) break;
  for (let at = value.indexOf(10); at >= 0; at = value.indexOf(10, at + 1)) left--;
  const more = new Uint8Array(filled.length + value.length);
  more.set(filled);
  more.set(value, filled.length);
  filled = more;
  buffer = new Uint8Array(value.buffer);
  if (filled.length < BLOCK && left > 0) continue;
  const packed = deflateRawSync(filled, { finishFlush: constants.Z_FULL_FLUSH });
  sum.update(packed);
  await file.write(packed);
  filled = new Uint8Array(0);
}
sum.digest("hex");
await reader?.cancel();
Deno.exit(0);
