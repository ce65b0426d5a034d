import assert from "node:assert/strict";
import { profileEndpoint } from "../../lib/base/aws_profile.ts";
import { openStore } from "../../lib/store/open.ts";
import { Settings } from "../../lib/base/settings.ts";

const CONFIG = `[default]
region = eu-central-1
endpoint_url = http://default.test
# endpoint_url = http://comment.test

[profile   own ]
endpoint_url=http://profile.test
[profile parts]
services = both
endpoint_url = http://profile.test
[profile other]
services = lacking
[profile silent]
endpoint_url = http://profile.test
ignore_configured_endpoint_urls = true
[services both]
dynamodb =
  endpoint_url = http://dynamodb.test
s3 =
  endpoint_url = http://s3.test
  max_attempts = 3
[services lacking]
dynamodb =
  endpoint_url = http://dynamodb.test
[profile bare]
region = eu-central-1
`;

async function withHome(config: string, use: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${home}/.aws`);
    await Deno.writeTextFile(`${home}/.aws/config`, config);
    await use(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("the address of S3 is found where a profile, or its services, say it", () =>
  withHome(CONFIG, async (home) => {
    const found = async (env: Record<string, string>) => await profileEndpoint({ env, home });
    assert.equal(await found({}), "http://default.test");
    assert.equal(await found({ AWS_PROFILE: "own" }), "http://profile.test");
    assert.equal(await found({ AWS_PROFILE: "parts" }), "http://s3.test");
    for (const AWS_PROFILE of ["other", "silent", "bare", "nobody's"]) {
      assert.equal(await found({ AWS_PROFILE }), undefined, AWS_PROFILE);
    }
    assert.equal(await found({ AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" }), undefined);
    assert.equal(await found({ AWS_CONFIG_FILE: `${home}/none` }), undefined);
  }));

/** The paths by which a store at `localhost`, which has no host for each bucket, is asked. */
async function asked(
  use: (url: string) => Promise<{ env: Record<string, string>; ini?: string }>,
): Promise<string[]> {
  const paths: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    paths.push(new URL(request.url).pathname);
    return new Response(null, { headers: { etag: '"1"' } });
  });
  const folder = await Deno.makeTempDir();
  try {
    const { env, ini = "" } = await use(`http://localhost:${server.addr.port}`);
    const iniPath = `${folder}/ini`;
    const keys = "access_key = a\nsecret_key = b\nregion = eu-central-1\n";
    await Deno.writeTextFile(iniPath, `[DEFAULT]\nbucket = tweets\n${keys}${ini}`);
    const settings = await Settings.load({ env, iniPath });
    const store = await openStore(settings.bucket, { ...settings.aws, tries: 1 });
    await store.put("k", new Uint8Array(1));
    return paths;
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

for (
  const [where, setting] of [
    ["AWS_ENDPOINT_URL", (url) => ({ env: { AWS_ENDPOINT_URL: url } })],
    ["AWS_ENDPOINT_URL_S3", (url) => ({ env: { AWS_ENDPOINT_URL_S3: url } })],
    ["AWS_ENDPOINT_URL_S3 beside another for all services", (url) => ({
      env: { AWS_ENDPOINT_URL: "http://localhost:1", AWS_ENDPOINT_URL_S3: url },
    })],
    ["endpoint in the ini", (url) => ({ env: {}, ini: `endpoint = ${url}\npath_style = true\n` })],
    ["the environment before the ini", (url) => ({
      env: { AWS_ENDPOINT_URL_S3: url },
      ini: "endpoint = http://localhost:1\n",
    })],
  ] satisfies [string, (url: string) => { env: Record<string, string>; ini?: string }][]
) {
  Deno.test(`a store of one's own is asked by path: ${where}`, async () => {
    const paths = await asked((url) => Promise.resolve(setting(url)));
    assert.equal(paths.at(-1), "/tweets/k");
    assert.ok(paths.every((path) => path.startsWith("/tweets/")), paths.join());
  });
}

Deno.test("an address or a way to ask that cannot be used is named", async () => {
  const load = async (ini: string) => {
    const iniPath = await Deno.makeTempFile();
    try {
      await Deno.writeTextFile(iniPath, `[DEFAULT]\n${ini}\n`);
      return (await Settings.load({ env: {}, iniPath })).aws;
    } finally {
      await Deno.remove(iniPath);
    }
  };
  await assert.rejects(
    load("endpoint = minio:9000"),
    /endpoint in .* is "minio:9000", which is no/,
  );
  await assert.rejects(load("path_style = maybe"), /path_style in .* is "maybe"/);
  assert.equal((await load("path_style = False")).pathStyle, false);
  assert.equal((await load("")).pathStyle, undefined);
});
