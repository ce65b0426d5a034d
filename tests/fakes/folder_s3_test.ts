import assert from "node:assert/strict";
import { S3Store } from "../../lib/store/s3/store.ts";
import { storeContract } from "../contract/store.ts";
import { MOTO_KEYS, MOTO_REGION } from "../peers/moto.ts";
import { withFolder } from "./folder.ts";
import { FolderS3 } from "./folder_s3.ts";

function storeOf({ url: endpoint }: FolderS3): S3Store {
  return new S3Store("bucket", { ...MOTO_KEYS, region: MOTO_REGION, endpoint });
}

storeContract("a folder behind S3's requests", async () => {
  const folder = await Deno.makeTempDir();
  const server = new FolderS3(folder, { page: 3 });
  const store = storeOf(server);
  return {
    store,
    close: async () => {
      store.close();
      await server.close();
      await Deno.remove(folder, { recursive: true });
      await Deno.remove(`${folder}.part`).catch(() => {});
    },
  };
}, { versions: "content" });

Deno.test("a folder behind S3's requests has what was there before, in pages, and what has come since", () =>
  withFolder(async (folder) => {
    const server = new FolderS3(folder, { page: 2 });
    const store = storeOf(server);
    try {
      for (const name of ["a", "b", "c"]) await Deno.writeTextFile(`${folder}/${name}`, name);
      await server.load();
      const asked: string[] = [];
      server.onRequest = (kind) => void asked.push(kind);
      const keys = async () => (await Array.fromAsync(store.list(""))).map(({ key }) => key);
      assert.deepEqual(await keys(), ["a", "b", "c"]);
      assert.deepEqual(asked, ["LIST", "LIST"]);
      await Deno.writeTextFile(`${folder}/d`, "d");
      await server.load();
      assert.deepEqual(await keys(), ["a", "b", "c", "d"]);
      assert.equal((await store.get("d"))?.bytes.length, 1);
    } finally {
      store.close();
      await server.close();
    }
  }));
