/** Ids as numbers of 64 bits, in two halves: each BigInt would be garbage. */

const WORD = 2 ** 32;
const ZERO = 0x30;

/** The halves of a number, which is read again and again. */
export class IdNumber {
  /** The lower 32 bits. */
  low = 0;
  /** The upper 32 bits. */
  high = 0;

  /** Reads a number from its digits. */
  read(id: string): void {
    let [low, high] = [0, 0];
    for (let i = 0; i < id.length; i++) {
      low = low * 10 + id.charCodeAt(i) - ZERO;
      high = (high * 10 + Math.floor(low / WORD)) % WORD;
      low %= WORD;
    }
    this.low = low;
    this.high = high;
  }
}

/** Returns a hash of a number of which all bits count, of 32 bits with their sign. */
export function hashId({ low, high }: Pick<IdNumber, "low" | "high">): number {
  const mixed = Math.imul(low ^ high, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
