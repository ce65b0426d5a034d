/** Answers of a few megabytes that unpack to four thousand times a megabyte and more. */

import { Buffer } from "node:buffer";
import { once } from "node:events";
import { constants, createBrotliCompress, createGzip } from "node:zlib";

/** Bytes of one block, unpacked. */
const BLOCK = 16 << 20;

/** A bomb before it goes off: its first packed block, and the one that all others are. */
export interface Bomb {
  packing: "gzip" | "br";
  first: Uint8Array<ArrayBuffer>;
  next: Uint8Array<ArrayBuffer>;
}

/** A bomb of blanks. */
export async function bombOf(packing: "gzip" | "br", filling = " "): Promise<Bomb> {
  const packer = packing === "gzip" ? createGzip({ level: 9 }) : createBrotliCompress({
    params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
  });
  const block = Buffer.alloc(BLOCK, filling);
  const parts: Uint8Array[] = [];
  packer.on("data", (part) => parts.push(part));
  const packed = async () => {
    if (!packer.write(block)) await once(packer, "drain");
    await new Promise<void>((resolve) => packer.flush(resolve));
    return new Uint8Array(Buffer.concat(parts.splice(0)));
  };
  const bomb = { packing, first: await packed(), next: await packed() };
  packer.destroy();
  return bomb;
}

/** A body with a bomb. @param length Bytes, unpacked. */
export function bodyOf({ first, next }: Bomb, length: number): ReadableStream<Uint8Array> {
  let left = length / BLOCK;
  return new ReadableStream({
    pull(controller) {
      if (left <= 0) return controller.close();
      controller.enqueue(left === length / BLOCK ? first : next);
      left--;
    },
  });
}
