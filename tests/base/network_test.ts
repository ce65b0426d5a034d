import assert from "node:assert/strict";
import { createServer } from "node:https";
import { createServer as plain } from "node:net";
import { networkReason } from "../../lib/base/network.ts";
import { type Certificate, EXPIRED, SIGNED } from "../peers/certificates.ts";

/** Why fetch fails. */
async function reason(url: string): Promise<string> {
  const failure = await fetch(url).then(() => assert.fail("it worked"), (error) => error);
  return networkReason(failure);
}

/** What is said where a server shows a certificate. */
async function shown({ key, cert }: Certificate, host = "127.0.0.1"): Promise<string> {
  const server = createServer({ key, cert }, (_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  try {
    return (await reason(`https://${host}:${port}/2/users?key=secret`)).replaceAll(`:${port}`, "");
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

Deno.test("a certificate that nobody here knows is named, with what makes a company's one trusted", async () => {
  assert.equal(
    await shown(SIGNED),
    "the certificate of 127.0.0.1 is not trusted here (UnknownIssuer); where it is a company's own, set " +
      "DENO_CERT to the file (PEM) of the company's authority, or DENO_TLS_CA_STORE=system where this machine " +
      "trusts it already",
  );
});

Deno.test("a certificate that is over points to the clock as well", async () => {
  assert.match(
    await shown(EXPIRED),
    /^the certificate of 127\.0\.0\.1 has expired, or this machine's clock is wrong/,
  );
});

Deno.test("a name that is not found, and an address that refuses, are said by name", async () => {
  assert.match(
    await reason("http://nobody.invalid/2/users?token=secret"),
    /^the name nobody\.invalid is not found \(DNS: [^()]+\)$/,
  );
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  assert.equal(await reason(`http://127.0.0.1:${port}/`), `127.0.0.1:${port} refuses connections`);
});

Deno.test("a connection that is closed says so, and no address with what it was asked for", async () => {
  const server = plain((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const said = await reason(`http://127.0.0.1:${port}/?token=secret`);
  await new Promise((resolve) => server.close(resolve));
  assert.match(said, /^connection (closed|reset)|^Connection reset/);
  assert.doesNotMatch(said, /secret/);
});

for (
  const [said, code, means] of [
    [
      "unable to verify the first certificate",
      "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
      /not trusted here.*DENO_CERT/,
    ],
    [
      "self-signed certificate in certificate chain",
      "SELF_SIGNED_CERT_IN_CHAIN",
      /not trusted here.*DENO_TLS_CA_STORE=system/,
    ],
    [
      "getaddrinfo ENOTFOUND s3.invalid",
      "ENOTFOUND",
      /^the name s3\.invalid is not found \(DNS: ENOTFOUND\)$/,
    ],
    ["connect ECONNREFUSED 127.0.0.1:81", "ECONNREFUSED", /^127\.0\.0\.1:81 refuses connections$/],
    [
      "Failed to establish tunnel to s3.invalid:443 over http://proxy:1: HTTP/1.1 403 Forbidden",
      "ERR_PROXY_TUNNEL",
      /^the proxy does not connect to s3\.invalid:443 \(403\)/,
    ],
    [
      "Failed to establish tunnel to s3.invalid:443 over http://proxy:1: HTTP/1.1 407 Proxy Authentication Required",
      "ERR_PROXY_TUNNEL",
      /^the proxy requires authentication/,
    ],
    [
      "write EPROTO 40E7:error:0A00010B:SSL routines:ssl3_get_record:wrong version number",
      "EPROTO",
      /answers without TLS/,
    ],
    ["write EPIPE to http://me:password@proxy:1/", "EPIPE", /^write EPIPE to http:\/\/proxy:1\/$/],
  ] as const
) {
  Deno.test(`what Node.js says as ${code} (${said.slice(0, 40)}) is said for a person`, () => {
    assert.match(networkReason(Object.assign(new Error(said), { code })), means);
  });
}

Deno.test("what is no failure of the network is as it was said", () => {
  const text = "The certificate of attendance was refused: connection refused";
  assert.equal(networkReason(new Error(text)), text);
});
