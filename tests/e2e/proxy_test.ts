import assert from "node:assert/strict";
import { request as send } from "node:http";
import { createServer, type Server } from "node:https";
import { startHttpProxy } from "../peers/http_proxy.ts";
import { AUTHORITY, SIGNED } from "../peers/certificates.ts";
import { type Moto, MOTO_REGION, sharedMoto } from "../peers/moto.ts";
import { inPlace, type Place } from "./program.ts";

const POST = { id: "1900000000000000000", text: "a", author_id: "7" };
const PAGE = { data: [POST], meta: { newest_id: POST.id, oldest_id: POST.id, result_count: 1 } };
const SEARCH = { id: "find", type: "search", api: "2", search: { query: "a" } };

/** An API and a store as they are outside: by TLS, and by names that only the company's proxy knows. */
interface Outside {
  moto: Moto;
  port: number;
}

let outside: Outside;
let server: Server;
Deno.test.beforeAll(async () => {
  const moto = await sharedMoto();
  server = createServer(SIGNED, (request, response) => {
    if (request.headers.host === "api.example") {
      response.setHeader("content-type", "application/json");
      return void response.end(JSON.stringify(PAGE));
    }
    const { method } = request;
    // Moto takes the first part of a name for a bucket.
    const headers = { ...request.headers, host: new URL(moto.url).host };
    const passed = send(new URL(request.url ?? "", moto.url), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  outside = { moto, port: typeof address === "object" && address ? address.port : 0 };
});
Deno.test.afterAll(async () => {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
  await outside.moto.close();
});

/** A place whose API and bucket are outside. */
async function behindProxy(use: (place: Place) => Promise<void>): Promise<void> {
  const { moto } = outside;
  await moto.reset();
  const bucket = await fetch(`${moto.url}/tweets`, {
    method: "PUT",
    body:
      `<CreateBucketConfiguration><LocationConstraint>${MOTO_REGION}</LocationConstraint></CreateBucketConfiguration>`,
  });
  assert.equal(bucket.status, 200, await bucket.text());
  await inPlace(async (place) => {
    await Deno.writeTextFile(place.path("company.pem"), AUTHORITY);
    Object.assign(place.env, moto.env, {
      AWS_ENDPOINT_URL: "https://s3.example",
      TWITTER_API_URL: "https://api.example",
    });
    await Deno.writeTextFile(place.path("twarc_cloud.ini"), "[DEFAULT]\nbucket = tweets\n");
    await place.writeJson("collection.json", { ...SEARCH, keys: { bearer_token: "b" } });
    await use(place);
  });
}

Deno.test("the API and the store are asked through the company's proxy, with its login and certificates", () =>
  behindProxy(async (place) => {
    const ports = { "s3.example": outside.port, "api.example": outside.port };
    const proxy = await startHttpProxy({ login: "me:password", ports });
    try {
      Object.assign(place.env, { https_proxy: proxy.url, DENO_CERT: place.path("company.pem") });
      await place.ok("collection", "add");
      const { code, err } = await place.run("harvest", "run", "--shutdown", "--port", "0", "find");
      assert.equal(code, 0, err);
      const last = JSON.parse(await place.ok("harvest", "last", "find", "--json"));
      assert.deepEqual([last.tweets, last.outcome], [1, "complete"]);
      const asked = new Set(proxy.asked.filter((one) => one.includes(".example")));
      assert.deepEqual([...asked].toSorted(), [
        "CONNECT api.example:443",
        "CONNECT s3.example:443",
      ]);
    } finally {
      await proxy.close();
    }
  }));

for (const name of ["DENO_CERT", "NODE_EXTRA_CA_CERTS", "AWS_CA_BUNDLE"]) {
  Deno.test(`a store whose certificate a company has signed is read with ${name}, also beside others`, () =>
    behindProxy(async (place) => {
      const endpoint = `https://127.0.0.1:${outside.port}`;
      Object.assign(place.env, { AWS_ENDPOINT_URL: endpoint, AWS_MAX_ATTEMPTS: "1" });
      const list = () => place.run("collection", "list", "--bucket", "s3://tweets");
      if (name === "DENO_CERT") {
        const { code, err } = await list();
        assert.equal(code, 3);
        assert.match(
          err,
          /is not trusted here .*set DENO_CERT to the file.*DENO_TLS_CA_STORE=system/,
        );
      }
      place.env[name] = place.path("company.pem");
      // What is set for another program does not get in the way.
      if (name === "DENO_CERT") place.env.NODE_EXTRA_CA_CERTS = place.path("other.pem");
      await Deno.writeTextFile(place.path("other.pem"), "");
      const { code, err } = await list();
      assert.equal(code, 0, err);
    }));
}

Deno.test("an AWS_CA_BUNDLE that is no file of certificates is said so", () =>
  behindProxy(async (place) => {
    place.env.AWS_CA_BUNDLE = place.path("nowhere.pem");
    const { code, err } = await place.run("collection", "list");
    assert.equal(code, 1);
    assert.match(
      err,
      /^Error: AWS_CA_BUNDLE names .*nowhere\.pem, which cannot be read: .*DENO_CERT.*\n$/,
    );
  }));

Deno.test("a proxy that refuses is named, and its password is not", () =>
  behindProxy(async (place) => {
    const proxy = await startHttpProxy({ login: "me:password" });
    await proxy.close();
    const login = proxy.url.replace("password", "topsecret");
    Object.assign(place.env, { HTTPS_PROXY: login, AWS_MAX_ATTEMPTS: "1" });
    const { code, err } = await place.run("collection", "list");
    assert.equal(code, 3);
    const host = new URL(proxy.url).host;
    assert.match(
      err,
      new RegExp(
        `^Error: Listing collections/ in bucket tweets failed: AWS cannot be reached \\(${host} refuses`,
      ),
    );
    assert.match(err, new RegExp(`HTTPS_PROXY names the proxy ${host}`));
    assert.doesNotMatch(err, /topsecret/);
  }));

Deno.test("a proxy that wants a login, and one that is no address, are said in one line", () =>
  behindProxy(async (place) => {
    const proxy = await startHttpProxy({ login: "me:password" });
    try {
      place.env.HTTPS_PROXY = proxy.url.replace("me:password@", "");
      const { code, err } = await place.run("collection", "list");
      assert.equal(code, 3);
      assert.match(
        err,
        /the proxy requires authentication: put a user and password into its address/,
      );
    } finally {
      await proxy.close();
    }
    place.env.HTTPS_PROXY = "proxy example:1";
    const { code, err } = await place.run("collection", "list");
    assert.equal(code, 1);
    assert.match(
      err,
      /^Error: HTTPS_PROXY is not a valid proxy address\. Set it to something like .*\n$/,
    );
  }));

Deno.test("what harvesters are told goes through no proxy, wherever they are", async () => {
  const script = `import { askedDirectly } from "${new URL(
    "../../lib/base/direct.ts",
    import.meta.url,
  )}";
    const url = new URL("http://0.0.0.0:" + Deno.args[0]);
    const { signal } = new AbortController();
    const answer = await askedDirectly(url, { headers: { authorization: "Bearer token" }, signal });
    Deno.stdout.writeSync(new TextEncoder().encode(await answer.text()));`;
  const proxy = await startHttpProxy();
  const options = { hostname: "0.0.0.0", port: 0, onListen: () => {} };
  const harvester = Deno.serve(options, () => new Response("stopping"));
  try {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", script, `${harvester.addr.port}`],
      env: { HTTP_PROXY: proxy.url, http_proxy: proxy.url, NO_PROXY: "", no_proxy: "" },
    }).output();
    assert.equal(new TextDecoder().decode(stdout), "stopping", new TextDecoder().decode(stderr));
    assert.deepEqual(proxy.asked.filter((one) => one.includes("0.0.0.0")), []);
  } finally {
    await harvester.shutdown();
    await proxy.close();
  }
});

Deno.test("a store by plain HTTP is asked through HTTP_PROXY, and what is in NO_PROXY without", () =>
  behindProxy(async (place) => {
    const motoPort = Number(new URL(outside.moto.url).port);
    const proxy = await startHttpProxy({ ports: { "s3.example": motoPort } });
    try {
      Object.assign(place.env, { AWS_ENDPOINT_URL: "http://s3.example", HTTP_PROXY: proxy.url });
      assert.equal(await place.ok("collection", "list"), "No collections.\n");
      assert.match(proxy.asked[0] ?? "", /^GET http:\/\/s3\.example\/tweets/);
      const asked = proxy.asked.length;
      // This machine is asked by no proxy.
      place.env.AWS_ENDPOINT_URL = outside.moto.url;
      assert.equal(await place.ok("collection", "list"), "No collections.\n");
      assert.equal(proxy.asked.length, asked);
      Object.assign(place.env, { AWS_ENDPOINT_URL: "http://s3.example", NO_PROXY: ".example" });
      const { code, err } = await place.run("collection", "list");
      assert.equal(code, 3);
      assert.match(err, /the name s3\.example is not found/);
      assert.equal(proxy.asked.length, asked);
    } finally {
      await proxy.close();
    }
  }));
