import assert from "node:assert/strict";
import { join } from "node:path";
import { awsConfig, awsError } from "../../lib/base/aws.ts";
import { AccessError, OutsideError } from "../../lib/base/errors.ts";
import { S3Store } from "../../lib/store/s3/store.ts";
import { personEnv, shipped, SHIPPED_PERMISSIONS } from "../shipped.ts";

/** What the real program says with nothing but a profile of ~/.aws/config, as AWS's command line leaves it. */
async function said(config: string, profile: string, cache: Record<string, unknown> = {}) {
  const home = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const tokens = join(home, ".aws", "sso", "cache");
    await Deno.mkdir(tokens, { recursive: true });
    await Deno.writeTextFile(join(home, ".aws", "config"), config);
    for (const [name, token] of Object.entries(cache)) {
      await Deno.writeTextFile(join(tokens, name), JSON.stringify(token));
    }
    // It starts no program that would know the keys.
    const permissions = SHIPPED_PERMISSIONS.filter((flag) => !flag.startsWith("--allow-run"));
    const [deno = "", ...flags] = shipped(undefined, permissions);
    const { code, stderr } = await new Deno.Command(deno, {
      args: [...flags, ..."collection list --bucket s3://nobody".split(" ")],
      cwd: home,
      clearEnv: true,
      env: { ...personEnv(home), AWS_PROFILE: profile, AWS_EC2_METADATA_DISABLED: "true" },
    }).output();
    return { code, err: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const START = "https://example.awsapps.com/start";
const SSO = `[profile work]
region = eu-central-1
sso_start_url = ${START}
sso_region = eu-central-1
sso_account_id = 123456789012
sso_role_name = archivist
`;

Deno.test("where nobody has signed in by SSO, the command that does is shown with the profile, and the SDK's own words", async () => {
  const { code, err } = await said(SSO, "work");
  assert.equal(code, 1);
  assert.match(err, /^Error: Listing collections\/ in bucket nobody failed: you are not signed in/);
  assert.match(err, /The SSO session associated with this profile is invalid/);
  assert.match(err, /Sign in with: aws sso login --profile work\n$/);
});

Deno.test("a sign-in by SSO that is over says so, and how to sign in again", async () => {
  const token = { startUrl: START, accessToken: "x", expiresAt: "2020-01-01T00:00:00Z" };
  const sha1 = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(START));
  const name = `${new Uint8Array(sha1).toHex()}.json`;
  const { code, err } = await said(SSO, "work", { [name]: token });
  assert.equal(code, 1);
  assert.match(err, /The SSO session associated with this profile has expired/);
  assert.match(err, /Sign in with: aws sso login --profile work\n$/);
});

Deno.test("a profile without a region says how it gets one", async () => {
  const { code, err } = await said("[profile work]\n", "work");
  assert.equal(code, 1);
  assert.match(
    err,
    /no AWS region is set\. Set region in twarc_cloud\.ini, or AWS_REGION, .*aws configure set region eu-central-1 --profile work\n$/,
  );
});

for (
  const [name, says, hint] of [
    ["CredentialsProviderError", "Could not load credentials from any providers", /AWS_PROFILE/],
    [
      "CredentialsProviderError",
      "Profile work requires multi-factor authentication, but no MFA code callback was provided.",
      /AWS_PROFILE/,
    ],
    [
      "CredentialsProviderError",
      "The SSO session token associated with profile=work was not found or is invalid. To refresh this SSO session run 'aws sso login' with the corresponding profile.",
      /aws sso login/,
    ],
    [
      "CredentialsProviderError",
      "UnauthorizedException: Session token not found or invalid",
      /aws sso login/,
    ],
    [
      "CredentialsProviderError",
      "Failed to load token from /home/x/.aws/login/cache/1.json: Error: ENOENT",
      /Sign in with: aws login/,
    ],
    ["ExpiredTokenException", "The security token included in the request is expired", /sso login/],
    [
      "InvalidClientTokenId",
      "The security token included in the request is invalid.",
      /access_key/,
    ],
    [
      "AccessDenied",
      "User: x is not authorized to perform: sso:GetRoleCredentials on resource: y",
      /infra\/person\.tf/,
    ],
  ] as const
) {
  Deno.test(`credentials that fail keep the SDK's own sentence: ${says.slice(0, 60)}`, () => {
    const error = awsError(Object.assign(new Error(says), { name }), "Reading x");
    assert.ok(error instanceof AccessError);
    assert.ok(error.message.includes(says.replace(/\.$/, "")), error.message);
    assert.match(error.hint ?? "", hint);
  });
}

for (
  const [code, says, shown] of [
    [
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      "unable to verify the first certificate",
      /AWS cannot be reached \(the certificate of the address is not trusted here .*DENO_CERT.*DENO_TLS_CA_STORE=system/,
    ],
    ["ENOTFOUND", "getaddrinfo ENOTFOUND s3.invalid", /\(the name s3\.invalid is not found/],
    ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:81", /\(127\.0\.0\.1:81 refuses/],
  ] as const
) {
  Deno.test(`why AWS is not reached is in the line: ${code}`, () => {
    const error = awsError(Object.assign(new Error(says), { code }), "Reading x");
    assert.ok(error instanceof OutsideError);
    assert.match(error.message, shown);
  });
}

Deno.test("keys that are good for a while are signed with their token", () => {
  const { credentials } = awsConfig({ accessKey: "a", secretKey: "b", sessionToken: "c" });
  assert.deepEqual(credentials, { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" });
});

for (const status of [301, 308]) {
  Deno.test(`a store that has moved for good (${status}) is named, with what to set`, async () => {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    const server = Deno.serve(options, () =>
      new Response("<html>Moved</html>", {
        status,
        headers: { location: "https://s3.new.example/bucket/x?secret=1" },
      }));
    const store = new S3Store("bucket", {
      region: "us-east-1",
      accessKey: "a",
      secretKey: "b",
      endpoint: `http://127.0.0.1:${server.addr.port}`,
    });
    try {
      await assert.rejects(store.get("x"), (error) => {
        assert.ok(error instanceof AccessError);
        assert.match(
          error.message,
          /it has moved for good to https:\/\/s3\.new\.example\/bucket\/x$/,
        );
        assert.match(
          error.hint ?? "",
          /set AWS_ENDPOINT_URL=https:\/\/s3\.new\.example in place of/,
        );
        return true;
      });
    } finally {
      store.close();
      await server.shutdown();
    }
  });
}
