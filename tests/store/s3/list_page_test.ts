import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type _Object, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { decodeKey, listPage, takeObjects } from "../../../lib/store/s3/list_page.ts";
import { compareKeys } from "../../../lib/store/key_order.ts";
import { MOTO_KEYS, MOTO_REGION } from "../../peers/moto.ts";
import { withAnswers } from "./answers.ts";

const object = (key: string, more = "<Size>7</Size><ETag>&quot;e&quot;</ETag>") =>
  `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>${more}` +
  "<StorageClass>STANDARD</StorageClass></Contents>";
const page = (inner: string) =>
  '<?xml version="1.0" encoding="UTF-8"?>\n' +
  '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>' +
  `${inner}<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;1</NextContinuationToken>` +
  "<CommonPrefixes><Prefix>c/</Prefix></CommonPrefixes><EncodingType>url</EncodingType>" +
  "</ListBucketResult>";

for (
  const [what, xml] of [
    ["objects", page(object("a/b") + object("a%2Fc+d"))],
    ["none", page("")],
    ["names with entities", page(object("a&amp;&lt;&gt;&quot;&apos;&#233;&#x4E2D;&amp;lt;"))],
    ["names of any script", page(object("é/中/😀"))],
    ["blanks in a name", page(object(" a  b "))],
    ["an object without a size, or an ETag", page(object("a", "") + object("b"))],
    [
      "an owner",
      page(object("a", "<Owner><ID>1</ID><DisplayName>Key</DisplayName></Owner><Size>2</Size>")),
    ],
    ["line breaks between elements", page(object("a") + object("b")).replaceAll("><", ">\n  <")],
    ["a name as it stands in CDATA", page(object("<![CDATA[a&b]]>") + object("b"))],
    ["a comment", page(`<!-- ${object("no")} -->${object("a")}`)],
    ["an object without a name", page(`<Contents><Key/></Contents>${object("a")}`)],
    ["objects with attributes", page(object("a")).replace("<Contents>", '<Contents xmlns="x">')],
    [
      "one object with an attribute, and one without",
      page(object("a") + object("b")).replace("<Contents>", "<Contents >"),
    ],
    ["elements with a prefix", page(object("a")).replaceAll(/<(\/?)([A-Z])/g, "<$1s3:$2")],
  ] as const
) {
  Deno.test(`a page of a listing has what the SDK finds in it: ${what}`, async () => {
    const answer = () => new Response(xml, { headers: { "content-type": "application/xml" } });
    await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
    const client = new S3Client({
      endpoint: `http://127.0.0.1:${server.addr.port}`,
      region: MOTO_REGION,
      credentials: { accessKeyId: MOTO_KEYS.accessKey, secretAccessKey: MOTO_KEYS.secretKey },
      forcePathStyle: true,
    });
    const input = { Bucket: "b", Prefix: "" };
    const expected = await client.send(new ListObjectsV2Command(input));
    const found = await listPage(client, input);
    client.destroy();
    const facts = ({ Key, Size = 0, ETag = "" }: Pick<_Object, "Key" | "Size" | "ETag">) => ({
      key: decodeKey(Key, expected.EncodingType),
      size: Size,
      version: ETag,
    });
    const folders = expected.CommonPrefixes?.map(({ Prefix }) => ({ Key: Prefix })) ?? [];
    const all = [...expected.Contents ?? [], ...folders].map(facts);
    assert.deepEqual([...found.listed], all.sort((a, b) => compareKeys(a.key, b.key)));
    assert.equal(found.next, expected.NextContinuationToken);
  });
}

Deno.test("the SDK is given a page without its objects, however many they are", () => {
  const many = Array.from({ length: 1_000 }, (_, i) => object(`${i}`)).join("");
  const { objects, rest } = takeObjects(Buffer.from(page(many))) ?? assert.fail();
  const all = [...objects];
  assert.deepEqual([all.length, all.at(-1)?.Key], [1_000, "999"]);
  assert.equal(`${rest}`, page(""));
});

Deno.test("the memory of a page is free once its objects were read, or the first of them", () => {
  const many = Array.from({ length: 1_000 }, (_, i) => object(`${i}`)).join("");
  for (const most of [1_000, 1]) {
    const xml = Buffer.from(Buffer.from(page(many)).toString().padEnd(200_000));
    let read = 0;
    for (const _ of takeObjects(xml)?.objects ?? assert.fail()) if (++read === most) break;
    assert.deepEqual([read, xml.buffer.detached], [most, true]);
  }
});

Deno.test("a page that ends in the middle is a failure, not a short listing", async () => {
  const whole = page(object("a") + object("b"));
  for (const cut of [whole.indexOf("</Contents>") + 11, whole.indexOf("<Size>"), 90]) {
    await withAnswers(() => new Response(whole.slice(0, cut)), async (store) => {
      await assert.rejects(Array.fromAsync(store.list("")), / failed: /, whole.slice(0, cut));
    });
  }
});
