import assert from "node:assert/strict";
import { UserError } from "../../lib/base/errors.ts";
import { Settings } from "../../lib/base/settings.ts";

/** As the documents of the Python original have it. */
const ORIGINAL = `[DEFAULT]
bucket = twarc-cloud
subnet = subnet-0a1b
security_group = sg-0a1b
task_role_arn = arn:aws:iam::1:role/task
task_execution_role_arn = arn:aws:iam::1:role/execution
event_role_arn = arn:aws:iam::1:role/event
cluster = twarc-cloud-cluster
log_group = twarc-cloud-container
image_tag = latest
access_key = AKIA
secret_key = a+b/c=
honeybadger_key =
`;

async function withIni(text: string, use: (iniPath: string) => Promise<void>): Promise<void> {
  const iniPath = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(iniPath, text);
    await use(iniPath);
  } finally {
    await Deno.remove(iniPath);
  }
}

Deno.test("an ini of the original works unchanged, and a flag goes before it", () =>
  withIni(ORIGINAL, async (iniPath) => {
    const settings = await Settings.load({ env: {}, iniPath });
    assert.equal(settings.bucket.name, "twarc-cloud");
    assert.deepEqual(settings.unknown, []);
    assert.equal(settings.require("secret_key"), "a+b/c=");
    assert.equal(settings.get("honeybadger_key"), undefined);
    assert.equal(
      (await Settings.load({ bucket: "./mine", env: {}, iniPath })).bucket.text,
      "./mine",
    );
  }));

Deno.test("with neither flag nor ini the bucket is a folder", async () => {
  const settings = await Settings.load({ env: {}, iniPath: "/nowhere/twarc_cloud.ini" });
  assert.equal(settings.bucket.text, "./twarc-cloud-data");
  assert.throws(() => settings.require("subnet"), (error) => {
    assert.ok(error instanceof UserError);
    assert.match(`${error.message} ${error.hint}`, /subnet is not set.*\[DEFAULT\].*Terraform/);
    return true;
  });
});

Deno.test("an ini that cannot be used is named", async () => {
  await withIni(
    "bucket = x\n",
    (iniPath) => assert.rejects(Settings.load({ env: {}, iniPath }), /no section \[DEFAULT\]/),
  );
  await withIni(
    "[DEFAULT]\nbucket = <your bucket>\n",
    (iniPath) =>
      assert.rejects(Settings.load({ env: {}, iniPath }), /bucket in .* is still <your bucket>/),
  );
  await withIni(
    "[DEFAULT]\nsubnet = subnet-<id>\n",
    (iniPath) => assert.rejects(Settings.load({ env: {}, iniPath }), /subnet in .* is still/),
  );
  for (const wrong of ["[DEFAULT]\nbucket x\n", "[DEFAULT]\nbucket: x\n", "\n[DEFAULT\n"]) {
    await withIni(
      wrong,
      (iniPath) =>
        assert.rejects(
          Settings.load({ env: {}, iniPath }),
          /^UserError: Line 2 of .* is not a setting/,
        ),
    );
  }
});

Deno.test("comments, a byte order mark and words that mean something elsewhere are read as written", async () => {
  const load = async (text: string) => {
    let found = "";
    await withIni(text, async (iniPath) => {
      found = (await Settings.load({ env: {}, iniPath })).bucket.text;
    });
    return found;
  };
  assert.equal(await load("\ufeff[DEFAULT]\r\n# mine\r\nbucket = xyz\r\n"), "xyz");
  assert.equal(await load("[DEFAULT]\nbucket = true\n"), "true");
  assert.equal(await load("# nothing yet\n"), "./twarc-cloud-data");
});

Deno.test("the address of the API comes from the environment, and has to be one", async () => {
  const load = (TWITTER_API_URL: string) =>
    Settings.load({ env: { TWITTER_API_URL }, iniPath: "/nowhere" });
  assert.equal((await load("http://127.0.0.1:8080")).twitterApiUrl?.href, "http://127.0.0.1:8080/");
  assert.equal((await load("")).twitterApiUrl, undefined);
  for (const wrong of ["localhost:80", "ftp://x", "x", "https://x/y", "https://a:b@x"]) {
    await assert.rejects(load(wrong), UserError);
  }
});

const KEYS_INI =
  "[DEFAULT]\nregion = us-east-1\naccess_key = AKIA\nsecret_key = s\nsession_token = t\n";
const NOBODYS = { accessKey: undefined, secretKey: undefined, sessionToken: undefined };
const INIS = { accessKey: "AKIA", secretKey: "s", sessionToken: "t" };

for (
  const [env, region, keys] of [
    [{}, "us-east-1", INIS],
    [{ AWS_REGION: "eu-west-1" }, "eu-west-1", INIS],
    [{ AWS_DEFAULT_REGION: "eu-west-1" }, "eu-west-1", INIS],
    [{ AWS_PROFILE: "new" }, "us-east-1", NOBODYS],
    [{ AWS_ACCESS_KEY_ID: "AKIANEW" }, "us-east-1", NOBODYS],
    [{ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/x" }, "us-east-1", NOBODYS],
    [{ AWS_WEB_IDENTITY_TOKEN_FILE: "/x" }, "us-east-1", NOBODYS],
    [{ AWS_PROFILE: "" }, "us-east-1", INIS],
  ] as const
) {
  Deno.test(`the environment goes before the ini: ${JSON.stringify(env)}`, () =>
    withIni(KEYS_INI, async (iniPath) => {
      const { aws } = await Settings.load({ env, iniPath });
      const nowhere = { endpoint: undefined, storeEndpoint: undefined, pathStyle: undefined };
      assert.deepEqual(aws, { region, ...nowhere, ...keys });
    }));
}

for (
  const [given, lacks] of [
    ["access_key = a", /has access_key but no secret_key/],
    ["secret_key = a", /has secret_key but no access_key/],
    ["session_token = a", /has session_token but no access_key and secret_key/],
  ] as const
) {
  Deno.test(`half a pair of keys is refused: ${given}`, () =>
    withIni(`[DEFAULT]\n${given}\n`, async (iniPath) => {
      await assert.rejects(Settings.load({ env: {}, iniPath }), (error) => {
        assert.ok(error instanceof UserError);
        assert.match(error.message, lacks);
        return true;
      });
    }));
}

Deno.test("harvesters run where the installation says: on ECS with a cluster, here without, those of a folder here", async () => {
  const kind = async (bucket: string, text: string) => {
    let found = "";
    await withIni(`[DEFAULT]\n${text}\n`, async (iniPath) => {
      found = (await Settings.load({ bucket, env: {}, iniPath })).runner;
    });
    return found;
  };
  assert.equal(await kind("news", ""), "local");
  assert.equal(await kind("news", "cluster = c"), "ecs");
  assert.equal(await kind("news", "runner = ecs"), "ecs");
  assert.equal(await kind("news", "cluster = c\nrunner = local"), "local");
  assert.equal(await kind("./news", "cluster = c"), "local");
  await assert.rejects(kind("news", "runner = kubernetes"), {
    message: 'runner in twarc_cloud.ini is "kubernetes"',
    hint: "Set it to ecs or local.",
  });
});

Deno.test("an ini of the original's Terraform is known by its roles, and what it lacks leads to docs/moving.md", async () => {
  const named = (task: string, event: string) =>
    ORIGINAL.replace("role/task", `role/${task}`).replace("role/event", `role/${event}`);
  await withIni(named("twarc-cloud-ecs-task-role", "twarc-cloud-event-role"), async (iniPath) => {
    const settings = await Settings.load({ env: {}, iniPath });
    assert.equal(settings.isOriginal, true);
    assert.throws(() => settings.require("image"), (error) => {
      assert.ok(error instanceof UserError);
      return /^This is the environment of the Python original: .*docs\/moving\.md/.test(
        error.hint ?? "",
      );
    });
  });
  await withIni(named("twarc-cloud-task", "twarc-cloud-scheduler"), async (iniPath) => {
    const settings = await Settings.load({ env: {}, iniPath });
    assert.equal(settings.isOriginal, false);
    assert.throws(() => settings.require("image"), /image is not set/);
  });
});

Deno.test("section [citation] is read as it stands, with what begins a comment elsewhere, and does without [DEFAULT]", async () => {
  const text = '# ours\n[citation]\ntitle = "#marmots; a corpus"\ncreators = A, B; C\nyear =\n';
  const wanted = { title: "#marmots; a corpus", creators: "A, B; C" };
  for (const ini of [text, text.replace("[DEFAULT]\n", ""), `[DEFAULT]\nbucket = ./b\n${text}`]) {
    await withIni(ini.replace(/\[DEFAULT\]\n$/, ""), async (iniPath) => {
      assert.deepEqual((await Settings.load({ env: {}, iniPath })).citation, wanted);
    });
  }
  await withIni("[DEFAULT]\nbucket = ./b\n", async (iniPath) => {
    assert.deepEqual((await Settings.load({ env: {}, iniPath })).citation, {});
  });
});
