import assert from "node:assert/strict";
import { join } from "node:path";
import { screenNameList, userIdList } from "../../../lib/cli/collection_config/add_users.ts";
import { BadLines, type ListWanted, readValues } from "../../../lib/cli/collection_config/lists.ts";
import { Output } from "../../../lib/cli/output.ts";
import { collectGarbage } from "../../fakes/garbage.ts";
import { PLAYS_ALL } from "../../fakes/turns.ts";

/** Reads a file with these bytes. */
async function readList(
  content: string | Uint8Array,
  wanted: ListWanted<string> = screenNameList(undefined),
): Promise<{ values: string[]; bad: string[]; said: string; shown: string }> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const file = join(folder, "list");
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  await Deno.writeFile(file, bytes);
  let said = "";
  const write = (text: string) => void (said += text);
  const output = new Output({
    out: write,
    err: write,
    isInteractive: false,
    isTerminal: false,
    color: false,
  });
  const bad = new BadLines();
  try {
    const values = await Array.fromAsync(readValues([file], wanted, { bad, output }));
    const noted = said;
    bad.tell(output);
    return {
      values,
      bad: bad.shown.map(({ line, says }) => `${line} ${says}`),
      said: noted.replaceAll(file, "list"),
      shown: said,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function utf16(text: string, isBig = false): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), !isBig);
  return bytes;
}

Deno.test("names are read in UTF-8 and UTF-16, with any line ends, blanks, notes, quotes and an @", async () => {
  const text =
    '\ufeff# ours\r\n\r\n  @jack  # a note\r"ev"\n\u200bbiz\u00a0,\n\u201cnoah\u201d\r\n';
  for (const content of [text, utf16(text), utf16(text, true)]) {
    const { values, bad } = await readList(content);
    assert.deepEqual([values, bad], [["jack", "ev", "biz", "noah"], []]);
  }
});

Deno.test("the addresses of profiles are read as names, and those of other pages are not", async () => {
  const { values, bad } = await readList([
    "https://x.com/jack",
    "twitter.com/ev?s=20",
    "http://mobile.twitter.com/@biz/",
    "www.x.com/noah/with_replies",
    "https://twitter.com/#!/stone",
    "https://x.com/home",
    "https://x.com.example.org/jack",
    "",
  ].join("\n"));
  assert.deepEqual(values, ["jack", "ev", "biz", "noah", "stone"]);
  assert.deepEqual(bad.map((one) => one.split(" ")[0]), ["6", "7"]);
  assert.match(bad[1] ?? "", / is not the address of a profile$/);
  const buttons = await readList(
    "https://twitter.com/intent/user?screen_name=jack\nx.com/intent/follow?ref=a&screen_name=@ev\n",
  );
  assert.deepEqual(buttons.values, ["jack", "ev"]);
  const ids = await readList("https://x.com/i/user/12\n13\n", userIdList(undefined));
  assert.deepEqual(ids.values, ["12", "13"]);
});

Deno.test("a name is told from none by what is wrong with it", async () => {
  const { values, bad } = await readList(
    ["a".repeat(50), "b".repeat(51), "a b", "n\u00e4me"].join("\n"),
  );
  assert.deepEqual(values, ["a".repeat(50)]);
  assert.match(bad[0] ?? "", / it has more than 50 characters$/);
  assert.match(bad[1] ?? "", / letters, digits and _ only$/);
  assert.match(bad[2] ?? "", / letters, digits and _ only$/);
});

Deno.test("the column of a table is found by its usual name, or by the one that is given", async () => {
  const table = '# export\nName;"Screen Name";id\n"Dorsey; Jack\nCEO";@jack;12\nEv;ev;13\n';
  const { values, said } = await readList(table);
  assert.deepEqual(values, ["jack", "ev"]);
  assert.equal(said, "Reading column Screen Name of list.\n");
  assert.deepEqual((await readList(table, userIdList(undefined))).values, ["12", "13"]);
  const named = "a,b\tc\nx,1\ny,-\n".replace("\tc", "");
  assert.deepEqual((await readList(named, screenNameList("A"))).values, ["x", "y"]);
  assert.deepEqual((await readList(named, userIdList("b"))).bad, [
    '3 "-" is not an id, which is digits only',
  ]);
  assert.deepEqual((await readList("sep=\t\nusername\tn\njack\t1\n")).values, ["jack"]);
  assert.deepEqual((await readList("Username\njack\n")).values, ["jack"]);
  assert.deepEqual((await readList("@username\njack\n")).values, ["username", "jack"]);
  await assert.rejects(
    readList("a,b\n1,2\n"),
    /is a table, and none of its columns is named screen/,
  );
  await assert.rejects(readList("a,b\n1,2\n", screenNameList("c")), /has no column "c"/);
  await assert.rejects(readList('handle,b\n"x,2\ny,3\n'), /is not a valid table: .*Quote/);
});

Deno.test("what is in another encoding, or no text, is named", async () => {
  const latin = Uint8Array.from([...new TextEncoder().encode("jack\n"), 0xe9, 0x0a]);
  await assert.rejects(readList(latin), /is not in UTF-8, from about line 1/);
  await assert.rejects(readList(utf16("jack\n")), /UTF-16 without a byte order mark/);
  await assert.rejects(readList(Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0)), /is a spreadsheet/);
  await assert.rejects(readList(Uint8Array.of(0xff, 0xfe, 0, 0, 1, 0, 0, 0)), /in UTF-32/);
  await assert.rejects(readList("a".repeat(3 << 20)), /has a line of more than 1,048,576/);
  assert.deepEqual((await readList("")).values, []);
  assert.deepEqual((await readList("a")).values, ["a"]);
});

Deno.test("bad lines are listed by their numbers, without what would steer a terminal, and the others are read", async () => {
  const lines = Array.from({ length: 2_000 }, (_, i) => `${i + 1}`);
  const wrong = new Map([
    [3, "7.0E+18"],
    [5, "0"],
    [7, "12345678901234567890"],
    [11, "\u001b]0;x\u0007\u202e\u009b1"],
    [13, "1.0"],
    [15, "012"],
  ]);
  for (const [line, text] of wrong) lines[line - 1] = text;
  const { values, bad, shown } = await readList(lines.join("\r\n"), userIdList(undefined));
  assert.equal(values.length, 2_000 - wrong.size);
  assert.deepEqual(bad.map((one) => Number(one.split(" ")[0])), [...wrong.keys()]);
  assert.match(bad[0] ?? "", /is an id that a spreadsheet has rounded/);
  assert.match(bad[2] ?? "", /too many digits/);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(shown, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
});

Deno.test("ids that a spreadsheet has marked as text are what stands in the marks", async () => {
  const lines = [
    '="7000000000000000001"',
    "'7000000000000000002",
    '=T("7000000000000000003")',
    '"=""4"""',
  ];
  const { values, bad } = await readList(`${lines.join("\n")}\n`, userIdList(undefined));
  assert.deepEqual(bad, []);
  assert.deepEqual(values, [
    "7000000000000000001",
    "7000000000000000002",
    "7000000000000000003",
    "4",
  ]);
});

/** 1,771,295 of them with TWARC_CLOUD_ALL=1; what grows with a list shows in far fewer, as each id takes 40 bytes and more. */
const BLOCKS = PLAYS_ALL ? 35 : 6;

Deno.test("a list takes no more memory where it has some million ids", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const file = join(folder, "ids");
  const first = 1_000_000_000_000_000_000n;
  const ids = Array.from({ length: 50_613 }, (_, i) => `${first + BigInt(i)}\r\n`);
  const block = new TextEncoder().encode(ids.join(""));
  try {
    using out = await Deno.open(file, { write: true, create: true });
    const writer = out.writable.getWriter();
    for (let i = 0; i < BLOCKS; i++) await writer.write(block);
    writer.releaseLock();
    const output = new Output({
      out: () => {},
      err: () => {},
      isInteractive: false,
      isTerminal: false,
      color: false,
    });
    const memory: number[] = [];
    let count = 0;
    const places = { bad: new BadLines(), output };
    for await (const _ of readValues([file], userIdList(undefined), places)) {
      if (++count % 50_000 !== 0) continue;
      await collectGarbage();
      memory.push(Deno.memoryUsage().heapUsed);
    }
    assert.equal(count, BLOCKS * 50_613);
    const [first = 0] = memory;
    // Of 50,000 ids that are kept it would be some two million.
    assert.ok(Math.max(...memory) - first < 1e6, `${memory}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
