/** A bag (BagIt, RFC 8493): files with their checksums, written one after the other and read once. */

import { createHash, hash } from "node:crypto";
import { OutsideError } from "../../base/errors.ts";
import type { BagSink } from "./sinks.ts";

/** A file of a bag, with its checksums. */
export interface BagRow {
  /** Path below the bag. */
  path: string;
  bytes: number;
  /** In hex. */
  sha256: string;
}

const encoder = new TextEncoder();

/** A bag in progress: first its payload, then its tag files. */
export class Bag {
  /** The payload, below `data/`. */
  readonly payload: BagRow[] = [];
  readonly #tags: BagRow[] = [];
  readonly #sink: BagSink;

  constructor(sink: BagSink) {
    this.#sink = sink;
  }

  /** Bytes of the payload. */
  get bytes(): number {
    return this.payload.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /**
   * Adds a file to the payload.
   * @param path Below `data/`.
   * @param look Called with each part of it.
   * @throws OutsideError where the number of bytes differs; the errors of the sink
   */
  async carry(
    path: string,
    { size, content, look }: {
      size: number;
      content: AsyncIterable<Uint8Array>;
      look?: (part: Uint8Array) => void;
    },
  ): Promise<void> {
    const full = `data/${path}`;
    const file = await this.#sink.open(full, size);
    const sum = createHash("sha256");
    let bytes = 0;
    try {
      for await (const part of content) {
        bytes += part.length;
        if (bytes > size) break;
        sum.update(part);
        look?.(part);
        await file.write(part);
      }
      if (bytes !== size) throw new OutsideError(`${path} changed while it was read`);
    } finally {
      await file.close();
    }
    this.payload.push({ path: full, bytes, sha256: sum.digest("hex") });
  }

  /** Adds a small file to the payload. @param path Below `data/`. */
  async carryBytes(path: string, bytes: Uint8Array): Promise<void> {
    this.payload.push(await this.#write(`data/${path}`, bytes));
  }

  /** Adds a tag file. @param path Below the bag. */
  async tag(path: string, text: string): Promise<void> {
    this.#tags.push(await this.#write(path, encoder.encode(text)));
  }

  /** Writes the manifests, and the description. @param info Labels and values, in their order. */
  async end(info: [label: string, value: string][]): Promise<void> {
    await this.tag(
      "bagit.txt",
      "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
    );
    const { payload, bytes } = this;
    const rows: typeof info = [...info, ["Payload-Oxum", `${bytes}.${payload.length}`]];
    // A line break would begin another label.
    const lines = rows.map(([label, value]) => `${label}: ${value.replace(/\s+/g, " ").trim()}\n`);
    await this.tag("bag-info.txt", lines.join(""));
    await this.tag("manifest-sha256.txt", manifestText(payload));
    await this.#write("tagmanifest-sha256.txt", encoder.encode(manifestText(this.#tags)));
  }

  async #write(path: string, bytes: Uint8Array): Promise<BagRow> {
    const file = await this.#sink.open(path, bytes.length);
    try {
      await file.write(bytes);
    } finally {
      await file.close();
    }
    return { path, bytes: bytes.length, sha256: hash("sha256", bytes) };
  }
}

function manifestText(rows: BagRow[]): string {
  return rows.map(({ path, sha256 }) => `${sha256}  ${encodePath(path)}\n`).join("");
}

/** Returns a path in the form of a manifest (RFC 8493, 2.1.3). */
function encodePath(path: string): string {
  return path.replace(/[%\r\n]/g, encodeURIComponent);
}
