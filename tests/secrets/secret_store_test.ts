import assert from "node:assert/strict";
import { ParameterStore } from "../../lib/secrets/parameter_store.ts";
import { SecretFiles } from "../../lib/secrets/secret_files.ts";
import { secretStoreContract } from "../contract/secret_store.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { asOnWindows } from "../fakes/windows.ts";
import { EXFAT_OF_WINDOWS, WITHOUT_LINKS } from "../store/bucket_folder.ts";
import { isPrivate } from "../fakes/folder.ts";

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

const WORDS = { called: "The folder of secrets", hint: "Take another one." };

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  await use(folder).finally(() => Deno.remove(folder, { recursive: true }));
}

secretStoreContract("ParameterStore", async (use) => {
  await moto.reset();
  const access = { region: MOTO_REGION, endpoint: moto.url, ...MOTO_KEYS };
  await use(new ParameterStore("tweets", access));
});

secretStoreContract(
  "SecretFiles",
  (use) => inFolder((folder) => use(new SecretFiles(`${folder}/own`, WORDS))),
);

secretStoreContract(
  "SecretFiles on a disk without links",
  (use) => inFolder((folder) => use(new SecretFiles(folder, { ...WORDS, disk: WITHOUT_LINKS }))),
);

secretStoreContract(
  "SecretFiles on exFAT under Windows",
  (use) =>
    inFolder((folder) =>
      asOnWindows(() => use(new SecretFiles(folder, { ...WORDS, disk: EXFAT_OF_WINDOWS })))
    ),
);

Deno.test("SecretFiles: nobody else can read a file, and nothing else is left", () =>
  inFolder(async (folder) => {
    const files = new SecretFiles(folder, WORDS);
    await files.put("a", "one");
    await files.put("a", "two");
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(names, ["a"]);
    assert.ok(await isPrivate(`${folder}/a`));
  }));
