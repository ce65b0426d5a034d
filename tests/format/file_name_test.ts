import assert from "node:assert/strict";
import {
  compareTweetsFileNames,
  isNamedLikeTweets,
  isTweetsFileName,
  replacementName,
  tweetsFileName,
  tweetsFileTime,
  tweetsPrefix,
} from "../../lib/format/file_name.ts";

const AT = Date.UTC(2019, 2, 9, 15, 35, 7, 464);
const FOLDER = "collections/c/harvests/2019/03/09/15/35/07/";

Deno.test("tweetsFileName() names a file by its second, with a number where the second has several", () => {
  assert.equal(tweetsFileName(AT), "tweets-20190309153507.jsonl.gz");
  assert.equal(tweetsFileName(AT, 2), "tweets-20190309153507-2.jsonl.gz");
});

Deno.test("isTweetsFileName() takes what tweetsFileName() makes, as the original's, and nothing that is a person's", () => {
  for (const number of [1, 2, 10, 999_999]) assert.ok(isTweetsFileName(tweetsFileName(AT, number)));
  assert.ok(isTweetsFileName("tweets-20261128111544.jsonl.gz"));
  const others = [
    "tweets-20190309153507.jsonl",
    "tweets-20190309153507.jsonl.xz",
    "tweets-20190309153507-copy.jsonl.gz",
    "tweets-20190309153507 (1).jsonl.gz",
    "my-tweets-20190309153507.jsonl.gz",
    "tweets-20190309153507.jsonl.gz.part",
    "tweets-.jsonl.gz",
  ];
  for (const name of others) assert.equal(isTweetsFileName(name), false, name);
});

Deno.test("isNamedLikeTweets() takes copies of tweets files too, and no other file", () => {
  const copies = ["tweets-20190309153507 (1).jsonl.gz", "tweets-copy.gz"];
  for (const name of copies) assert.ok(isNamedLikeTweets(`${FOLDER}${name}`), name);
  for (
    const name of ["tweets-keys.json", "users.jsonl", "tweets.gz", "a/tweets-1.gz/collection.json"]
  ) {
    assert.equal(isNamedLikeTweets(`${FOLDER}${name}`), false, name);
  }
});

Deno.test("tweetsPrefix() is what every tweets file of a folder begins with", () => {
  assert.ok(`${FOLDER}${tweetsFileName(AT)}`.startsWith(tweetsPrefix(FOLDER)));
});

Deno.test("tweetsFileTime() reads the second in which a file was stored, and nothing in what is no such file", () => {
  assert.equal(tweetsFileTime(`${FOLDER}${tweetsFileName(AT, 3)}`), AT - 464);
  assert.equal(tweetsFileTime(`${FOLDER}users.jsonl`), NaN);
});

Deno.test("compareTweetsFileNames() sorts by second, then by number as a number", () => {
  const inOrder = [
    tweetsFileName(AT),
    tweetsFileName(AT, 2),
    tweetsFileName(AT, 10),
    tweetsFileName(AT + 1_000),
  ];
  assert.deepEqual(inOrder.toReversed().toSorted(compareTweetsFileNames), inOrder);
});

Deno.test("replacementName() takes the next free number, also of a name that somebody else gave", () => {
  const [one, two, three] = [tweetsFileName(AT), tweetsFileName(AT, 2), tweetsFileName(AT, 3)];
  assert.equal(replacementName(one, new Set([one])), two);
  assert.equal(replacementName(one, new Set([one, two])), three);
  assert.equal(replacementName(two, new Set([two])), three);
  assert.equal(replacementName("mine.jsonl.gz", new Set(["mine.jsonl.gz"])), "mine-2.jsonl.gz");
});
