import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { UserError } from "../../lib/base/errors.ts";
import { readWrittenText } from "../../lib/base/written_text.ts";
import { ROOT, sources } from "../sources.ts";

async function read(bytes: Uint8Array): Promise<string> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    return await readWrittenText(path);
  } finally {
    await Deno.remove(path);
  }
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await read(bytes).then(() => null, (error) => error);
  assert.ok(error instanceof UserError);
  return `${error.message.replace(/^\S+ /, "")}. ${error.hint}`;
}

/** As PowerShell 5.1 writes with `>`. */
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, "utf16le");

Deno.test("reads UTF-8 and UTF-16 without their byte order marks", async () => {
  const text = '{"query": "Müller 🐦"}\r\n';
  assert.equal(await read(Buffer.from(text)), text);
  assert.equal(await read(Buffer.from(`\ufeff${text}`)), text);
  assert.equal(await read(utf16(text)), text);
  assert.equal(await read(utf16(text).swap16()), text);
  assert.equal(await read(Buffer.from("")), "");
});

Deno.test("names the likely encoding and the line of what is not UTF-8", async () => {
  assert.equal(
    await refusal(Buffer.from('{\n"query": "Müller Straße"}', "latin1")),
    "is not in UTF-8, from about line 2: it seems to be Windows-1252 or ISO-8859-1. " +
      "Save it as UTF-8 (in Excel: CSV UTF-8).",
  );
  const cyrillic = [
    0xef,
    0xf0,
    0xe8,
    0xe2,
    0xe5,
    0xf2,
    0x20,
    0xec,
    0xe8,
    0xf0,
    0x20,
    0xea,
    0xe0,
    0xea,
  ];
  assert.match(await refusal(Uint8Array.from(cyrillic)), /it seems to be windows-1251/);
});

Deno.test("refuses what is no text by what it is", async () => {
  assert.match(await refusal(Buffer.from("PK\x03\x04…")), /^is a spreadsheet/);
  assert.match(await refusal(Buffer.from("{\0}\0")), /UTF-16 without a byte order mark/);
});

Deno.test("no other file reads a text that people write, but those that others read too", async () => {
  const found: string[] = [];
  for (const file of await sources(`${ROOT}lib`)) {
    const text = await Deno.readTextFile(file);
    if (/\breadTextFile(Sync)?\(/.test(text)) found.push(file.slice(ROOT.length));
  }
  assert.deepEqual(found.toSorted(), [
    // As the AWS SDK reads it.
    "lib/base/aws_profile.ts",
    // In ASCII: one in UTF-16 has no certificate, which is an error.
    "lib/base/certificates.ts",
    // The way in which all others read.
    "lib/base/in_use.ts",
    // What the program has written.
    "lib/cli/install.ts",
    "lib/export/outputs.ts",
    "lib/export/tallies.ts",
    "lib/runner/local/known.ts",
    "lib/sandbox/demo.ts",
    "lib/sandbox/demo_folder.ts",
    "lib/secrets/secret_files.ts",
    "lib/store/folder/disk_probe.ts",
  ]);
});
